"""How many receives to keep under way, of how many messages each. Pure decisions."""

from __future__ import annotations

import math

MOST_AT_ONCE = 10
"""Messages that SQS hands out for one receive."""
MOST_POLLS = 4
TRAVEL_SECONDS = 1.0
"""How much later than it was asked for a receive may begin over there."""


class Pace:
    """One receive while little comes; as long as they come back full, twice as many, up to MOST_POLLS."""

    def __init__(self) -> None:
        self.polls = 1

    def learn(self, asked: int, received: int) -> None:
        """Know what a receive brought."""
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
