"""Rendered Kubernetes objects, read into what a local run needs of them. Pure: no files, no processes.

Everything of a pod that is not read here is named in `unread`, so that a run can say what it does not honour.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from asya_cli.errors import CliError

Object = Mapping[str, Any]

ACTOR_LABEL = "asya.sh/actor"
_HOOK = "helm.sh/hook"
_WEIGHT = "helm.sh/hook-weight"
_BEFORE = ("pre-install", "pre-upgrade")
_TEST = "test"  # made by `helm test` alone, so nobody misses it
_POD_READ = {"containers", "initContainers", "volumes", "terminationGracePeriodSeconds", "restartPolicy"}
_CONTAINER_READ = {"name", "image", "command", "args", "env", "envFrom", "volumeMounts", "ports", "readinessProbe"}
_VOLUME_KINDS = {"emptyDir", "configMap", "secret", "persistentVolumeClaim"}


@dataclass(frozen=True, slots=True)
class Variable:
    """One environment variable: a literal `value`, or a `source` as Kubernetes writes `valueFrom`."""

    name: str
    value: str = ""
    source: Object | None = None


@dataclass(frozen=True, slots=True)
class Mount:
    """Where a container sees a volume, or with `sub_path` one file or folder of it."""

    path: str
    volume: str
    sub_path: str = ""


@dataclass(frozen=True, slots=True)
class Volume:
    """A volume of a pod. `kind` is Kubernetes' key for it, `source` what stands under that key."""

    name: str
    kind: str
    source: Object


@dataclass(frozen=True, slots=True)
class Container:
    """One container, as far as a process can stand for it. `ports` maps a port's name, or number, to its number."""

    name: str
    image: str
    command: tuple[str, ...]
    env: tuple[Variable, ...]
    env_from: tuple[Object, ...]
    mounts: tuple[Mount, ...]
    ports: Mapping[str, int]
    readiness: Object | None
    unread: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Workload:
    """A Deployment or a hook Job: an actor's name, its containers and volumes, and its grace period in seconds."""

    kind: str
    name: str
    actor: str
    containers: tuple[Container, ...]
    volumes: tuple[Volume, ...]
    grace: float
    weight: int
    unread: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Manifests:
    """What one release renders: Jobs to run first, Deployments, files; and what a local run leaves aside."""

    jobs: tuple[Workload, ...] = ()
    deployments: tuple[Workload, ...] = ()
    config_maps: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    left_aside: tuple[str, ...] = ()


def read_manifests(objects: Iterable[Object]) -> Manifests:
    """Read the objects that Helm rendered for one release.

    Jobs are those that Helm runs before an installation, in the order of their weights.
    Raises CliError for a pod without containers, since no chart of ours renders one.
    """
    jobs: list[Workload] = []
    deployments: list[Workload] = []
    config_maps: dict[str, Mapping[str, str]] = {}
    left: list[str] = []
    for each in objects:
        kind, name = str(each.get("kind")), str(each.get("metadata", {}).get("name"))
        if kind == "ConfigMap":
            config_maps[name] = dict(each.get("data") or {})
        elif kind == "Deployment" and not _hooks(each):
            deployments.append(_workload(kind, name, each))
        elif kind == "Job" and _hooks(each) & set(_BEFORE):
            jobs.append(_workload(kind, name, each))
        elif _hooks(each) != {_TEST}:
            left.append(f"{kind} {name}")
    ordered = tuple(sorted(jobs, key=lambda job: (job.weight, job.name)))
    return Manifests(ordered, tuple(deployments), config_maps, tuple(left))


def _workload(kind: str, name: str, object_: Object) -> Workload:
    template = object_["spec"]["template"]
    pod = template["spec"]
    labels = template.get("metadata", {}).get("labels") or {}
    runs, unread = _containers(pod)
    if not runs:
        raise CliError(f"{kind} {name} has no containers; it can't run; change the chart's values")
    return Workload(
        kind=kind,
        name=name,
        actor=str(labels.get(ACTOR_LABEL, name)),
        containers=tuple(_container(each) for each in runs),
        volumes=tuple(_volume(each) for each in pod.get("volumes") or ()),
        grace=float(pod.get("terminationGracePeriodSeconds", 30)),
        weight=int(_annotations(object_).get(_WEIGHT, 0)),
        unread=(*_unread(pod, _POD_READ), *unread, *_replicas(object_)),
    )


def _containers(pod: Object) -> tuple[list[Object], list[str]]:
    """Return the containers that run all the time, and the init containers that don't, as fields that are unread."""
    runs, unread = list(pod.get("containers") or ()), []
    for each in pod.get("initContainers") or ():
        if each.get("restartPolicy") == "Always":  # Kubernetes' own form of a sidecar
            runs.append({key: value for key, value in each.items() if key != "restartPolicy"})
        else:
            unread.append(f"initContainers[{each.get('name')}]")
    return runs, unread


def _container(container: Object) -> Container:
    return Container(
        name=str(container["name"]),
        image=str(container.get("image", "")),
        command=tuple(str(part) for part in (*(container.get("command") or ()), *(container.get("args") or ()))),
        env=tuple(_variable(each) for each in container.get("env") or ()),
        env_from=tuple(container.get("envFrom") or ()),
        mounts=tuple(_mount(each) for each in container.get("volumeMounts") or ()),
        ports=dict(_ports(container.get("ports") or ())),
        readiness=container.get("readinessProbe"),
        unread=tuple(_unread(container, _CONTAINER_READ)),
    )


def _variable(entry: Object) -> Variable:
    return Variable(str(entry["name"]), str(entry.get("value") or ""), entry.get("valueFrom"))


def _mount(entry: Object) -> Mount:
    return Mount(str(entry["mountPath"]).rstrip("/") or "/", str(entry["name"]), str(entry.get("subPath", "")))


def _volume(entry: Object) -> Volume:
    kind = next((key for key in entry if key != "name"), "emptyDir")
    return Volume(str(entry["name"]), kind, entry.get(kind) or {})


def _ports(entries: Iterable[Object]) -> Iterator[tuple[str, int]]:
    for entry in entries:
        number = int(entry["containerPort"])
        yield str(entry.get("name", number)), number


def _unread(fields: Object, read: set[str]) -> Iterator[str]:
    """Yield the fields that are set and that nothing here reads."""
    yield from (name for name, value in fields.items() if name not in read and value not in (None, {}, [], ""))
    for volume in fields.get("volumes") or ():
        if (kind := _volume(volume).kind) not in _VOLUME_KINDS:
            yield f"volumes[{volume.get('name')}].{kind}"


def _replicas(object_: Object) -> Iterator[str]:
    if object_["kind"] == "Deployment" and object_["spec"].get("replicas", 1) != 1:
        yield "replicas"


def _hooks(object_: Object) -> set[str]:
    return {each.strip() for each in str(_annotations(object_).get(_HOOK, "")).split(",") if each.strip()}


def _annotations(object_: Object) -> Object:
    return object_.get("metadata", {}).get("annotations") or {}
