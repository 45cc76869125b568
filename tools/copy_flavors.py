"""Copy the flavors into their charts, so that whoever pulled one, and Argo CD's valueFiles, reach them."""

from __future__ import annotations

import sys
from collections.abc import Iterator

from tools.flavors import CHARTS, read_flavors
from tools.outputs import ROOT, Output, run


def make() -> Iterator[Output]:
    """Yield the copy of each chart."""
    flavors = read_flavors()
    for chart in CHARTS:
        files = {f"{flavor.name}.yaml": flavor.text for flavor in flavors if flavor.chart == chart}
        yield Output(ROOT / "charts" / chart / "flavors", "*.yaml", files)


if __name__ == "__main__":
    sys.exit(run([make]))
