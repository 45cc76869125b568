"""Send the images and wait for what becomes of them."""

import asyncio
import time
from dataclasses import dataclass

from .ends import Ends
from .feed import Feed
from .ledger import Ledger
from .producer import Producer
from .progress import Watcher

INTERVAL = 0.1
"""Seconds between two looks at the results."""


@dataclass(frozen=True, slots=True)
class Patience:
    """Seconds without anything new after which no more is expected; fewer once something has gone wrong."""

    usually: float = 120.0
    after_failures: float = 10.0

    def is_over(self, quiet: float, ledger: Ledger) -> bool:
        """Tell whether `quiet` seconds without anything new are too many."""
        return quiet > (self.after_failures if ledger.failures else self.usually)


async def drive(
    producer: Producer, feed: Feed, ends: Ends, ledger: Ledger, watcher: Watcher, *, patience: Patience = Patience()
) -> None:
    """Send every batch of the feed, and enter every end, until all images have a result or nothing comes any more."""
    begin = news = time.monotonic()
    while not ledger.is_complete:
        for batch in feed.due(len(ledger.results) + len(ledger.failures), time.monotonic() - begin):
            await producer.send(batch)
        await asyncio.sleep(INTERVAL)
        if take_in(ends, ledger):
            news = time.monotonic()
            watcher.show(ledger)
        if patience.is_over(time.monotonic() - news, ledger):
            return


def take_in(ends: Ends, ledger: Ledger) -> int:
    """Enter what has ended since the last call, and return how much that was."""
    new = list(ends.new())
    for end in new:
        ledger.add(end)
    return len(new)
