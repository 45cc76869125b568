"""Feeds many bad inputs to all targets, and shows the first that is not survived: its number, and a small one."""

from __future__ import annotations

import logging
import traceback
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from random import Random
from typing import Protocol

import uvloop

from tests.fuzz.envelopes import Edits, Ends, Messages
from tests.fuzz.shrinking import shrunk
from tests.fuzz.streams import ToRuntime, ToSidecar


class Target(Protocol):
    """What is fed. `check` raises where an input is not survived as it should be."""

    name: str

    def make(self, chance: Random) -> bytes:
        """Return an input, which mostly is bad."""

    async def open(self) -> None:
        """Get ready, on the running event loop."""

    async def check(self, data: bytes) -> None:
        """Feed one input."""


TARGETS: dict[type[Target], int] = {Messages: 20, Edits: 6, Ends: 4, ToRuntime: 45, ToSidecar: 25}
"""Each target's share of the inputs, in percent."""


class NotSurvivedError(AssertionError):
    """An input did what none may do."""


def campaign(inputs: int, seed: int) -> dict[str, int]:
    """Feed so many inputs, the same for the same seed; return how many each target got. Raises NotSurvivedError."""
    with _silence():
        return uvloop.run(_feed_all(inputs, seed))


async def _feed_all(inputs: int, seed: int) -> dict[str, int]:
    return {each.name: await _feed(each, inputs * share // 100, seed) for each, share in TARGETS.items()}


async def _feed(make_target: type[Target], inputs: int, seed: int) -> int:
    target = make_target()
    await target.open()
    chance = Random(f"{seed} {target.name}")
    for number in range(inputs):
        data = target.make(chance)
        try:
            await target.check(data)
        except Exception as error:
            small = await shrunk(data, lambda less: _fails(make_target, less))
            raise NotSurvivedError(_report(target.name, seed, number, small, error)) from error
    return inputs


async def _fails(make_target: type[Target], data: bytes) -> bool:
    target = make_target()
    await target.open()
    with suppress(Exception):
        await target.check(data)
        return False
    return True


def _report(name: str, seed: int, number: int, small: bytes, error: Exception) -> str:
    why = "".join(traceback.format_exception(error))
    return f"{why}\ninput {number} of {name} with SEED={seed} was not survived; as small as it gets:\n{small!r}"


@contextmanager
def _silence() -> Iterator[None]:
    """Keep the log of a hundred thousand failures to itself."""
    before = logging.root.manager.disable
    logging.disable(logging.CRITICAL)
    try:
        yield
    finally:
        logging.disable(before)
