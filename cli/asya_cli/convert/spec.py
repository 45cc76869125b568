"""The `spec` of an AsyncActor as values of the chart, with today's names. Pure."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any

from asya_cli.convert.known import Schema, take_unknown
from asya_cli.convert.notes import Notes
from asya_cli.convert.resiliency import modernise_resiliency
from asya_cli.convert.sidecar import take_sidecar
from asya_cli.convert.workload import lift_workload
from asya_core.durations import parse_duration

_CROSSPLANE = (
    "compositionRef",
    "compositionSelector",
    "compositionRevisionRef",
    "compositionRevisionSelector",
    "compositionUpdatePolicy",
    "compositeDeletePolicy",
    "publishConnectionDetailsTo",
    "resourceRef",
    "writeConnectionSecretToRef",
)
_COMPOSITION = "asyncactor-"
_DEFAULTS_2026 = {"maxReplicaCount": 10, "pollingInterval": 30, "cooldownPeriod": 300}
_SCALING = {"minReplicas": "minReplicaCount", "maxReplicas": "maxReplicaCount"}
_FIRST = ("actor", "flavor", "flavors", "image", "handler", "handlerMode")
_KEYS = {"ASYA_HANDLER": "handler", "ASYA_HANDLER_MODE": "handlerMode"}
_SETTLE = 30.0  # seconds that the chart leaves a stopping pod beyond its timeout
_TIMEOUT = "5m"


def values_of(spec: Mapping[str, Any], schema: Schema, notes: Notes) -> dict[str, Any]:
    """Return the values that mean the same as a manifest's `spec`; what has none goes to the notes.

    `schema` is the chart's.
    """
    values = copy.deepcopy(dict(spec))
    is_2025 = "workload" in values
    _take_composition(values)
    lift_workload(values, schema["properties"], notes)
    _rename(values)
    modernise_resiliency(values, notes)
    _take_environment(values, notes)
    take_sidecar(values, notes)
    _leave_unbuilt(values, schema, notes)
    _scale(values, is_2025=is_2025, notes=notes)
    _check_grace(values, notes)
    for path, near in take_unknown(values, schema):
        remedy = f"write {near} if that is meant" if near else "look for it in docs/reference/values.md"
        notes.leave(f"spec.{path}", "the chart has no such key", remedy)
    ordered = [*(key for key in _FIRST if key in values), *(key for key in values if key not in _FIRST)]
    return {key: values[key] for key in ordered if values[key] not in ({}, [], None)}


def _take_composition(values: dict[str, Any]) -> None:
    """Leave out what is Crossplane's, all but the transport, by which the original's compositions are called."""
    name = values.get("compositionRef", {}).get("name", "")
    if name.startswith(_COMPOSITION):
        values.setdefault("transport", name.removeprefix(_COMPOSITION))
    for key in [key for key in _CROSSPLANE if key in values]:
        del values[key]


def _rename(values: dict[str, Any]) -> None:
    scaling, timeout = values.get("scaling"), values.get("timeout")
    for old, new in _SCALING.items():
        if isinstance(scaling, dict) and scaling.get(old) is not None:
            scaling[new] = scaling.pop(old)
    if isinstance(timeout, dict) and timeout.get("processing") is not None:
        timeout["actor"] = timeout.pop("processing")


def _take_environment(values: dict[str, Any], notes: Notes) -> None:
    """Take our own variables out of the container's environment: they are keys here."""
    env = values.get("env")
    if not isinstance(env, list):
        return
    kept = []
    for entry in env:
        name, value = entry.get("name", ""), entry.get("value", "")
        if name in _KEYS and "valueFrom" in entry:
            notes.leave(
                f"spec.env.{name}", "its value comes from another object of the cluster", f"write {_KEYS[name]}"
            )
        elif name == "ASYA_HANDLER":
            values["handler"] = value
        elif name == "ASYA_HANDLER_MODE":
            values["handlerMode"] = str(value).lower() or "payload"
        elif name == "ASYA_LOG_LEVEL" or not name.startswith("ASYA_"):
            kept.append(entry)
        else:
            notes.leave(f"spec.env.{name}", "the runtime does not read it, or the chart sets it", "remove it")
    values["env"] = kept


def _leave_unbuilt(values: dict[str, Any], schema: Schema, notes: Notes) -> None:
    if values.pop("stateProxy", None):
        notes.leave("spec.stateProxy", "the state proxy is not built yet", "keep state outside of the actor")
    built = sorted(schema["properties"]["transports"]["properties"])
    transport = values.get("transport")
    if transport is not None and transport not in built:
        del values["transport"]
        notes.leave(
            "spec.transport",
            f"{transport} is not built yet",
            f"give an environment's file ({' or '.join(f'-f values/{name}.yaml' for name in built)})",
        )


def _scale(values: dict[str, Any], *, is_2025: bool, notes: Notes) -> None:
    """Write down the defaults of the manifest's own time where the chart has others."""
    scaling = values.get("scaling")
    if is_2025:
        if scaling is None:
            values["scaling"] = {"enabled": False}
        elif "enabled" not in scaling:
            notes.change(
                "spec.scaling.enabled",
                "it was false in 2025 unless given, and is true here",
                "KEDA scales the actor now; set it to false for a fixed number of pods",
            )
        return
    if values.get("flavors") or values.get("flavor"):
        # A flavor may say otherwise, and would be overruled.
        if scaling and all(scaling.get(key) == value for key, value in _DEFAULTS_2026.items()):
            notes.change(
                "spec.scaling",
                "it holds what the cluster filled in, and overrules the flavors, as it did there",
                "remove what you did not write",
            )
        return
    if (scaling or {}).get("enabled", True):
        values["scaling"] = {**(scaling or {}), **{k: v for k, v in _DEFAULTS_2026.items() if k not in (scaling or {})}}


def _check_grace(values: dict[str, Any], notes: Notes) -> None:
    """Leave out a grace period in which a running message could not finish."""
    timeout = values.get("timeout")
    if not isinstance(timeout, dict) or timeout.get("gracefulShutdown") is None:
        return
    try:
        least = parse_duration(str(timeout.get("actor", _TIMEOUT))) + _SETTLE
    except ValueError:
        return  # the chart says what is wrong with it
    if (given := timeout["gracefulShutdown"]) < least:
        del timeout["gracefulShutdown"]
        notes.leave(
            "spec.timeout.gracefulShutdown",
            f"{given} s is less than a message may run ({least - _SETTLE:g} s) and 30 s more",
            "leave it to the chart, which derives it",
        )
