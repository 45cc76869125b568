"""Copy the runtime's files into the chart, which mounts them into images that lack them."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

from tools.outputs import ROOT, GenerateError, Output, run

SOURCE = ROOT / "images" / "runtime" / "asya_runtime"
TARGET = ROOT / "charts" / "actor" / "files" / "asya_runtime"
LARGEST = 128 * 1024
"""Bytes. A release is stored in one object of at most 1 MiB, templates and rendered ConfigMap included."""


def make(source: Path = SOURCE, target: Path = TARGET) -> Iterator[Output]:
    """Yield the copy. Raises GenerateError when the files are missing, too large, or not in one flat folder."""
    files = {path.name: path.read_text(encoding="utf-8") for path in sorted(source.glob("*.py"))}
    if not files:
        raise GenerateError(f"{source} holds no runtime to copy")
    if nested := sorted(path.relative_to(source) for path in source.glob("*/**/*.py")):
        raise GenerateError(f"{nested[0]} is in a folder of the runtime; the chart mounts single files, so move it up")
    size = sum(len(text.encode()) for text in files.values())
    if size >= LARGEST:
        raise GenerateError(f"the runtime has {size} bytes, over the {LARGEST} that a ConfigMap may take; shorten it")
    yield Output(target, "*.py", files)


if __name__ == "__main__":
    sys.exit(run([make]))
