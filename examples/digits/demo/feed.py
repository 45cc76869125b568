"""When to send which images: never so many at once that all they do is wait."""

from collections.abc import Iterator
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Batch:
    """What one message to `split` names: `count` images, beginning with `first`."""

    first: int
    count: int


class Feed:
    """Deals out images in batches of `size`, so that at most `window` of them are under way at a time."""

    def __init__(self, images: int, *, size: int = 50, window: int = 300) -> None:
        self.images = images
        self.sent = 0
        self._size = size
        self._window = window

    def due(self, finished: int) -> Iterator[Batch]:
        """Yield the batches to send now that `finished` images have come to an end; each counts as sent."""
        while self.sent < self.images:
            count = min(self._size, self.images - self.sent)
            if self.sent + count - finished > self._window:
                return
            self.sent += count
            yield Batch(self.sent - count, count)
