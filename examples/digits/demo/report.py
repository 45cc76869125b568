"""What a person reads at the end: the figures, an example, or what is missing."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from .ledger import Ledger, Result
from .summary import Summary, per_second

SHOWN = 10
"""Missing images, or failures, that are listed one by one."""


@dataclass(frozen=True, slots=True)
class Truth:
    """What the pipeline is not told: the digit that each image shows. `pixels` are there to draw one."""

    digits: list[int]
    pixels: list[list[int]]


def figures(summary: Summary, ledger: Ledger, results: Path, file: Path) -> Iterator[str]:
    """Yield the lines about a run; `results` and `file` are where it is stored."""
    ends = list(ledger.results.values())
    refined = sum(result.refined is not None for result in ends)
    hops = per_second(sum(result.hops for result in ends), ends)
    speed = f"{summary.messages_per_second:.0f} images per second, {hops:.0f} visits to an actor per second"
    yield f"images      {summary.images} sent, {summary.results} results, {summary.errors} errors"
    yield f"accuracy    {summary.accuracy_before:.1%} by classify alone, {summary.accuracy_after:.1%} after refine"
    yield f"            ({refined} unsure images were refined; no model had seen the image that it was asked about)"
    yield f"throughput  {speed}"
    yield f"latency     p50 {summary.p50_ms:.0f} ms, p99 {summary.p99_ms:.0f} ms, from sending an image to its result"
    yield f"results     {results}"
    yield f"summary     {file}"


def restarted(times: int) -> str:
    """Return the line about processes that died on the way; no image may be lost or doubled by that."""
    return f"restarts    {times} {'process' if times == 1 else 'processes'} died on the way and started again"


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
        f"error: {ledger.state} and {len(ledger.failures)} messages ended in an error{lacking}; "
        f"look for the reason in the actors' logs in {logs}"
    )


def explained(ledger: Ledger, truth: Truth, encoding: str) -> Iterator[str]:
    """Yield a picture of one image that the expert put right, with what each actor said beside it."""
    found = example(ledger, truth.digits)
    if found is None:
        return
    beside = {
        2: f"image {found.image}",
        3: f"classify   {found.classified}, but only {found.confidence:.0%} sure: judge puts refine into the route",
        4: f"refine     {found.refined}",
        5: f"it is      {truth.digits[found.image]}",
    }
    yield ""
    for number, row in enumerate(picture(truth.pixels[found.image], encoding)):
        yield f"  {row}  {beside.get(number, '')}".rstrip()
    yield ""


def example(ledger: Ledger, truth: Sequence[int]) -> Result | None:
    """Return the first image that the expert put right, or None."""
    for _, result in sorted(ledger.results.items()):
        if result.classified != truth[result.image] == result.refined:
            return result
    return None


def picture(pixels: Sequence[int], encoding: str) -> list[str]:
    """Draw an image of 8 by 8 pixels from 0 to 16, two characters for each."""
    shades = " ░▒▓█" if encoding.lower().startswith("utf") else " .:*#"
    rows = [pixels[start : start + 8] for start in range(0, 64, 8)]
    return ["".join(shades[min(4, int(pixel * 5 / 17))] * 2 for pixel in row) for row in rows]
