"""What a person reads at the end: the figures, an example, or what is missing."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from rich.console import Console

from .ledger import Ledger, Result
from .summary import Summary, per_second

SHOWN = 10
"""Missing images, or failures, that are listed one by one."""


def figures(summary: Summary, ledger: Ledger, results: Path, file: Path) -> Iterator[str]:
    """Yield the lines about a run; `results` and `file` are where it is stored."""
    ends = list(ledger.results.values())
    refined = sum(result.refined is not None for result in ends)
    hops = per_second(sum(result.hops for result in ends), ends)
    speed = f"{summary.messages_per_second:.0f} images per second, each past 4 or 5 actors: {hops:.0f} hops"
    yield f"images      {summary.images} sent, {summary.results} results, {summary.errors} errors"
    yield f"accuracy    {summary.accuracy_before:.1%} by classify alone, {summary.accuracy_after:.1%} after refine"
    yield f"            ({refined} images were unsure and refined; no model had seen the image it was asked about)"
    yield f"throughput  {speed}"
    yield f"latency     p50 {summary.p50_ms:.0f} ms, p99 {summary.p99_ms:.0f} ms, from sending an image to its result"
    yield f"results     {results}"
    yield f"summary     {file}"


def shortfall(ledger: Ledger, logs: Path) -> Iterator[str]:
    """Yield what is wrong with a run that is not right, the sentence with the remedy last."""
    for failure in ledger.failures[:SHOWN]:
        yield f"  {failure.id}: {failure.reason}"
    if len(ledger.failures) > SHOWN:
        yield f"  and {len(ledger.failures) - SHOWN} more errors"
    missing = ledger.missing
    listed = ", ".join(map(str, missing[:SHOWN])) + (", …" if len(missing) > SHOWN else "")
    lacking = f"; without a result: images {listed}" if missing else ""
    yield (
        f"error: {len(ledger.results)} of {ledger.images} images have a result and {len(ledger.failures)} messages "
        f"ended in an error{lacking}; look for the reason in the actors' logs in {logs}"
    )


def example(ledger: Ledger, truth: Sequence[int]) -> Result | None:
    """Return the first image that the expert put right, or None."""
    for _, result in sorted(ledger.results.items()):
        if result.classified != truth[result.image] == result.refined:
            return result
    return None


def picture(pixels: Sequence[float], console: Console) -> list[str]:
    """Draw an image of 8 by 8 pixels from 0 to 16, two characters for each."""
    shades = " ░▒▓█" if console.encoding.startswith("utf") else " .:*#"
    rows = [pixels[start : start + 8] for start in range(0, 64, 8)]
    return ["".join(shades[min(4, int(pixel * 5 / 17))] * 2 for pixel in row) for row in rows]
