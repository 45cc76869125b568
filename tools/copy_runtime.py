"""Copy the runtime's files into the chart, which mounts them into images that lack them.

The copy goes without docstrings and comments, a fifth of the text, since there is a limit to it. Line numbers stay as
they are.
"""

from __future__ import annotations

import ast
import io
import sys
import tokenize
from collections.abc import Iterator
from pathlib import Path

from tools.outputs import ROOT, GenerateError, Output, run

SOURCE = ROOT / "images" / "runtime" / "asya_runtime"
TARGET = ROOT / "charts" / "actor" / "files" / "asya_runtime"
WITH_DOCSTRING = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
LARGEST = 128 * 1024
"""Bytes. A release is stored in one object of at most 1 MiB, templates and rendered ConfigMap included."""


def make(source: Path = SOURCE, target: Path = TARGET) -> Iterator[Output]:
    """Yield the copy. Raises GenerateError when the files are missing, too large, or not in one flat folder."""
    files = {path.name: without_words(path.read_text(encoding="utf-8")) for path in sorted(source.glob("*.py"))}
    if not files:
        raise GenerateError(f"{source} holds no runtime to copy")
    if nested := sorted(path.relative_to(source) for path in source.glob("*/**/*.py")):
        raise GenerateError(f"{nested[0]} is in a folder of the runtime; the chart mounts single files, so move it up")
    size = sum(len(text.encode()) for text in files.values())
    if size >= LARGEST:
        raise GenerateError(f"the runtime has {size} bytes, over the {LARGEST} that a ConfigMap may take; shorten it")
    yield Output(target, "*.py", files)


def without_words(text: str) -> str:
    """Return a module's text without comments, and with an empty line for each line of a docstring."""
    lines = text.split("\n")
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type == tokenize.COMMENT:
            row, column = token.start
            lines[row - 1] = lines[row - 1][:column].rstrip()
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, WITH_DOCSTRING) and ast.get_docstring(node, clean=False) is not None:
            docstring = node.body[0]
            last = docstring.end_lineno or docstring.lineno
            lines[docstring.lineno - 1 : last] = [""] * (last - docstring.lineno + 1)
            if len(node.body) == 1:
                lines[docstring.lineno - 1] = " " * docstring.col_offset + "..."
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(run([make]))
