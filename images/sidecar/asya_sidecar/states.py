"""Where a message in hand is, how one state follows from another, and what makes two deliveries the same message.

    WAITING --enter--> RUNNING --end, fault--> PUBLISHING --confirmed--> SETTLED
       ^                  |                      |    ^
       +--- worker died --+           lease lost |    | delivered again
                                                 v    |
                                               FENCED --not delivered again--> LOST

    shutdown: RELEASED, from every state        lease lost before the handler has ended: LOST

Every step, and whose it is:

    WAITING     RUNNING     the handler is asked
    WAITING     PUBLISHING  it is refused: it must not run, or its time is up
    WAITING     LOST        its lease ended before its turn came
    RUNNING     PUBLISHING  the handler ended, failed, or made what can't be passed on
    RUNNING     WAITING     its worker died, and it is not charged; or an end could not store it, and tries again
    RUNNING     SETTLED     an end has stored it
    RUNNING     LOST        its lease ended while the handler ran
    PUBLISHING  SETTLED     queues have taken everything that follows from it
    PUBLISHING  FENCED      its lease ended; what was made is kept
    PUBLISHING  LOST        its lease ended; what follows from it is not worth keeping, or too much to be kept
    FENCED      PUBLISHING  the broker delivered it to us again
    FENCED      LOST        the broker did not, in time

WAITING, RUNNING, PUBLISHING and FENCED become RELEASED when the sidecar ends and can't wait for more.
"""

from __future__ import annotations

import enum

Key = tuple[str, int, int, int]
"""What makes two deliveries the same message: id, position, attempt and generation."""


class State(enum.Enum):
    """Where a message in hand is."""

    WAITING = enum.auto()
    RUNNING = enum.auto()
    PUBLISHING = enum.auto()
    FENCED = enum.auto()
    SETTLED = enum.auto()
    RELEASED = enum.auto()
    LOST = enum.auto()
