"""Asking a process whether it is ready, as Kubernetes' probes do."""

from __future__ import annotations

import asyncio
from asyncio.subprocess import DEVNULL
from collections.abc import Mapping
from contextlib import suppress
from urllib.parse import urlsplit

from asya_cli.local.plan import Check

INTERVAL = 0.1
"""Seconds between two questions. Kubernetes' own periods are made for hours, not for somebody who waits."""

_ANSWER_WITHIN = 5.0
_SUCCESS = range(200, 400)  # what Kubernetes takes for success


async def wait_ready(check: Check, environ: Mapping[str, str]) -> None:
    """Return when the check succeeds, however long that takes."""
    while True:
        if await is_ready(check, environ):
            return
        await asyncio.sleep(INTERVAL)


async def is_ready(check: Check, environ: Mapping[str, str]) -> bool:
    """Ask once; no answer within five seconds is a no."""
    try:
        async with asyncio.timeout(_ANSWER_WITHIN):
            if check.url:
                return await http_status(check.url) in _SUCCESS
            return await _exit_code(check, environ) == 0
    except (OSError, TimeoutError):
        return False


async def http_status(url: str) -> int:
    """Return the status of a GET, 0 when the answer is no HTTP. Raises OSError when nobody listens."""
    parts = urlsplit(url)
    reader, writer = await asyncio.open_connection(parts.hostname, parts.port)
    try:
        target = parts.path + (f"?{parts.query}" if parts.query else "")
        writer.write(f"GET {target or '/'} HTTP/1.0\r\nHost: {parts.netloc}\r\n\r\n".encode("ascii"))
        await writer.drain()
        words = (await reader.readline()).split()
        return int(words[1]) if len(words) > 1 and words[1].isdigit() else 0
    finally:
        writer.close()
        with suppress(OSError):
            await writer.wait_closed()


async def _exit_code(check: Check, environ: Mapping[str, str]) -> int:
    process = await asyncio.create_subprocess_exec(
        *check.argv, stdin=DEVNULL, stdout=DEVNULL, stderr=DEVNULL, env={**environ, **check.env}
    )
    try:
        return await process.wait()
    finally:
        if process.returncode is None:
            process.kill()
