"""How many receives to keep under way, of how many messages each. Pure decisions."""

from __future__ import annotations

import math

from asya_core.transports.sqs.lanes import MOST_BYTES
from asya_core.transports.sqs.link import CALL_SECONDS, seconds_for

MOST_AT_ONCE = 10
"""Messages that SQS hands out for one receive."""
MOST_POLLS = 4
TRAVEL_SECONDS = 1.0
"""How much later than it was asked for a receive may begin over there."""


class Pace:
    """One receive while little comes; as long as they come back full, twice as many, up to MOST_POLLS.

    Each asks for `most` messages: for half as many after each that failed, which a slow network may not carry in time.
    """

    def __init__(self) -> None:
        self.polls = 1
        self.most = MOST_AT_ONCE

    def fail(self) -> None:
        """Know that a receive failed."""
        self.most = max(1, self.most // 2)

    def learn(self, asked: int, received: int) -> None:
        """Know what a receive brought."""
        if received >= self.most:
            self.most = min(MOST_AT_ONCE, self.most * 2)
        if received == asked:
            self.polls = min(MOST_POLLS, self.polls * 2)
        elif received == 0:
            self.polls = 1
        elif received * 2 < asked:
            self.polls = max(1, self.polls - 1)


class Waits:
    """Until when receives under way take what is given back, each time for a delivery that nobody works on.

    Times are those of `lease_clock()`.
    """

    def __init__(self) -> None:
        self._ends: dict[float, float] = {}

    def begin(self, asked: float, wait: float) -> None:
        """Know of a receive that is asked for at this time and waits so long."""
        self._ends[asked] = asked + wait + TRAVEL_SECONDS

    def answered(self, asked: float) -> None:
        """Know that it has ended. One that merely failed here may go on over there, and is not told of."""
        self._ends.pop(asked, None)

    def seconds_left(self, now: float) -> int:
        """Return for how long what is given back has to be kept from them, in whole seconds."""
        self._ends = {asked: end for asked, end in self._ends.items() if end > now}
        return math.ceil(max(self._ends.values(), default=now) - now)


def next_receive(room: int, busy: int, under_way: int, allowed: int, *, waited: bool) -> int:
    """Return for how many messages to ask now, 0 for none.

    `room` places are free, `busy` are taken or asked for. A few free places beside many that are taken are asked for
    only once that has `waited` a moment for more of them, or each message would cost a receive of its own.
    """
    if room <= 0 or under_way >= allowed:
        return 0
    if room < MOST_AT_ONCE and busy and not waited:
        return 0
    return min(room, MOST_AT_ONCE)


def longest_receive(number: int, wait: float, visibility: float) -> float:
    """Return for how many seconds a receive of so many messages may last, of any size.

    That is as long as what it brings can be ours, but no less than for any call.
    """
    return min(wait + seconds_for(number * MOST_BYTES), max(visibility, wait + CALL_SECONDS))
