"""The `workload` of a 2025 manifest, whose pod template becomes keys of the values. Pure."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from asya_cli.convert.notes import Notes

RUNTIME = "asya-runtime"
_CONTAINER = ("image", "imagePullPolicy", "env", "resources", "volumeMounts")
_KNOWN = {"kind", "replicas", "pythonExecutable", "template"}
_OURS = ("command", "args", "securityContext")
_SECURITY = {"runAsUser", "runAsGroup", "fsGroup"}
_TEMPLATE = "spec.workload.template"


def lift_workload(values: dict[str, Any], keys: Collection[str], notes: Notes) -> None:
    """Move what the chart has keys of its own for out of `workload`, in place; what is left there stays.

    `keys` are the chart's top-level keys. The chart reads both places alike, so this only makes the file plain.
    """
    workload = values.pop("workload", None)
    if not isinstance(workload, dict):
        return
    for key in ("replicas", "pythonExecutable"):
        if workload.get(key) is not None:
            values[key] = workload[key]
    if workload.get("kind", "Deployment") != "Deployment":
        notes.leave("spec.workload.kind", f"{workload['kind']} is not supported", "an actor is a Deployment")
    for key in sorted(workload.keys() - _KNOWN):
        notes.leave(f"spec.workload.{key}", "it was never read", "use volumes and volumeMounts")
    template = workload.get("template") or {}
    _lift_metadata(values, template.get("metadata") or {}, notes)
    if rest := _lift_pod(values, dict(template.get("spec") or {}), keys, notes):
        values["workload"] = {"template": {"spec": rest}}


def _lift_metadata(values: dict[str, Any], metadata: dict[str, Any], notes: Notes) -> None:
    for source, key in (("labels", "podLabels"), ("annotations", "podAnnotations")):
        if metadata.get(source):
            values[key] = {**metadata[source], **values.get(key, {})}
    for source in sorted(metadata.keys() - {"labels", "annotations", "creationTimestamp"}):
        notes.leave(f"{_TEMPLATE}.metadata.{source}", "a pod's name and place come from its Deployment", "remove it")


def _lift_pod(values: dict[str, Any], pod: dict[str, Any], keys: Collection[str], notes: Notes) -> dict[str, Any]:
    """Return what of the pod has no key of its own."""
    containers = list(pod.pop("containers", None) or ())
    if pod.pop("restartPolicy", "Always") != "Always":
        notes.leave(f"{_TEMPLATE}.spec.restartPolicy", "pods of a Deployment always restart", "remove it")
    if grace := pod.pop("terminationGracePeriodSeconds", None):
        values.setdefault("timeout", {}).setdefault("gracefulShutdown", grace)
    _lift_security(values, pod, notes)
    if account := pod.pop("serviceAccount", None):
        pod.setdefault("serviceAccountName", account)  # its old name, by which the chart has something else
    for key in [key for key in pod if key in keys and key not in values]:
        values[key] = pod.pop(key)
    if rest := [each for each in (_rest(values, container, notes) for container in containers) if each]:
        pod["containers"] = rest if any(each["name"] == RUNTIME for each in rest) else [{"name": RUNTIME}, *rest]
    return pod


def _lift_security(values: dict[str, Any], pod: dict[str, Any], notes: Notes) -> None:
    context = dict(pod.pop("securityContext", None) or {})
    if ids := {key: context.pop(key) for key in sorted(_SECURITY & context.keys())}:
        values["security"] = ids
    for key in sorted(context):
        notes.leave(
            f"{_TEMPLATE}.spec.securityContext.{key}",
            "the chart sets it so that pods pass the restricted Pod Security Standard",
            "look whether the image runs with it",
        )


def _rest(values: dict[str, Any], container: dict[str, Any], notes: Notes) -> dict[str, Any] | None:
    """Return what must stay of a container; nothing where all of it has keys of its own."""
    if container.get("name") != RUNTIME:
        return container
    rest = {key: value for key, value in container.items() if key not in _CONTAINER}
    values.update({key: container[key] for key in _CONTAINER if key in container})
    for key in [key for key in _OURS if rest.pop(key, None) is not None]:
        remedy = "handler says what to call" if key != "securityContext" else "security says who runs it"
        notes.leave(f"{_TEMPLATE}.spec.containers[{RUNTIME}].{key}", "the chart sets it", remedy)
    return rest if len(rest) > 1 else None
