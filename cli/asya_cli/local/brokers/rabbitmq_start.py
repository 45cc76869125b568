"""Becomes a RabbitMQ server that has an epmd of its own: `python -m asya_cli.local.brokers.rabbitmq_start EPMD SERVER`.

Erlang would start an epmd that outlives every node. This one is a child of the server, in its process group, and ends
with it, however that ends. Its port comes from ERL_EPMD_PORT.
"""

from __future__ import annotations

import os
import socket
import sys
import time
from collections.abc import Sequence

from asya_cli.local.orphans import killed_with_parent

_PATIENCE = 10.0
_INTERVAL = 0.02
_NOT_FOUND = 127


def main(arguments: Sequence[str]) -> None:
    """Start epmd, wait for it, and become the server. Raises SystemExit when epmd does not start."""
    epmd, server = arguments
    port = os.environ["ERL_EPMD_PORT"]
    if not _listens(_start(epmd, port), int(port)):
        sys.exit(f"error: epmd did not start on port {port}; another program may have taken it; try again")
    os.execv(server, [server])


def _start(epmd: str, port: str) -> int:
    prepare = killed_with_parent()
    pid = os.fork()
    if pid == 0:
        try:
            prepare()
            os.execv(epmd, [epmd, "-port", port, "-address", "127.0.0.1"])
        finally:
            os._exit(_NOT_FOUND)
    return pid


def _listens(pid: int, port: int) -> bool:
    """Wait until somebody listens; tell whether that came before the process ended, and in time."""
    until = time.monotonic() + _PATIENCE
    while os.waitpid(pid, os.WNOHANG) == (0, 0) and time.monotonic() < until:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return True
        time.sleep(_INTERVAL)
    return False


if __name__ == "__main__":
    main(sys.argv[1:])
