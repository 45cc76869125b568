"""Files that are made from other files: written by `make generate`, compared by `make verify`."""

from __future__ import annotations

import argparse
import difflib
import sys
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


class GenerateError(Exception):
    """Something can't be generated; the text says what, why, and what to do."""


@dataclass(frozen=True, slots=True)
class Output:
    """The wanted content of a folder: names to texts of all files there that fit `pattern`; others are not ours."""

    folder: Path
    pattern: str
    files: dict[str, str]

    def present(self) -> dict[str, str]:
        """Return what is there now."""
        return {path.name: path.read_text(encoding="utf-8") for path in sorted(self.folder.glob(self.pattern))}

    def differences(self) -> list[str]:
        """Return a unified diff for each file that is not as wanted, from what is there to what is wanted."""
        present = self.present()
        names = sorted(present.keys() | self.files.keys())
        return [
            _diff(self.folder / name, present.get(name), self.files.get(name))
            for name in names
            if present.get(name) != self.files.get(name)
        ]

    def write(self) -> list[Path]:
        """Write what differs, remove what is not wanted, and return the paths of both."""
        present = self.present()
        changed = [name for name in present.keys() | self.files.keys() if present.get(name) != self.files.get(name)]
        self.folder.mkdir(parents=True, exist_ok=True)
        for name in changed:
            path = self.folder / name
            if name in self.files:
                path.write_text(self.files[name], encoding="utf-8")
            else:
                path.unlink()
        return sorted(self.folder / name for name in changed)


Maker = Callable[[], Iterable[Output]]


def run(makers: Iterable[Maker], argv: list[str] | None = None) -> int:
    """Run generators one after the other, each reading what those before it wrote; return the exit code.

    With `--check` nothing is written: a difference is printed as a diff, and the exit code is 1.
    """
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing; fail with a diff where a file is stale")
    check = parser.parse_args(argv).check
    try:
        stale = sum(_check(output) if check else _write(output) for make in makers for output in make())
    except GenerateError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    if check and stale:
        print(f"error: {stale} generated files are stale; run make generate and commit them", file=sys.stderr)
    return 1 if check and stale else 0


def _check(output: Output) -> int:
    differences = output.differences()
    for difference in differences:
        print(difference)
    return len(differences)


def _write(output: Output) -> int:
    changed = output.write()
    for path in changed:
        print(f"wrote {_shown(path)}" if path.exists() else f"removed {_shown(path)}")
    return len(changed)


def _diff(path: Path, present: str | None, wanted: str | None) -> str:
    lines = difflib.unified_diff(
        (present or "").splitlines(),
        (wanted or "").splitlines(),
        fromfile=f"{_shown(path)} (present)" if present is not None else "/dev/null",
        tofile=f"{_shown(path)} (wanted)" if wanted is not None else "/dev/null",
        lineterm="",
    )
    return "\n".join(lines)


def _shown(path: Path) -> str:
    return str(path.relative_to(ROOT)) if path.is_relative_to(ROOT) else str(path)
