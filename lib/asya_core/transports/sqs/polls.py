"""How many receives to keep under way, of how many messages each. Pure decisions."""

from __future__ import annotations

MOST_AT_ONCE = 10
"""Messages that SQS hands out for one receive."""
MOST_POLLS = 4


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
