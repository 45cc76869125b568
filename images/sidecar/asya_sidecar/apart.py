"""Calls that block, in threads that nobody waits for at the end."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import TypeVar

from asya_core.errors import AsyaError

_T = TypeVar("_T")


async def apart(call: Callable[[], _T]) -> _T:
    """Make the call in a thread of its own, and return what it returns, or raise the AsyaError that it raises.

    A call to a store that does not answer lasts for minutes. The event loop's own threads would hold the process up for
    so long when it has to end; this one ends with it.
    """
    outcome: Future[_T] = Future()
    threading.Thread(target=_make, args=(call, outcome), daemon=True, name="apart").start()
    return await asyncio.wrap_future(outcome)


def _make(call: Callable[[], _T], outcome: Future[_T]) -> None:
    if not outcome.set_running_or_notify_cancel():
        return
    try:
        outcome.set_result(call())
    except AsyaError as error:
        outcome.set_exception(error)
    finally:
        if not outcome.done():
            outcome.set_exception(RuntimeError("a call in a thread of its own failed; the log of the thread says how"))
