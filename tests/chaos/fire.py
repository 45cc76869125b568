"""One run under fire: a pipeline of real processes, messages through it, deeds against it, and the account."""

from __future__ import annotations

import asyncio
import dataclasses
import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from msgspec import structs

from asya_cli.local.actors import read_actors
from asya_cli.local.endings import last_lines
from asya_cli.local.plan import Backoff, ProcessPlan, write_plan
from asya_cli.local.planning import Planned, Wish
from asya_cli.local.run import LocalRun
from asya_cli.local.sending import connected
from asya_cli.local.substitution import RUNTIME, SIDECAR
from asya_core.errors import TransportError
from asya_core.objects import open_store
from asya_core.route import ENDS
from asya_core.transports import Transport
from asya_core.transports.nats.streams import LEASE_SECONDS
from tests.chaos.acts import DEEDS, SPARED, Heat, Victim, plan_acts
from tests.chaos.assault import Assault
from tests.chaos.delayed import count_delayed
from tests.chaos.evidence import count_dropped, ended_names, read_claims, read_ends, read_executions
from tests.chaos.handlers.steps import NOTES
from tests.chaos.ledger import Evidence, Ledger, Run, count_lost, draw_up
from tests.chaos.messages import ROUTE, make_messages
from tests.chaos.network import Network
from tests.chaos.producer import Producer
from tests.chaos.removal import SOURCES

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
IN_ORDER = (*ROUTE, "refine", *ENDS)
"""Actors as messages come to them, so that none is overlooked by looking at one queue after the other."""

SQS_LEASE_SECONDS = 10.0
"""How long a message stays hidden from others on SQS, where that is set: shorter than by default, for shorter runs."""

LONG_FREEZE = LEASE_SECONDS + 5.0
"""Seconds after which whoever stood still has lost what it held, on every broker: none waits longer."""

LONG_FREEZES = {"sqs": SQS_LEASE_SECONDS + 5.0}
"""The same where less is enough."""

_INTERVAL = 0.5
_LOOKS_UNTIL_CERTAIN = 10
"""Looks in a row at which messages must be missing before nobody waits for them any more."""

Tell = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Settings:
    """How hot the fire is. `seconds`: over which messages are sent and deeds done; `patience`: to wait after that.

    `freeze`: how many seconds a process stands still, or its network, at most; beyond the lease of what it holds if
    nothing else is said. `careless` puts a sidecar of the negative control in, and says which.
    """

    folder: Path
    transport: str
    seed: int
    messages: int
    acts: int
    seconds: float
    victims: tuple[Victim, ...] = tuple(DEEDS)
    freeze: float = LONG_FREEZE
    patience: float = 300.0
    careless: str = ""


class Pipeline(LocalRun):
    """The pipeline under fire, in a folder of its own."""

    def __init__(self, settings: Settings) -> None:
        work = settings.folder / "work"
        wish = Wish(
            work=work,
            actors=read_actors(["actors"], HERE),
            values_files=[HERE / "resiliency.yaml"],
            backoff=Backoff(first=0.1, longest=1.0),
        )
        super().__init__(wish, state_dir=settings.folder / "run", transport=settings.transport, fresh=True)
        self.notes = work / NOTES
        self.network = Network(IN_ORDER)
        self._careless = settings.careless

    def prepare(self) -> Planned:
        """Render the plan, with the sidecars behind the network, and careless ones where those are wanted."""
        if not self.folder.is_running():  # else that run needs its files, and this one is refused
            shutil.rmtree(self._wish.work, ignore_errors=True)
            shutil.copytree(HERE / "handlers", self._wish.work, ignore=shutil.ignore_patterns("__pycache__"))
        planned = super().prepare()
        self.network.attach(planned.info.broker_url)
        processes = [self._changed(each, planned.info.broker_url) for each in planned.plan.processes]
        plan = structs.replace(planned.plan, processes=processes)
        write_plan(plan, self.folder.plan)
        return dataclasses.replace(planned, plan=plan)

    def stop(self, *, at_once: bool = False) -> None:
        """End the run, then its network."""
        try:
            super().stop(at_once=at_once)
        finally:
            self.network.close()

    def last_words(self) -> list[str]:
        """Return the ends of all logs, for whoever wants to know what went wrong."""
        logs = sorted(self.folder.logs.glob("*.log"))
        return [line for log in logs for line in (f"--- {log.name}", *last_lines(log))]

    def _changed(self, process: ProcessPlan, broker_url: str) -> ProcessPlan:
        """Return the same process, if it is a sidecar with its way to the broker led through the network."""
        if process.container != SIDECAR:
            return process
        env = {name: self.network.lead(process.actor, broker_url, value) for name, value in process.env.items()}
        env["ASYA_SQS_VISIBILITY_TIMEOUT"] = f"{SQS_LEASE_SECONDS:g}s"
        if not self._careless or process.actor in ENDS:
            return structs.replace(process, env=env)
        argv = [process.argv[0], "-m", "tests.chaos.careless_sidecar", self._careless]
        return structs.replace(process, argv=argv, env={**env, "PYTHONPATH": str(ROOT)})


class Fire:
    """A run, from the first process to the account."""

    def __init__(self, settings: Settings, tell: Tell) -> None:
        self._settings = settings
        self._tell = tell
        self._messages = make_messages(settings.seed, settings.messages)
        self._pipeline = Pipeline(settings)
        self._queued = 0
        self._producer: Producer | None = None

    def burn(self) -> tuple[Ledger, list[str]]:
        """Run it all and return the account, and what is wrong with it. Raises CliError when nothing starts."""
        with self._pipeline:
            self._tell(f"{len(self._pipeline.state.processes)} processes are ready")
            asyncio.run(self._flow())
        return draw_up(Run(self._settings.transport, self._settings.seed, self._messages), self._evidence())

    def last_words(self) -> list[str]:
        """Return the ends of all logs."""
        return self._pipeline.last_words()

    async def _flow(self) -> None:
        settings, pipeline = self._settings, self._pipeline
        heat = Heat(
            IN_ORDER,
            tuple(SOURCES),
            settings.victims,
            settings.acts,
            settings.seconds,
            settings.freeze,
            SPARED.get(settings.transport, frozenset()),
        )
        acts = plan_acts(settings.seed, heat)
        async with connected(pipeline.open_transport()) as transport:
            self._producer = Producer(transport, pipeline.queue(ROUTE[0]))
            assault = Assault(pipeline, pipeline.network, transport, self._tell)
            async with asyncio.TaskGroup() as group:
                group.create_task(self._producer.send(self._messages, settings.seconds))
                group.create_task(assault.carry_out(acts))
            self._tell(f"all is sent, and {len(acts)} deeds are done")
            await self._settle(transport)

    async def _settle(self, transport: Transport) -> None:
        """Wait until nothing is queued and nothing missing; not for what is certainly lost, and not for ever."""
        until, bad_looks = time.monotonic() + self._settings.patience, 0
        while time.monotonic() < until and bad_looks < _LOOKS_UNTIL_CERTAIN:
            queued = await self._look(transport)
            ended = ended_names(self._pipeline.results)
            if queued is not None:
                self._queued = queued
                bad_looks = bad_looks + 1 if count_lost(self._messages, ended, queued) else 0
                if not queued and not bad_looks:
                    return
            await asyncio.sleep(_INTERVAL)

    async def _look(self, transport: Transport) -> int | None:
        """Return how many messages all queues hold, or None while the broker does not say."""
        delayed = await asyncio.to_thread(count_delayed, self._pipeline.info.environ)
        try:
            ready = sum([(await transport.depth(self._pipeline.queue(actor))).total for actor in IN_ORDER])
        except TransportError:
            return None
        return None if delayed is None else ready + delayed

    def _evidence(self) -> Evidence:
        pipeline = self._pipeline
        return Evidence(
            stored=read_ends(pipeline.results),
            claims=read_claims(open_store(pipeline.info.results)),
            queued=self._queued,
            copies=self._producer.copies if self._producer else {},
            executions=read_executions(pipeline.notes),
            dropped=count_dropped(pipeline.folder.logs / f"{end}.{RUNTIME}.log" for end in ENDS),
        )
