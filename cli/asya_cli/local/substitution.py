"""What stands for a pod on this machine: processes in place of containers, and the complete list of differences. Pure.

Substituted are mount paths, the interpreter, ports, Secrets, and what an image holds. Nothing else is changed; what
can't be honoured at all is named.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from asya_cli.errors import CliError
from asya_cli.local.environment import Keys, Sources
from asya_cli.local.manifests import Container, Manifests, Object, Workload
from asya_cli.local.paths import File, Places, local_paths, needed_files, needed_folders, replace_paths
from asya_cli.local.plan import Check, ProcessPlan

RUNTIME = "asya-runtime"
"""Name of the container that holds the user's code."""

SIDECAR = "asya-sidecar"
"""Name of the container beside it, which talks to the broker."""

_PYTHON = re.compile(r"python[0-9.]*")
_OPEN_ADDRESS = re.compile(r"(?:0\.0\.0\.0|\[::\]|127\.0\.0\.1|localhost)?:([0-9]{1,5})")


@dataclass(frozen=True, slots=True)
class Machine:
    """What this machine gives to one actor in place of a node, an image and a cluster.

    `work` is the folder that stands for the content of the user's image, or None where the image is one of ours;
    `python` and `own_python` are the interpreters for the user's code and for ours; `image_content` maps paths inside
    our runtime's image to this installation's; `free_port` gives a port that nobody listens on.
    """

    places: Places
    logs: Path
    work: Path | None
    python: str
    own_python: str
    namespace: str
    image_content: Mapping[str, str]
    secrets: Keys
    free_port: Callable[[], int]


@dataclass(slots=True)
class Local:
    """What stands for a workload: processes, checks of their readiness, and the files and folders they need.

    `addresses` maps the names of ports to `host:port`; `notes` are the substitutions, a line each; `unread` names
    fields that are not honoured.
    """

    processes: list[ProcessPlan] = field(default_factory=list)
    checks: list[Check] = field(default_factory=list)
    files: list[File] = field(default_factory=list)
    folders: list[Path] = field(default_factory=list)
    addresses: dict[str, str] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    unread: list[str] = field(default_factory=list)


def substitute(workload: Workload, manifests: Manifests, machine: Machine) -> Local:
    """Return what stands for the workload. Raises CliError where a container of ours can't run here."""
    local = Local(unread=[f"{workload.kind} {workload.name}: {each}" for each in workload.unread])
    for container in workload.containers:
        if workload.kind == "Job" or container.name in (RUNTIME, SIDECAR):
            _Substitution(workload, container, manifests, machine).add_to(local)
        else:
            local.unread.append(
                f"{workload.kind} {workload.name}: containers[{container.name}], whose image is not here"
            )
    return local


class _Substitution:
    """The substitutions of one container."""

    def __init__(self, workload: Workload, container: Container, manifests: Manifests, machine: Machine) -> None:
        self._workload = workload
        self._container = container
        self._manifests = manifests
        self._machine = machine
        content = machine.image_content if container.name == RUNTIME else {}
        self._paths = {**content, **local_paths(workload, container, machine.places)}
        self._ports = {number: machine.free_port() for number in container.ports.values()}

    def add_to(self, local: Local) -> None:
        env, unread = self._sources().variables(self._container)
        env = {name: self._replaced(value) for name, value in env.items()}
        process = ProcessPlan(
            actor=self._workload.actor,
            container=self._container.name,
            argv=self._argv(self._container.command),
            env=env,
            cwd=str(self._cwd()),
            log=str(self._machine.logs / f"{self._workload.actor}.{self._container.name}.log"),
        )
        places, config_maps = self._machine.places, self._manifests.config_maps
        local.processes.append(process)
        local.files += needed_files(self._workload, self._container, places, config_maps)
        local.folders += [*needed_folders(self._workload, self._container, places), self._cwd()]
        local.addresses |= {name: self._address(number) for name, number in self._container.ports.items()}
        fields = (*self._container.unread, *unread, *self._add_check(process, local))
        local.unread += (f"{process.title}: {each}" for each in fields)
        local.notes += self._notes()

    def _argv(self, command: tuple[str, ...]) -> list[str]:
        if not command:
            raise CliError(
                f"container {self._container.name} of {self._workload.name} has no command; what its image "
                f"{self._container.image!r} would run is not known here; give it a command in its values"
            )
        program = self._interpreter() if self._is_python(command[0]) else command[0]
        return [program, *(self._replaced(part) for part in command[1:])]

    def _interpreter(self) -> str:
        return self._machine.python if self._container.name == RUNTIME else self._machine.own_python

    def _is_python(self, program: str) -> bool:
        return _PYTHON.fullmatch(PurePosixPath(program).name) is not None

    def _cwd(self) -> Path:
        """Return what stands for the image's working directory; our own code never runs in the user's folder."""
        return self._work() or self._machine.places.files / self._container.name / "work"

    def _work(self) -> Path | None:
        """Return the user's folder where it stands for the image's content."""
        return self._machine.work if self._container.name == RUNTIME else None

    def _replaced(self, text: str) -> str:
        if (found := _OPEN_ADDRESS.fullmatch(text)) and int(found.group(1)) in self._ports:
            return self._address(int(found.group(1)))
        return replace_paths(text, self._paths)

    def _address(self, number: int) -> str:
        return f"127.0.0.1:{self._ports[number]}"

    def _sources(self) -> Sources:
        fields = {
            "metadata.name": f"{self._workload.name}-0",
            "metadata.namespace": self._machine.namespace,
            "spec.nodeName": "localhost",
            "status.hostIP": "127.0.0.1",
            "status.podIP": "127.0.0.1",
        }
        return Sources(self._manifests.config_maps, self._machine.secrets, fields, str(self._machine.places.secrets))

    def _add_check(self, process: ProcessPlan, local: Local) -> Iterator[str]:
        """Take the readiness probe over; yield it where it is of a kind that can't be asked here."""
        probe = self._container.readiness
        if probe is None:
            return
        if "httpGet" in probe:
            url = self._url(probe["httpGet"])
            local.checks.append(Check(actor=process.actor, container=process.container, url=url))
        elif "exec" in probe:
            argv = self._argv(tuple(str(part) for part in probe["exec"]["command"]))
            local.checks.append(Check(actor=process.actor, container=process.container, argv=argv, env=process.env))
        else:
            yield "readinessProbe"

    def _url(self, get: Object) -> str:
        number = self._container.ports.get(str(get["port"]), get["port"])
        address = self._address(int(number)) if int(number) in self._ports else f"127.0.0.1:{number}"
        return f"http://{address}{get.get('path', '/')}"

    def _notes(self) -> Iterator[str]:
        where = f"{self._workload.actor}/{self._container.name}"
        yield f"{where}: image {self._container.image} -> {self._work() or 'this installation of asya'}"
        if self._is_python(self._container.command[0]):
            yield f"{where}: interpreter {self._container.command[0]} -> {self._interpreter()}"
        for mounted, ours in sorted(self._paths.items()):
            yield f"{where}: path {mounted} -> {ours}"
        for number, port in self._ports.items():
            yield f"{where}: port {number} -> {port} on 127.0.0.1 alone"
