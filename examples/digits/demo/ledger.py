"""What became of every image: exactly one result, or a reason why not."""

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Result:
    """An image that came through; times in seconds since 1970. `refined` is None where the first guess was good enough.

    `hops` counts the actors that the image's message visited, happy-end included.
    """

    id: str
    image: int
    classified: int
    confidence: float
    refined: int | None
    created_at: float
    stored_at: float
    hops: int

    @property
    def answer(self) -> int:
        """Return the digit that the pipeline settled on."""
        return self.classified if self.refined is None else self.refined


@dataclass(frozen=True, slots=True)
class Failure:
    """A message that ended elsewhere than in a result."""

    id: str
    reason: str


@dataclass(slots=True)
class Ledger:
    """All that is known so far. An image counts once, however often its result was written."""

    images: int
    results: dict[int, Result] = field(default_factory=dict)
    failures: list[Failure] = field(default_factory=list)

    def add(self, end: Result | Failure) -> None:
        """Enter the end of one message. A second id for the same image, or an image never sent, is a failure."""
        if isinstance(end, Failure):
            self.failures.append(end)
        elif not 0 <= end.image < self.images:
            self.failures.append(Failure(end.id, f"is about image {end.image}, which was never sent"))
        elif (first := self.results.setdefault(end.image, end)).id != end.id:
            self.failures.append(Failure(end.id, f"is a second message about image {end.image}, after {first.id}"))

    @property
    def state(self) -> str:
        """Say how far it is, as the beginning of a sentence."""
        return f"{len(self.results)} of {self.images} images have a result"

    @property
    def missing(self) -> list[int]:
        """Return the images without a result, in order."""
        return [image for image in range(self.images) if image not in self.results]

    @property
    def is_complete(self) -> bool:
        """Say whether every image has a result. There may be failures beside them."""
        return len(self.results) == self.images

    @property
    def is_right(self) -> bool:
        """Say whether every image has exactly one result and nothing failed."""
        return self.is_complete and not self.failures
