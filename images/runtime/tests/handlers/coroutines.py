"""Coroutines and async generators."""

import asyncio
import contextlib
import time

shared = {}


async def echo(payload):
    await asyncio.sleep(0)
    return payload


async def split(payload):
    return [{"word": word} for word in payload["text"].split()]


async def fail(payload):
    await asyncio.sleep(0)
    raise ValueError("not today")


async def count(payload):
    for number in range(payload["n"]):
        await asyncio.sleep(0)
        yield {"number": number}


async def count_then_fail(payload):
    for number in range(payload["n"]):
        yield number
    raise ValueError("enough")


async def plain_generator(payload):
    return (number for number in range(payload["n"]))


FEW = 10


async def plain_generator_for_ever(payload):
    return iter_for_ever()


def iter_for_ever():
    number = 0
    try:
        while True:
            yield number if number < FEW else "x" * 1000  # which soon fills what the sidecar does not read
            number += 1
    finally:
        print("closed", flush=True)


async def wait_for_ever(payload):
    """Say what happens, for those that watch."""
    print("waiting", flush=True)
    try:
        await asyncio.Event().wait()
    except asyncio.CancelledError:
        print("cancelled", flush=True)
        raise


async def refuse_to_end(payload):
    print("waiting", flush=True)
    while True:
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.Event().wait()


async def block(payload):
    print("waiting", flush=True)
    while True:
        time.sleep(0.01)


async def meet(payload):
    """End only when as many calls as `n` run at the same time."""
    waiting = shared.setdefault("waiting", [])
    future = asyncio.get_running_loop().create_future()
    waiting.append(future)
    if len(waiting) == payload["n"]:
        for one in waiting:
            one.set_result(len(waiting))
        waiting.clear()
    return await future


async def most_at_once(payload):
    shared["running"] = shared.get("running", 0) + 1
    shared["most"] = max(shared.get("most", 0), shared["running"])
    await asyncio.sleep(0)
    shared["running"] -= 1
    return shared["most"]


async def same_loop(payload):
    loop = shared.setdefault("loop", asyncio.get_running_loop())
    return loop is asyncio.get_running_loop()


async def leave(payload):
    raise SystemExit(3)


async def cancel_itself(payload):
    raise asyncio.CancelledError


async def yield_for_ever(payload):
    while True:
        yield "x" * 1000


class Session:
    def __init__(self):
        self.loop = asyncio.get_running_loop()

    async def process(self, payload):
        return self.loop is asyncio.get_running_loop()
