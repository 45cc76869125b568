"""Writing converted actors into a folder: all of them or none, and nothing that is there is lost."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from asya_cli.convert.conversion import Conversion
from asya_cli.errors import CliError, MisuseError


def plan_files(conversions: Sequence[Conversion], folder: Path, sources: Sequence[Path], *, force: bool) -> list[Path]:
    """Return the file of each conversion, `<release>.yaml` in `folder`.

    Where two namespaces have an actor of one name, each namespace is a folder in it.

    Raises MisuseError where two would share a file, where one would replace one of `sources`, the manifests' own files,
    or where one is there and `force` does not allow to replace it.
    """
    shared = len({each.release for each in conversions}) < len(conversions)
    own = {source.resolve() for source in sources}
    files = [folder / (each.namespace if shared else "") / f"{each.release}.yaml" for each in conversions]
    for file, count in Counter(files).items():
        if count > 1:
            raise MisuseError(f"{count} manifests are called {file.stem}; convert them one by one, with --output")
        if file.resolve() in own:
            raise MisuseError(f"{file} is the manifest itself; choose another folder with --output")
        if file.exists() and not force:
            raise MisuseError(f"{file} is there already; choose another folder with --output, or give --force")
    return files


def write_files(texts: Sequence[tuple[Path, str]]) -> None:
    """Write each text into its file, folders included. Raises CliError where that can't be done."""
    for file, text in texts:
        try:
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text, encoding="utf-8")
        except OSError as error:
            raise CliError(f"can't write {file}; {error.strerror}; choose another folder with --output") from None
