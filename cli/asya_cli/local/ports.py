"""Ports of this machine that nobody listens on."""

from __future__ import annotations

import random
import socket

LOWEST, HIGHEST = 20000, 32000
"""Below the range from which systems choose ports for outgoing connections, so that one stays free until it is used."""

_ATTEMPTS = 200


class FreePorts:
    """Gives a port of the loopback address that is free now, and never the same one twice."""

    def __init__(self) -> None:
        self._given: set[int] = set()
        self._random = random.SystemRandom()

    def __call__(self) -> int:
        """Return a port. Raises OSError when there is none."""
        for _ in range(_ATTEMPTS):
            port = self._random.randint(LOWEST, HIGHEST)
            if port not in self._given and _is_free(port):
                self._given.add(port)
                return port
        raise OSError(f"no free port between {LOWEST} and {HIGHEST} on 127.0.0.1")


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        # As servers do, so that a port in TIME_WAIT counts as free.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True
