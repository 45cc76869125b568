"""The manifests that a command line names: files, folders of them, and stdin."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from asya_cli.argument import STDIN, read_text
from asya_cli.convert.documents import Manifest, read_manifests
from asya_cli.errors import MisuseError


@dataclass(slots=True)
class Sources:
    """What was read: the manifests, what else lay between them, and the files they came from (none for stdin)."""

    manifests: list[Manifest] = field(default_factory=list)
    others: list[str] = field(default_factory=list)
    files: list[Path] = field(default_factory=list)


def read_sources(given: Sequence[str]) -> Sources:
    """Read every file that is named, and every YAML file below a folder that is.

    In a folder there may be files without AsyncActors; a file that is named has to hold one. Raises MisuseError for
    what can't be read, and where there is no AsyncActor at all.
    """
    sources = Sources()
    for each in given:
        if Path(each).is_dir():
            _read_folder(Path(each), sources)
        else:
            sources.files += [] if each == STDIN else [Path(each)]
            _add(read_manifests(_text(each), "stdin" if each == STDIN else each), sources)
    return sources


def _read_folder(folder: Path, sources: Sources) -> None:
    before = len(sources.manifests)
    for file in _yaml_files(folder):
        sources.files.append(file)
        _add(read_manifests(_text(str(file)), str(file), may_be_none=True), sources)
    if len(sources.manifests) == before:
        raise MisuseError(f"no file below {folder} holds an AsyncActor; check the path")


def _add(read: tuple[list[Manifest], list[str]], sources: Sources) -> None:
    sources.manifests += read[0]
    sources.others += [other for other in read[1] if other not in sources.others]


def _yaml_files(folder: Path) -> Iterator[Path]:
    yield from sorted(file for file in folder.rglob("*") if file.suffix in (".yaml", ".yml") and file.is_file())


def _text(given: str) -> str:
    try:
        return read_text(given).decode()
    except UnicodeDecodeError:
        raise MisuseError(f"{'stdin' if given == STDIN else given} is no text in UTF-8; give a YAML file") from None
