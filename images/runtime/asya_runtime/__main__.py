"""Starts the runtime: `python3 /opt/asya/asya_runtime`, from a folder that nobody put on `sys.path`."""

from __future__ import annotations

import os
import sys


def main() -> int:
    """Serve the handler that the environment names; return the exit code, of the supervisor and of each worker.

    Our own modules are imported before the working directory comes first on `sys.path`, so that a user's file can't
    hide a module of the standard library from them. It comes there in workers alone.
    """
    package = os.path.dirname(os.path.abspath(__file__))
    ours, here = os.path.dirname(package), os.getcwd()
    others = [entry for entry in sys.path if os.path.abspath(entry) not in (package, ours, here)]
    sys.path[:] = [*others, ours]
    from asya_runtime.supervisor import supervise
    from asya_runtime.worker import work  # before the fork: both processes then share its memory, and others start fast

    outcome = supervise(os.environ)
    if isinstance(outcome, int):
        return outcome
    sys.path.insert(0, here)
    settings, post = outcome
    return work(settings, post, os.environ)


if __name__ == "__main__":
    sys.exit(main())
