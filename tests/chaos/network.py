"""The network between the sidecars and their broker: a proxy for each actor, so that each can be cut off by itself."""

from __future__ import annotations

import asyncio
import math
import re
import threading
from collections import Counter
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

from tests.transport.proxy import TcpProxy

SLOW_BYTES_PER_SECOND = 100_000.0
"""What is left of a network that is throttled."""


class Network:
    """Proxies in a thread of their own, for they are needed while the run starts, before there is an event loop."""

    def __init__(self, actors: tuple[str, ...]) -> None:
        self._actors = actors
        self._proxies: dict[str, TcpProxy] = {}
        self._cut: Counter[str] = Counter()
        self._slow: Counter[str] = Counter()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="network", daemon=True)
        self._thread.start()

    def attach(self, broker_url: str) -> None:
        """Lead to this broker."""
        port = urlsplit(broker_url).port
        if port is None:
            raise ValueError(f"{broker_url} has no port")
        for actor in self._actors:
            self._proxies[actor] = TcpProxy(port)
            self._run(self._proxies[actor].start())

    def lead(self, actor: str, broker_url: str, value: str) -> str:
        """Return a setting of an actor's sidecar, in which the broker's address is replaced by the proxy's."""
        return re.sub(rf":{urlsplit(broker_url).port}\b", f":{self._proxies[actor].port}", value)

    def close(self) -> None:
        """End all connections, and the thread."""
        for proxy in self._proxies.values():
            self._run(proxy.close())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def reset(self, actor: str) -> None:
        """Break the actor's connections; it may make new ones."""
        self._call(self._proxies[actor].sever)

    def strand(self, actor: str) -> None:
        """Leave the actor's connections open with nothing getting through; it may make new ones."""
        self._call(self._proxies[actor].strand)

    @contextmanager
    def black_hole(self, actor: str) -> Iterator[None]:
        """Let nothing through for the length of a block, or of the longest of several."""
        self._cut[actor] += 1
        self._call(self._proxies[actor].black_hole)
        try:
            yield
        finally:
            self._cut[actor] -= 1
            if not self._cut[actor]:
                self._call(self._proxies[actor].heal)

    @contextmanager
    def throttle(self, actor: str) -> Iterator[None]:
        """Be slow for the length of a block, or of the longest of several."""
        self._slow[actor] += 1
        self._call(self._proxies[actor].throttle, SLOW_BYTES_PER_SECOND)
        try:
            yield
        finally:
            self._slow[actor] -= 1
            if not self._slow[actor]:
                self._call(self._proxies[actor].throttle, math.inf)

    def _call(self, function: Callable[..., None], *arguments: object) -> None:
        self._loop.call_soon_threadsafe(function, *arguments)

    def _run(self, doing: Coroutine[Any, Any, None]) -> None:
        asyncio.run_coroutine_threadsafe(doing, self._loop).result(10)
