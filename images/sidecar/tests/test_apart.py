import asyncio
import threading

import pytest

from asya_core.errors import ObjectStoreError
from asya_sidecar.apart import apart


async def test_a_call_that_blocks_holds_nothing_else_up():
    gate = threading.Event()
    waiting = asyncio.create_task(apart(lambda: gate.wait(10)))
    assert await apart(lambda: 5) == 5
    assert not waiting.done()
    gate.set()
    assert await waiting is True


async def test_what_the_call_raises_is_raised():
    def fail():
        raise ObjectStoreError("no")

    with pytest.raises(ObjectStoreError, match="no"):
        await apart(fail)


async def test_a_call_that_nobody_waits_for_any_more_ends_without_telling_anybody():
    begun, gate, ended = threading.Event(), threading.Event(), threading.Event()

    def call():
        begun.set()
        gate.wait(10)
        ended.set()

    waiting = asyncio.create_task(apart(call))
    await asyncio.to_thread(begun.wait, 10)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    gate.set()
    assert await asyncio.to_thread(ended.wait, 10)


async def test_a_bug_in_the_call_reaches_whoever_waits_and_the_log(monkeypatch):
    logged = threading.Event()
    monkeypatch.setattr(threading, "excepthook", lambda args: logged.set() if args.exc_type is ZeroDivisionError else 0)
    with pytest.raises(RuntimeError, match="in a thread of its own failed"):
        await apart(lambda: 1 // 0)
    assert await asyncio.to_thread(logged.wait, 10)
