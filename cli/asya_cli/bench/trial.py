"""A benchmark of one actor from start to end: a local run of its own, the actor, and an empty handler beside it."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from asya_cli.bench.limit import Setting
from asya_cli.bench.outcome import Outcome
from asya_cli.bench.rounds import Rounds
from asya_cli.bench.subject import SINK, Subject
from asya_cli.errors import CliError
from asya_cli.local.planning import Wish
from asya_cli.local.run import LocalRun
from asya_cli.local.running import STATE_DIR, Running
from asya_cli.local.sending import connected
from asya_cli.local.state import Folder
from asya_cli.local.substitution import RUNTIME, SIDECAR

EMPTY = "bench-empty"
"""Name of the actor that has the chart's built-in handler, which returns what it gets."""

_BELOW = "bench"


@dataclass(frozen=True, slots=True)
class Course:
    """How long to measure: rounds, and about how many seconds each; `step` is called after each round of the two."""

    rounds: int
    seconds: float
    step: Callable[[], None]


@contextmanager
def bench_run(wish: Wish, transport: str) -> Iterator[LocalRun]:
    """Run the actors for the length of a block, in a folder below that of the user's own run, whose Secrets they get.

    Raises CliError where they can't start.
    """
    folder = Folder(wish.work / STATE_DIR)
    folder.prepare()
    state_dir = folder.path / _BELOW
    state_dir.mkdir(mode=0o700, exist_ok=True)
    if Folder(state_dir).is_running():
        raise CliError(f"another `asya bench` runs in {wish.work}; wait for its end, or use another folder")
    secrets = state_dir / folder.secrets.name
    if not secrets.exists():
        secrets.symlink_to(Path("..") / folder.secrets.name)
    run = LocalRun(wish, state_dir=state_dir, transport=transport, fresh=True)
    run.start()
    try:
        yield run
    finally:
        run.stop(at_once=True)  # nobody wants what may be left in the queues


async def measure(run: Running, actor: str, payload: bytes, course: Course) -> Outcome:
    """Let the actor and the empty handler drain their queues in turn. Raises CliError where messages fail."""
    subject, empty = Subject(run, actor, payload), Subject(run, EMPTY, payload)
    setting = setting_of(subject)
    async with connected(run.open_transport()) as transport:
        both = [Rounds(run, each, transport, course.seconds, len(payload)) for each in (subject, empty)]
        for rounds in both:
            await rounds.warm_up()
        for _ in range(course.rounds):
            for rounds in both:
                await rounds.go()
                course.step()
        await transport.delete(run.queue(SINK))
    return Outcome(actor, run.info.transport, len(payload), setting, both[0].samples, both[1].samples)


def setting_of(subject: Subject) -> Setting:
    """Read what the chart made of the values that decide how much an actor takes at once."""
    prefetch = subject.setting(SIDECAR, "ASYA_PREFETCH")
    return Setting(
        concurrency=int(subject.setting(RUNTIME, "ASYA_CONCURRENCY")),
        batch=int(subject.setting(RUNTIME, "ASYA_BATCH_MAX_SIZE")),
        prefetch=int(prefetch) if prefetch.isdecimal() else None,
        has_orjson=_has_orjson(subject.python),
    )


def _has_orjson(python: str) -> bool:
    return subprocess.run([python, "-c", "import orjson"], capture_output=True, check=False).returncode == 0
