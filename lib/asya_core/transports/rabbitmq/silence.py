"""What to do about a subscription on which nothing comes: there may be nothing, or the server may have forgotten it.

RabbitMQ 3.10 was seen to forget in two ways. A subscription is gone while messages wait: the server's own count tells.
Or, where a queue is deleted and made anew within milliseconds, the server subscribes us to the new one by itself, and
loses on the way whatever that delivers, which then counts as unacknowledged: nothing tells, but ending the channel
gives it back.
"""

from __future__ import annotations

from enum import Enum, auto

SILENT_TICKS = 3
"""After so many ticks of the connection, a second each, without a message the server is asked whether it has some."""
DOUBTS_TO_SUBSCRIBE, DOUBTS_TO_BUILD = 2, 3
"""So often in a row it had some that it did not deliver: then it is asked anew, and then all is built anew."""
MOST_ASKS_BETWEEN_RENEWALS = 16
"""A quorum queue writes each subscription to its log, so an actor that is idle for long renews its own rarely."""


class Remedy(Enum):
    """What a consumer should do now."""

    NOTHING = auto()
    SUBSCRIBE = auto()
    RENEW = auto()
    """Take another channel, if there is still nothing in hand that would be lost with this one."""
    REBUILD = auto()


class Silence:
    """Counts since the last message. Whoever takes one sets `is_broken`, which costs less than a call."""

    def __init__(self) -> None:
        self.is_broken = False
        self._ticks = self._asks = self._doubts = 0
        self._renewal = 1

    def tick(self) -> bool:
        """Return whether to ask the server now what it has."""
        if self.is_broken:
            self.is_broken = False
            self._ticks = self._asks = self._doubts = 0
            self._renewal = 1
        self._ticks += 1
        if self._ticks < SILENT_TICKS:
            return False
        self._ticks = 0
        return True

    def judge(self, ready: int, *, has_room: bool, is_empty: bool) -> Remedy:
        """Return what to do when the server has `ready` messages.

        `has_room` says that it should have delivered them, `is_empty` that nothing is in hand.
        """
        self._doubts = self._doubts + 1 if has_room and ready else 0
        if self._doubts >= DOUBTS_TO_BUILD:
            return Remedy.REBUILD
        if self._doubts == DOUBTS_TO_SUBSCRIBE:
            return Remedy.SUBSCRIBE
        if self._doubts:
            self._ticks = SILENT_TICKS - 1  # messages may just have come, so the next tick asks again
            return Remedy.NOTHING
        return self._renew_rarely() if has_room and is_empty else Remedy.NOTHING

    def _renew_rarely(self) -> Remedy:
        """Renew at the first answer of a silence, then after twice as many each time."""
        self._asks += 1
        if self._asks < self._renewal:
            return Remedy.NOTHING
        self._asks, self._renewal = 0, min(2 * self._renewal, MOST_ASKS_BETWEEN_RENEWALS)
        return Remedy.RENEW
