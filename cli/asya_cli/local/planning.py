"""From actors to a plan: rendered by their charts, substituted, and written under `.asya/`."""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from asya_cli.assets import Assets
from asya_cli.errors import CliError
from asya_cli.local.actors import Actor
from asya_cli.local.brokers import Broker
from asya_cli.local.large_payloads import CLAIM, STORE, threshold_below
from asya_cli.local.manifests import Manifests, read_manifests
from asya_cli.local.overruled import Overruled, find_overruled
from asya_cli.local.paths import Places
from asya_cli.local.plan import Backoff, Job, Plan
from asya_cli.local.ports import FreePorts
from asya_cli.local.render import NAMESPACE, Release, render
from asya_cli.local.state import ActorInfo, Folder, RunInfo
from asya_cli.local.substitution import RUNTIME, SIDECAR, Local, Machine, substitute
from asya_core.route import ENDS, ERROR_END, HAPPY_END

CREW = "crew"
"""Name of the release that holds the end actors."""

_LONGEST_SOCKET = 100  # characters of a Unix socket's path; Linux takes 107, others less
_ROOM_FOR_SOCKET = 40  # of them below an actor's volumes: the volume's name and the socket's
_RUNTIME_IN_IMAGE = "/opt/asya/asya_runtime"


@dataclass(frozen=True, slots=True)
class Wish:
    """What somebody wants to run: actors, and values for all of them, the strongest last.

    `work` is the folder that stands for the content of their images, `python` the interpreter for their code. `store`
    is the URL of the place for results and errors, by default a folder of the run's.
    """

    work: Path
    actors: Sequence[Actor]
    values_files: Sequence[Path] = ()
    sets: Sequence[str] = ()
    python: str = sys.executable
    store: str = ""
    ready_timeout: float = 60.0
    backoff: Backoff = field(default_factory=Backoff)


@dataclass(frozen=True, slots=True)
class Planned:
    """A plan, what stays the same for the run's life, and what differs from a cluster, a line each.

    `overruled` are the actors whose values name another transport than the run's.
    """

    plan: Plan
    info: RunInfo
    notes: Sequence[str]
    unread: Sequence[str]
    overruled: Sequence[Overruled] = ()


@dataclass(slots=True)
class _Stand:
    """What stands for one release: its hook Jobs in order, and its actors."""

    jobs: list[Job] = field(default_factory=list)
    actors: dict[str, Local] = field(default_factory=dict)
    grace: float = 0.0
    notes: list[str] = field(default_factory=list)
    unread: list[str] = field(default_factory=list)


class Planner:
    """Makes the plan of one run in one folder."""

    def __init__(self, wish: Wish, folder: Folder, broker: Broker, assets: Assets, free_port: FreePorts) -> None:
        self._wish = wish
        self._folder = folder
        self._broker = broker
        self._assets = assets
        self._free_port = free_port
        self._secrets = read_secrets(folder.secrets)
        self._overruled: list[Overruled] = []
        self._volumes = volumes_folder(folder.actors, [*(actor.name for actor in wish.actors), *ENDS])

    def plan(self) -> Planned:
        """Render every actor and the crew, and put processes in place of their containers.

        Files that the processes need are written. Raises CliError when a chart refuses, or renders what can't run here.
        """
        stands = self._actors()
        stands.append(self._crew(one_prefix(stands)))
        actors = [local for stand in stands for local in stand.actors.values()]
        plan = Plan(
            broker=self._broker.process,
            broker_check=self._broker.check,
            jobs=[stand.jobs for stand in stands if stand.jobs],
            processes=[process for local in actors for process in local.processes],
            checks=[check for local in actors for check in local.checks],
            ends=list(ENDS),
            ready_timeout=self._wish.ready_timeout,
            grace=max(stand.grace for stand in stands),
            backoff=self._wish.backoff,
            parallel_jobs=max(2, os.cpu_count() or 1),
            scratch="" if self._volumes.is_relative_to(self._folder.path) else str(self._volumes),
        )
        notes = [*self._broker.notes, *(each.note for each in self._overruled)]
        notes += [note for stand in stands for note in stand.notes]
        unread = [name for stand in stands for name in stand.unread]
        return Planned(plan, self._info(stands), notes, unread, self._overruled)

    def _actors(self) -> list[_Stand]:
        releases = [self._release_of(actor) for actor in self._wish.actors]
        with ThreadPoolExecutor(max_workers=os.cpu_count()) as pool:
            rendered = list(pool.map(self._rendered, releases))
            overruled = list(pool.map(self._find_overruled, releases))
        self._overruled = [each for each in overruled if each]
        return [
            self._stand(manifests, actor.python or self._wish.python, self._wish.work)
            for actor, manifests in zip(self._wish.actors, rendered, strict=True)
        ]

    def _release_of(self, actor: Actor) -> Release:
        files, sets = ((), ()) if actor.alone else (self._wish.values_files, self._wish.sets)
        return self._release(actor.name, "actor", [self._assets.values / "local.yaml", *files, actor.values], sets)

    def _crew(self, prefix: str) -> _Stand:
        """Plan the end actors: they serve the queue prefix that the actors share, and store where that is wanted."""
        store = {"url": self._wish.store} if self._wish.store else {"existingClaim": self._folder.results.name}
        own: Mapping[str, Any] = {"queues": {"prefix": prefix}, "store": store}
        release = self._release(CREW, CREW, [self._assets.values / "local.yaml", own], ())
        return self._stand(self._rendered(release), sys.executable, None)

    def _release(
        self, name: str, chart: str, values: Sequence[Path | Mapping[str, Any]], sets: Sequence[str]
    ) -> Release:
        strongest = [f"{path}={value}" for path, value in {**self._broker.chart_values, **STORE}.items()]
        return Release(name, self._assets.chart(chart), values, [*sets, *threshold_below(values, sets)], strongest)

    def _rendered(self, release: Release) -> Manifests:
        return read_manifests(render(release, self._folder.rendered))

    def _find_overruled(self, release: Release) -> Overruled | None:
        return find_overruled(release, self._broker.transport, self._folder.rendered)

    def _stand(self, manifests: Manifests, python: str, work: Path | None) -> _Stand:
        stand = _Stand(unread=list(manifests.left_aside))
        for workload in manifests.jobs:
            local = substitute(workload, manifests, self._machine(workload.name, python, work))
            stand.jobs.append(Job(name=workload.name, actor=workload.actor, processes=local.processes))
            self._keep(local, stand)
        for workload in manifests.deployments:
            local = substitute(workload, manifests, self._machine(workload.actor, python, work))
            stand.actors[workload.actor] = local
            stand.grace = max(stand.grace, workload.grace)
            self._keep(local, stand)
        return stand

    def _machine(self, name: str, python: str, work: Path | None) -> Machine:
        is_crew = work is None
        return Machine(
            places=Places(
                volumes=self._volumes / name,
                files=self._folder.actors / name / "containers",
                secrets=self._folder.secrets,
                # The crew's only claim is the store, and results lie where people look for them.
                claims=self._folder.path if is_crew else self._folder.claims,
                own_claims={CLAIM: self._folder.payloads},
            ),
            logs=self._folder.logs,
            work=work,
            python=python,
            own_python=sys.executable,
            namespace=NAMESPACE,
            image_content={_RUNTIME_IN_IMAGE: str(self._assets.runtime / "asya_runtime")},
            secrets=self._secrets,
            free_port=self._free_port,
        )

    def _keep(self, local: Local, stand: _Stand) -> None:
        for path in local.folders:
            path.mkdir(parents=True, exist_ok=True)
        for file in local.files:
            file.path.parent.mkdir(parents=True, exist_ok=True)
            file.path.write_text(file.content, encoding="utf-8")
        stand.notes += local.notes
        stand.unread += local.unread

    def _info(self, stands: Sequence[_Stand]) -> RunInfo:
        actors = {name: local for stand in stands for name, local in stand.actors.items()}
        prefix = one_prefix(stands)
        return RunInfo(
            transport=self._broker.transport,
            broker_url=self._broker.url,
            environ=dict(self._broker.environ),
            actors=[
                ActorInfo(
                    name=name, queue=prefix + name, metrics=local.addresses.get("metrics", ""), is_end=name in ENDS
                )
                for name, local in actors.items()
            ],
            results=variable(actors[HAPPY_END], RUNTIME, "ASYA_STORE_URL"),
            happy_prefix=variable(actors[HAPPY_END], RUNTIME, "ASYA_STORE_PREFIX"),
            error_prefix=variable(actors[ERROR_END], RUNTIME, "ASYA_STORE_PREFIX"),
            is_forgetful=self._broker.is_forgetful,
        )


def one_prefix(stands: Iterable[_Stand]) -> str:
    """Return the queue prefix that all actors have. Raises CliError when there are two."""
    prefixes = {
        variable(local, SIDECAR, "ASYA_QUEUE_PREFIX"): name for stand in stands for name, local in stand.actors.items()
    }
    if len(prefixes) != 1:
        named = ", ".join(f"{name} has {prefix!r}" for prefix, name in sorted(prefixes.items()))
        raise CliError(f"the actors' queues have different prefixes ({named}); they can't reach each other; set one")
    return next(iter(prefixes))


def variable(local: Local, container: str, name: str) -> str:
    """Return a variable of one of an actor's containers. Raises CliError when the chart does not set it."""
    for process in local.processes:
        if process.container == container and name in process.env:
            return process.env[name]
    raise CliError(
        f"the chart renders no {name} for container {container}; this version can't run it; use a chart of its own"
    )


def read_secrets(folder: Path) -> dict[str, dict[str, str]]:
    """Return the Secrets that the user keeps as files `<folder>/<secret>/<key>`; a final newline does not count."""
    return {
        secret.name: {
            key.name: key.read_text(encoding="utf-8").removesuffix("\n") for key in secret.iterdir() if key.is_file()
        }
        for secret in folder.iterdir()
        if secret.is_dir()
    }


def volumes_folder(wanted: Path, actors: Sequence[str]) -> Path:
    """Return where pods' volumes go: `wanted`, or a folder with a short path where sockets there could not be made."""
    longest = max(len(name) for name in actors)
    if len(str(wanted)) + longest + _ROOM_FOR_SOCKET <= _LONGEST_SOCKET:
        return wanted
    return Path(tempfile.mkdtemp(prefix="asya-"))
