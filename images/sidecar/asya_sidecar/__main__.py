"""`python -m asya_sidecar`: can be told to stop from its first instruction on."""

from __future__ import annotations

import importlib
import os
import signal
import sys


def main() -> int:
    """Run the sidecar; return the exit code.

    The kernel ignores signals that process 1 of a container has no handler for, and importing takes a third of a
    second. So there is a handler first, and everything else is imported after it.
    """
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda number, _frame: os._exit(128 + number))
    code: int = importlib.import_module("asya_sidecar.start").main()
    return code


if __name__ == "__main__":
    code = main()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)  # a thread that still talks to a store is not waited for, and does not see the interpreter go
