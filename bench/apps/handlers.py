"""Handlers of the actors that are measured."""

import asyncio
import os
import time
from typing import Any

WAIT_SECONDS = 0.1
CALL_SECONDS = 0.005
CHILDREN = int(os.environ.get("CHILDREN", "1"))


def step(payload: dict) -> dict:
    """Do next to nothing and pass the result on."""
    return {**payload, "x": 1}


async def step_async(payload: dict) -> dict:
    """Do the same as a coroutine."""
    return {**payload, "x": 1}


def fan_out(payload: dict) -> list[dict]:
    """Make many messages of one."""
    return [{**payload, "x": number} for number in range(CHILDREN)]


async def wait(payload: dict) -> dict:
    """Wait for somebody else, as calls of a model behind an API do."""
    await asyncio.sleep(WAIT_SECONDS)
    return {**payload, "x": 1}


def predict(payload: dict) -> dict:
    """Use an accelerator, which takes as long for one as for many."""
    time.sleep(CALL_SECONDS)
    return {**payload, "x": 1}


def predict_batch(payloads: list[dict]) -> list[Any]:
    """Do the same for many at once."""
    time.sleep(CALL_SECONDS)
    return [{**payload, "x": 1} for payload in payloads]
