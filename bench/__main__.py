"""`python -m bench`: measures everything in one run and writes results.json, the tables of README.md and ratios.svg."""

from __future__ import annotations

import argparse
import signal
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from asya_cli.errors import CliError
from bench import rows as results
from bench.benches import BENCHES, QUICK
from bench.effort import Effort
from bench.machine import commit, describe_machine, describe_versions
from bench.picture import draw
from bench.report import replace_figures
from bench.rows import Results, Row
from bench.stage import SYSTEMS, open_stage
from tools.prepare import PreparationError

HERE = Path(__file__).resolve().parent
QUICK_SECONDS = 150.0
"""After so many seconds a quick run begins no further round."""

_BEGAN = time.monotonic()
_FAILURES = (CliError, PreparationError, RuntimeError)


@dataclass(frozen=True, slots=True)
class Wanted:
    """What to measure, how long, and where to write it."""

    benches: Sequence[str]
    effort: Effort
    folder: Path
    systems: Sequence[str] | None = None


def main(arguments: Sequence[str]) -> int:
    """Measure; return the exit code. Whoever is asked to end ends all that was started first."""
    signal.signal(signal.SIGTERM, lambda number, _: sys.exit(128 + number))
    wanted = read(arguments)
    failed: list[str] = []
    try:
        found = run(wanted, failed)
    except _FAILURES as error:
        tell_failure("no bench can run", error)
        return 1
    publish(found, wanted.folder)
    if failed:
        tell(f"error: these benches failed, so their rows are missing: {', '.join(failed)}")
    return 1 if failed else 0


def read(arguments: Sequence[str]) -> Wanted:
    """Read the command line."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    add = parser.add_argument
    add("--quick", action="store_true", help="messages a second with 1 KB and 64 KB alone, in under 3 minutes")
    add("--only", nargs="+", choices=tuple(BENCHES), help="some benches instead of all of them")
    add("--systems", nargs="+", choices=SYSTEMS, help="some systems instead of all of them")
    add("--rounds", type=int, default=5, help="rounds of each system (default: 5)")
    add("--seconds", type=float, default=None, help="about how long a round works (default: 2, quick: 0.7)")
    add("--folder", type=Path, default=HERE, help="where results.json, README.md and ratios.svg are written")
    given = parser.parse_args(arguments)
    try:
        given.folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        parser.error(f"--folder {given.folder}: {error.strerror}; give a folder that can be written to")
    seconds = given.seconds or (0.7 if given.quick else 2.0)
    benches = given.only or (QUICK if given.quick else tuple(BENCHES))
    until = _BEGAN + QUICK_SECONDS if given.quick else None
    return Wanted(benches, Effort(given.rounds, seconds, given.quick, until), given.folder, given.systems)


def run(wanted: Wanted, failed: list[str]) -> Results:
    """Run the benches one after the other and return all that they have found; name those that `failed`."""
    machine = describe_machine()
    found: list[Row] = []
    with open_stage(tell, wanted.systems) as stage:
        versions = describe_versions(stage.environments, stage.broker.version())
        for name in wanted.benches:
            tell(f"--- {name}")
            try:
                found += BENCHES[name](stage, wanted.effort, found)
            except _FAILURES as error:
                failed.append(name)
                tell_failure(f"the bench {name}", error)
    return Results(machine=machine, versions=versions, commit=commit(), rows=found)


def publish(found: Results, folder: Path) -> None:
    """Write the three files."""
    results.write(found, folder / "results.json")
    page = folder / "README.md"
    written = (page if page.exists() else HERE / "README.md").read_text(encoding="utf-8")
    page.write_text(replace_figures(written, found), encoding="utf-8")
    (folder / "ratios.svg").write_text(draw(found.rows), encoding="utf-8")
    tell(f"wrote results.json, README.md and ratios.svg in {folder}")


def tell_failure(what: str, error: Exception) -> None:
    """Print what failed and why, with the output of whatever failed."""
    tell(f"error: {what}: {error}\n{getattr(error, 'detail', '')}".rstrip())


def tell(line: str) -> None:
    """Print a line with the time since the start."""
    sys.stdout.write(f"{time.monotonic() - _BEGAN:6.1f} s  {line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
