"""Counts the calls of an AWS API by their action, on their way to the server."""

from __future__ import annotations

import asyncio
import re
import threading
from collections import Counter
from contextlib import suppress
from typing import Self
from urllib.parse import urlsplit

_ACTION = re.compile(rb"x-amz-target: *\w+\.(\w+)\r\n", re.IGNORECASE)
_LONGEST = 200
"""Bytes of the longest such header; as many of what came are kept, in case that one was cut in two."""
_READ = 1 << 16


class Tally:
    """Counts actions in the bytes of one connection, wherever the network cut them."""

    def __init__(self, counts: Counter[str]) -> None:
        self._counts = counts
        self._tail = b""

    def feed(self, data: bytes) -> None:
        """Take the next bytes from a client."""
        text = self._tail + data
        end = 0
        for found in _ACTION.finditer(text):
            self._counts[found[1].decode()] += 1
            end = found.end()
        self._tail = text[max(end, len(text) - _LONGEST) :]


class CallCounter:
    """A proxy on this machine, in a thread of its own, for the length of a block. `counts` is by action."""

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()
        self._upstream = ("", 0)
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="calls", daemon=True)
        self._server: asyncio.Server | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        asyncio.run_coroutine_threadsafe(self._end(), self._loop).result()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def lead(self, url: str) -> str:
        """Begin to pass connections on to a server, and return the address to use in its place."""
        parts = urlsplit(url)
        self._upstream = (parts.hostname or "127.0.0.1", parts.port or 80)
        starting = asyncio.start_server(self._serve, "127.0.0.1", 0)
        self._server = server = asyncio.run_coroutine_threadsafe(starting, self._loop).result()
        return f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        if task is not None:
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        with suppress(OSError):
            upstream_reader, upstream_writer = await asyncio.open_connection(*self._upstream)
            async with asyncio.TaskGroup() as group:
                group.create_task(_pass_on(reader, upstream_writer, Tally(self.counts)))
                group.create_task(_pass_on(upstream_reader, writer, None))

    async def _end(self) -> None:
        if self._server is not None:
            self._server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)


async def _pass_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, tally: Tally | None) -> None:
    try:
        while data := await reader.read(_READ):
            if tally is not None:
                tally.feed(data)
            writer.write(data)
            await writer.drain()
    except ConnectionError:
        pass  # the other side sees its connection end
    finally:
        writer.close()
