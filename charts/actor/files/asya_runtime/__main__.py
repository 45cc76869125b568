"""Starts the runtime: `python3 /opt/asya/asya_runtime`, where the folder need not be a package on `sys.path`."""

from __future__ import annotations

import os
import sys


def main() -> int:
    """Serve the handler that the environment names; return the exit code."""
    _put_own_folder_last()
    from asya_runtime.serve import run

    return run(os.environ)


def _put_own_folder_last() -> None:
    """Order `sys.path`: the image's working directory first, ours last, and never the inside of the package.

    Our own modules are imported before the user's folder can hide a module of the standard library from them.
    """
    package = os.path.dirname(os.path.abspath(__file__))
    ours = os.path.dirname(package)
    rest = [entry for entry in sys.path if os.path.abspath(entry) not in (package, ours)]
    sys.path[:] = [*rest, ours]


if __name__ == "__main__":
    sys.exit(main())
