"""One run of the demo, from the broker's start to the figures."""

import asyncio
import math
import time
from pathlib import Path

from rich.console import Console

from asya_cli.errors import FAILED, CliError
from asya_cli.local.actors import read_actors
from asya_cli.local.planning import Wish
from asya_cli.local.run import LocalRun
from examples.digits import data

from .drive import drive, take_in
from .ends import Ends
from .feed import Feed
from .ledger import Ledger
from .producer import ROUTE, Producer
from .progress import Watcher, watcher
from .report import Truth, explained, figures, restarted, shortfall
from .summary import summarise

PIPELINE = Path(__file__).resolve().parent.parent


class Demo:
    """A run in one folder; what an earlier one left there is removed. `pace`: images to send in a second at most."""

    def __init__(self, console: Console, transport: str, folder: Path, *, pace: float = math.inf) -> None:
        self.ledger = Ledger(data.IMAGES)
        self._console = console
        self._folder = folder
        self._pace = pace
        self._restarts = 0
        self._summary_file = folder / "summary.json"
        actors = read_actors(["actors"], PIPELINE)
        wish = Wish(work=PIPELINE.parent, actors=actors)
        self._pipeline = LocalRun(wish, state_dir=folder, transport=transport, fresh=True)

    def run(self) -> int:
        """Run it and return the exit code. Raises CliError when the pipeline can't start."""
        try:
            pixels, digits = data.load()
        except ModuleNotFoundError as error:
            raise CliError(f"{error}; start the demo with `make demo`, which installs it") from None
        self._summary_file.unlink(missing_ok=True)
        self._start()
        self._flow()
        return self._account(Truth(digits.tolist(), pixels.tolist()))

    def _start(self) -> None:
        route = " -> ".join(ROUTE)
        self._console.print(f"{data.IMAGES} handwritten digits through {route} (-> refine) -> happy-end")
        began = time.monotonic()
        with self._console.status("starting the broker and the actors"):
            self._pipeline.start()
        processes = self._pipeline.state.processes
        took = time.monotonic() - began
        self._console.print(f"{len(processes)} processes are ready after {took:.1f} s; logs: {self._folder / 'logs'}")

    def _flow(self) -> None:
        """Let every image through. The pipeline ends here, at once where something went wrong."""
        info = self._pipeline.info
        stored = self._pipeline.folder.results
        ends = Ends(stored / info.happy_prefix, stored / info.error_prefix)
        try:
            with watcher(self._console, data.IMAGES) as shown:
                asyncio.run(self._drive(ends, shown))
        except BaseException:
            self._pipeline.stop(at_once=True)
            raise
        self._restarts = sum(process.restarts for process in self._pipeline.state.processes)
        self._pipeline.stop(at_once=not self.ledger.is_complete)
        take_in(ends, self.ledger)  # what came after the last image's result, if anything

    async def _drive(self, ends: Ends, shown: Watcher) -> None:
        async with Producer(self._pipeline.open_transport(), self._pipeline.queue(ROUTE[0])) as producer:
            await drive(producer, Feed(data.IMAGES, pace=self._pace), ends, self.ledger, shown)

    def _account(self, truth: Truth) -> int:
        summary = summarise(self.ledger, truth.digits)
        summary.write(self._summary_file)
        for line in explained(self.ledger, truth, self._console.encoding):
            self._console.print(line, markup=False)
        for line in figures(summary, self.ledger, self._folder / "results", self._summary_file):
            self._console.print(line, markup=False)
        if self._restarts:
            self._console.print(restarted(self._restarts), markup=False)
        if self.ledger.is_right:
            return 0
        for line in shortfall(self.ledger, self._folder / "logs"):
            self._console.print(line, markup=False)
        return FAILED
