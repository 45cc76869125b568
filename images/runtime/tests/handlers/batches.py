"""Handlers of batches. What becomes of a message, it says itself."""

import asyncio
import os
import sys
import time


class BusyError(OSError):
    retry_after = 2.5


def answer(payloads: list) -> list:
    """Return what each message asks for, with the size of the batch; the call raises if one asks for that."""
    if any("raise" in payload for payload in payloads):
        raise ValueError(f"one of {len(payloads)} can't be done")
    if any("leave" in payload for payload in payloads):
        sys.exit(3)
    if any("crash" in payload for payload in payloads):
        os._exit(7)
    return [entry(payload, len(payloads)) for payload in payloads]


def entry(payload, size):
    if "busy" in payload:
        return BusyError("come back later")
    if "fail" in payload:
        return KeyError(payload["fail"])
    if "bad" in payload:
        return {"bad": sys.stdout}
    if "large" in payload:
        return "x" * payload["large"]
    return payload.get("return", {**payload, "size": size})


def wrong_length(payloads: list) -> list:
    return answer(payloads)[1:]


def no_list(payloads: list) -> list:
    return {"size": len(payloads)}


def spoil(payloads: list) -> list:
    """Change what came, then raise, unless the message is alone."""
    for payload in payloads:
        payload["spoilt"] = True
        payload["times"] = payload.get("times", 0) + 1
    if len(payloads) > 1:
        raise ValueError("together it can't be done")
    return payloads


def hold(payloads: list) -> list:
    """Say how many came, then wait until somebody opens the named pipe of the first for writing."""
    print("batch of", len(payloads), flush=True)
    if "pipe" in payloads[0]:
        with open(payloads[0]["pipe"]) as pipe:
            pipe.read()
    return answer(payloads)


def hold_envelopes(envelopes: list) -> list:
    hold([envelope["payload"] for envelope in envelopes])
    return envelopes


def spin(payloads: list) -> list:
    """Never end with a message that says so; return the others' sizes."""
    print("batch of", len(payloads), flush=True)
    while any("spin" in payload for payload in payloads):
        time.sleep(0.01)
    return answer(payloads)


async def answer_later(payloads: list) -> list:
    await asyncio.sleep(0)
    return answer(payloads)


async def wrong_length_later(payloads: list) -> list:
    return wrong_length(payloads)


async def no_list_later(payloads: list) -> list:
    return no_list(payloads)


async def spoil_later(payloads: list) -> list:
    return spoil(payloads)


async def hold_later(payloads: list) -> list:
    return await asyncio.get_running_loop().run_in_executor(None, hold, payloads)


async def hold_envelopes_later(envelopes: list) -> list:
    return await asyncio.get_running_loop().run_in_executor(None, hold_envelopes, envelopes)


async def each_later(payloads: list) -> list:
    """Work on each message in a task of its own."""

    async def one(payload):
        await asyncio.sleep(0)
        if "fail" in payload:
            raise KeyError(payload["fail"])
        return payload

    return await asyncio.gather(*(one(payload) for payload in payloads), return_exceptions=True)


async def wait_for_ever(payloads: list) -> list:
    """Say how many came, and never end if one asks for that; answer the others."""
    print("batch of", len(payloads), flush=True)
    try:
        if any("never" in payload for payload in payloads):
            await asyncio.Event().wait()
    except asyncio.CancelledError:
        print("cancelled", flush=True)
        raise
    return answer(payloads)


async def unawaited(payloads: list) -> list:
    return [asyncio.sleep(0) for _ in payloads]


class Model:
    def __init__(self, factor: int = 2):
        self.factor = factor

    def process(self, payloads: list) -> list:
        return [{"n": payload["n"] * self.factor, "size": len(payloads)} for payload in payloads]


def nap(payloads: list) -> list:
    """Say how many came, and take as long as the environment says."""
    print("batch of", len(payloads), flush=True)
    time.sleep(float(os.environ.get("NAP", "0.1")))
    return payloads


async def nap_later(payloads: list) -> list:
    print("batch of", len(payloads), flush=True)
    await asyncio.sleep(float(os.environ.get("NAP", "0.1")))
    return payloads


def raise_or_spin(payloads: list) -> list:
    if len(payloads) > 1:
        raise ValueError("together it can't be done")
    return spin(payloads)


async def wait_alone(payloads: list) -> list:
    if len(payloads) > 1:
        raise ValueError("together it can't be done")
    return await wait_for_ever(payloads)


async def how_cancelled(payloads: list) -> list:
    """Never end with several messages; with one, say how often its task was told to end."""
    if len(payloads) > 1:
        await asyncio.Event().wait()
    task = asyncio.current_task()
    return [task.cancelling() if hasattr(task, "cancelling") else 0]
