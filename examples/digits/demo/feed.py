"""When to send which images: never so many at once that all they do is wait."""

import math
from collections.abc import Iterator
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Batch:
    """What one message to `split` names: `count` images, beginning with `first`."""

    first: int
    count: int


class Feed:
    """Deals out images in batches of `size`: at most `window` of them are under way, and at most `pace` a second."""

    def __init__(self, images: int, *, size: int = 50, window: int = 300, pace: float = math.inf) -> None:
        self.images = images
        self.sent = 0
        self._size = size
        self._window = window
        self._pace = pace

    def due(self, finished: int, elapsed: float) -> Iterator[Batch]:
        """Yield the batches to send `elapsed` seconds after the first, when `finished` images have come to an end.

        Each counts as sent.
        """
        while self.sent < self.images:
            count = min(self._size, self.images - self.sent)
            too_early = self.sent > 0 and self.sent / self._pace > elapsed
            if too_early or self.sent + count - finished > self._window:
                return
            self.sent += count
            yield Batch(self.sent - count, count)
