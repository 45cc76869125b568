"""Handlers that leave something behind which their worker, or its supervisor, has to get along with."""

import asyncio
import os
import time

kept = []


def process(payload):
    return ACTS[payload["do"]](payload)


async def aprocess(payload):
    return await LATER[payload["do"]](payload)


def path_of(name):
    return os.path.join(os.environ["ASYA_SOCKET_DIR"], name)


def rest(payload):
    return "rested"


def cut(payload):
    os.truncate(path_of("runtime-running"), payload["size"])
    time.sleep(1000)


def remove(payload):
    os.unlink(path_of(payload["name"]))
    return "removed"


async def block_later(payload):
    """Leave a call behind that blocks the event loop when the answer is sent."""
    asyncio.get_running_loop().call_later(0.05, time.sleep, 1000)
    return "left"


async def keep_generator(payload):
    """Leave a generator behind that can't be closed."""

    async def generator():
        try:
            yield 1
        finally:
            await asyncio.sleep(1000)

    kept.append(generator())
    return await kept[-1].__anext__()


async def yield_late(payload):
    """Yield what can't be taken at once, shortly before the timeout."""

    async def generator():
        await asyncio.sleep(payload["seconds"])
        for _ in range(40):
            yield "x" * 100_000
        await asyncio.sleep(1000)

    async for item in generator():
        yield item


ACTS = {"rest": rest, "cut": cut, "remove": remove}
LATER = {"block_later": block_later, "keep_generator": keep_generator}
