"""The figures of a run, from the ledger and the digits that the images really show."""

import json
import math
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from .ledger import Ledger, Result


@dataclass(frozen=True, slots=True)
class Summary:
    """What `summary.json` holds.

    `images`: images sent. `results`: images with a stored result. `errors`: messages that ended otherwise.
    `accuracy_before`, `accuracy_after`: share of the results that are right, by the first guess alone and in the end.
    `messages_per_second`: results, each one message, over the time from the first batch sent to the last result stored.
    `p50_ms`, `p99_ms`: time from `status.created_at`, set when the image's batch was sent, to the time stamp of the
    file with its result; half of the images, or all but a hundredth, took no longer.
    """

    images: int
    results: int
    errors: int
    accuracy_before: float
    accuracy_after: float
    messages_per_second: float
    p50_ms: float
    p99_ms: float

    def write(self, path: Path) -> None:
        """Write the figures as JSON."""
        path.write_text(json.dumps(asdict(self), indent=2) + "\n")


def summarise(ledger: Ledger, truth: Sequence[int]) -> Summary:
    """Compute the figures; `truth` gives the digit of each image. Without results, all but the counts are 0."""
    results = list(ledger.results.values())
    latencies = sorted(1000 * (result.stored_at - result.created_at) for result in results)
    return Summary(
        images=ledger.images,
        results=len(results),
        errors=len(ledger.failures),
        accuracy_before=accuracy(results, truth, lambda result: result.classified),
        accuracy_after=accuracy(results, truth, lambda result: result.answer),
        messages_per_second=round(per_second(len(results), results), 1),
        p50_ms=round(percentile(latencies, 0.50), 1),
        p99_ms=round(percentile(latencies, 0.99), 1),
    )


def accuracy(results: Sequence[Result], truth: Sequence[int], guess: Callable[[Result], int]) -> float:
    """Return the share of the results whose `guess` is right."""
    right = sum(guess(result) == truth[result.image] for result in results)
    return round(right / len(results), 4) if results else 0.0


def per_second(count: int, results: Sequence[Result]) -> float:
    """Spread a count over the time from the first batch sent to the last result stored."""
    if not results:
        return 0.0
    span = max(result.stored_at for result in results) - min(result.created_at for result in results)
    return count / span if span > 0 else 0.0


def percentile(ordered: Sequence[float], share: float) -> float:
    """Return the smallest of the ordered values that `share` of them do not exceed (the nearest rank)."""
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)] if ordered else 0.0
