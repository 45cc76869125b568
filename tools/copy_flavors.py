"""Copy the flavors into the chart, so that whoever pulled it, and Argo CD's valueFiles, reach them."""

from __future__ import annotations

import sys
from collections.abc import Iterator

from tools.outputs import ROOT, Output, run

SOURCE = ROOT / "flavors"
TARGET = ROOT / "charts" / "actor" / "flavors"


def make() -> Iterator[Output]:
    """Yield the copy."""
    yield Output(TARGET, "*.yaml", {path.name: path.read_text(encoding="utf-8") for path in SOURCE.glob("*.yaml")})


if __name__ == "__main__":
    sys.exit(run([make]))
