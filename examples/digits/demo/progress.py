"""What a person sees while images come through: a bar on a terminal, a line for each tenth elsewhere."""

from types import TracebackType
from typing import Protocol, Self

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from .ledger import Ledger


class Watcher(Protocol):
    """Shows how far the ledger is, for as long as it is entered."""

    def __enter__(self) -> Self:
        """Begin to show."""

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Leave the last state on the screen."""

    def show(self, ledger: Ledger) -> None:
        """Bring what is shown up to date."""


def watcher(console: Console, images: int) -> Watcher:
    """Return the one that suits where the console writes to."""
    return Bar(console, images) if console.is_terminal else Lines(console, images)


def counts(ledger: Ledger) -> str:
    """Return what there is to say beside the number of results."""
    refined = sum(result.refined is not None for result in ledger.results.values())
    return f"{refined} refined, {len(ledger.failures)} errors"


class Bar:
    """A line that is drawn again and again."""

    def __init__(self, console: Console, images: int) -> None:
        self._progress = Progress(
            SpinnerColumn(finished_text="[green]✓"),
            TextColumn("reading digits"),
            BarColumn(bar_width=32),
            MofNCompleteColumn(),
            TextColumn("{task.fields[counts]}"),
            TimeElapsedColumn(),
            console=console,
        )
        self._task = self._progress.add_task("", total=images, counts="")

    def __enter__(self) -> Self:
        """Draw it for the first time."""
        self._progress.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Draw it for the last time."""
        self._progress.stop()

    def show(self, ledger: Ledger) -> None:
        """Move the bar."""
        self._progress.update(self._task, completed=len(ledger.results), counts=counts(ledger))


class Lines:
    """One line for each tenth of the images, for logs and pipes."""

    def __init__(self, console: Console, images: int) -> None:
        self._console = console
        self._images = images
        self._tenths = 0

    def __enter__(self) -> Self:
        """Show nothing yet."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Leave the lines as they are."""

    def show(self, ledger: Ledger) -> None:
        """Print a line if another tenth has come through."""
        results = len(ledger.results)
        tenths = 10 * results // self._images
        if tenths > self._tenths:
            self._tenths = tenths
            self._console.print(f"  {10 * tenths:3} %  {results} of {self._images} images, {counts(ledger)}")
