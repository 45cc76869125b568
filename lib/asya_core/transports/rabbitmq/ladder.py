"""The delay ladder: one set of queues for the whole virtual host, in which messages wait before they are ready.

A delay is a number of steps of half a second, written in binary. Each level stands for one digit: a queue whose
messages live for the digit's worth, and an exchange that sends a message into that queue when its digit is 1 and to the
next lower exchange when it is 0. What a queue lets go after its time enters the next lower exchange. So 21 queues make
every delay up to 12 days, whatever the number of actors, and each keeps its messages in the order of their time.

The routing key holds the digits, highest first, and then the name of the queue that the message is for.
"""

from __future__ import annotations

import math
from typing import Any

STEP_SECONDS = 0.5
LEVELS = 21
MAX_DELAY_SECONDS = (2**LEVELS - 1) * STEP_SECONDS
"""About 12 days; a longer delay becomes this one."""

READY_EXCHANGE = "asya.delay.ready"
"""Where messages arrive after their delay; every queue is bound to it."""
GONE_EXCHANGE = "asya.delay.gone"
GONE_QUEUE = "asya.delay.gone"
"""Where messages arrive whose queue was removed while they waited: kept, since nobody said that they may be lost."""


def name_of(level: int) -> str:
    """Name the exchange and the queue of a level."""
    return f"asya.delay.{level}"


def entry_and_key(queue: str, delay: float) -> tuple[str, str]:
    """Return the exchange to publish to and the routing key, for a delay of more than 0 seconds."""
    steps = min(max(1, math.ceil(delay / STEP_SECONDS)), 2**LEVELS - 1)
    return name_of(steps.bit_length() - 1), f"{'.'.join(f'{steps:0{LEVELS}b}')}.{queue}"


def queue_arguments(level: int) -> dict[str, Any]:
    """Return what the queue of a level is declared with.

    With `at-least-once` a message leaves the queue only when another has confirmed it, and RabbitMQ wants
    `reject-publish` for that.
    """
    return {
        "x-queue-type": "quorum",
        "x-message-ttl": int(2**level * STEP_SECONDS * 1000),
        "x-dead-letter-exchange": name_of(level - 1) if level else READY_EXCHANGE,
        "x-dead-letter-strategy": "at-least-once",
        "x-overflow": "reject-publish",
    }


def patterns(level: int) -> tuple[str, str]:
    """Return the binding keys of a level: into its queue, and on to the next lower exchange."""
    before = "*." * (LEVELS - 1 - level)
    return f"{before}1.#", f"{before}0.#"


def ready_pattern(queue: str) -> str:
    """Return the binding key with which a queue gets its messages after their delay."""
    return f"#.{queue}"
