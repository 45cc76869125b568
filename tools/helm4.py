"""Render the charts with Helm 4, too, and fail where that differs from the golden renders, which Helm 3 made.

Helm 4 is built from its Go module, once, which takes some minutes; so this is a target of its own.
"""

from __future__ import annotations

import sys
from functools import partial

from tools import generate_goldens, go_tools
from tools.outputs import run


def main() -> int:
    """Build Helm 4 and compare; say so and return 0 where this machine can't build it."""
    try:
        program = go_tools.build("helm4")
    except go_tools.UnavailableError as error:
        print(f"not run here: {error}")
        return 0
    status = run([partial(generate_goldens.make, program)], ["--check"])
    print(f"Helm 4: {'the charts render otherwise' if status else 'the charts render as with Helm 3'}")
    return status


if __name__ == "__main__":
    sys.exit(main())
