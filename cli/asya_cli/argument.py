"""JSON that a person gives on the command line: itself, a file, or stdin."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import BinaryIO

from asya_cli.errors import MisuseError

STDIN = "-"

_SHOWN = 60  # characters of a mistaken argument


def read_json(given: str, stdin: BinaryIO | None = None) -> bytes:
    """Return the bytes of the JSON that `given` stands for: JSON, `@file`, a file's path, or `-` for stdin.

    What begins like JSON is taken for it; their content is not checked further. Raises MisuseError when it is none of
    these.
    """
    if given == STDIN:
        return _checked((stdin or sys.stdin.buffer).read(), "stdin")
    if given.startswith("@"):
        return _checked(_file(Path(given[1:]), given), given[1:])
    try:
        json.loads(given)
    except (ValueError, RecursionError) as error:
        file = Path(given)
        if _is_file(file):
            return _checked(_file(file, given), given)
        raise MisuseError(f"{_short(given)} is neither JSON nor a file ({error}); {_remedy(given)}") from None
    return given.encode()


def read_text(given: str, stdin: BinaryIO | None = None) -> bytes:
    """Return the content of a file (`FILE` or `@FILE`), or of stdin for `-`. Raises MisuseError."""
    if given == STDIN:
        return (stdin or sys.stdin.buffer).read()
    return _file(Path(given.removeprefix("@")), given)


def _checked(content: bytes, origin: str) -> bytes:
    try:
        json.loads(content)
    except (ValueError, RecursionError) as error:
        raise MisuseError(f"{origin} holds no JSON ({error}); correct it") from None
    return content


def _file(file: Path, given: str) -> bytes:
    try:
        return file.read_bytes()
    except OSError as error:
        raise MisuseError(f"can't read {given}; {error.strerror}; check the path") from None


def _is_file(file: Path) -> bool:
    try:
        return file.is_file()
    except (OSError, ValueError):  # too long for a name, or with a null byte
        return False


def _short(given: str) -> str:
    return repr(given if len(given) <= _SHOWN else f"{given[:_SHOWN]}...")


def _remedy(given: str) -> str:
    if given.startswith(("{", "[")):
        return "write names and texts in double quotes, and the whole in single quotes"
    return f"write a text as '\"{given[:20]}\"', or give @file"
