"""One AsyncActor manifest as a values file and the command that installs it. Pure."""

from __future__ import annotations

import json
import shlex
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import yaml

from asya_cli.convert.documents import Manifest
from asya_cli.convert.known import Schema
from asya_cli.convert.notes import Notes
from asya_cli.convert.shape import misshapen, without_nulls
from asya_cli.convert.spec import values_of
from asya_cli.errors import MisuseError

END_ACTORS = ("happy-end", "error-end", "x-sink", "x-sump")
"""The actors that a message ends in, by their names of 2025 and 2026; here the chart `crew` brings them."""

_LONGEST_RELEASE = 53  # characters that Helm allows
_OF_THE_CLUSTER = {
    "creationTimestamp",
    "deletionGracePeriodSeconds",
    "deletionTimestamp",
    "finalizers",
    "generateName",
    "generation",
    "managedFields",
    "ownerReferences",
    "resourceVersion",
    "selfLink",
    "uid",
}
_OF_TOOLS = ("kubectl.kubernetes.io", "app.kubernetes.io", "helm.sh", "argoproj.io", "crossplane.io", "fluxcd.io")
"""Domains of labels and annotations that say by which tool an object came, and nothing of the actor."""

_CREW = "asya_crew."
_ROLE, _ROUTERS = "asya.sh/role", ("start", "end", "router")
_HEADER = "# Values of the actor {name}, from its AsyncActor manifest. Install it with:\n# {command}\n"


@dataclass(frozen=True, slots=True)
class Conversion:
    """A release: its name and namespace (empty: not said), its values, and the flavors that it names."""

    release: str
    namespace: str
    values: Mapping[str, Any]
    flavors: Sequence[str]
    notes: Notes

    @property
    def transport(self) -> str:
        """The transport that the values name; empty where they name none."""
        return str(self.values.get("transport", ""))

    def command(self, file: str, chart: str) -> str:
        """Return the command that installs it from `file`, as one writes it into a shell."""
        files = [*(f"flavors/{flavor}.yaml" for flavor in self.flavors), file]
        words = ["helm", "install", self.release, chart]
        words += ["--namespace", self.namespace] if self.namespace else []
        return shlex.join(words + [word for each in files for word in ("-f", each)])

    def text(self, command: str) -> str:
        """Return the values file; `command` is named in its first lines."""
        plain = json.loads(json.dumps(self.values))  # no part of it twice, which YAML would write as an anchor
        body = yaml.safe_dump(plain, sort_keys=False, width=110, allow_unicode=True)
        return _HEADER.format(name=self.values.get("actor", self.release), command=command) + body


def convert(manifest: Manifest, schema: Schema, flavors: Collection[str]) -> Conversion:
    """Convert one manifest. `schema` is the chart's, `flavors` are the names of the presets that come with it.

    Raises MisuseError for a spec that is no AsyncActor's.
    """
    spec = without_nulls(manifest.spec)
    if mistakes := list(misshapen(spec)):
        raise MisuseError(f"{manifest.name}: {', '.join(mistakes)}; correct the manifest")
    notes = Notes()
    values = values_of(spec, schema, notes)
    named = named_flavors(values)
    for name in named:
        if name not in flavors:
            notes.change(
                "spec.flavors",
                f"no flavor {name} comes with the chart",
                f"write what it sets into a file flavors/{name}.yaml",
            )
    release = manifest.name[:_LONGEST_RELEASE].rstrip("-.")
    actor = str(values.pop("actor", None) or manifest.name)
    if actor != release:
        values = {"actor": actor, **values}
    _take_metadata(values, manifest.metadata, notes)
    _look_at_code(values, manifest.metadata, notes)
    return Conversion(release, str(manifest.metadata.get("namespace") or ""), values, named, notes)


def _look_at_code(values: Mapping[str, Any], metadata: Mapping[str, Any], notes: Notes) -> None:
    """Point out code that only the original's runtime can call."""
    if str(values.get("handler", "")).startswith(_CREW):
        notes.change(
            "spec.handler",
            f"{values['handler']} is the original's own code and needs the original's runtime",
            "leave this actor out, and put code of yours in its place",
        )
    if (metadata.get("labels") or {}).get(_ROLE) in _ROUTERS:
        notes.change(
            f"metadata.labels.{_ROLE}",
            "it is a router of the flow compiler, whose yields only the original's runtime understands",
            "name its actors in the messages' routes, or write a handler in envelope mode",
        )


def is_end(manifest: Manifest) -> bool:
    """Say whether a manifest is one of the actors that a message ends in."""
    return manifest.name in END_ACTORS or manifest.spec.get("actor") in END_ACTORS


def named_flavors(values: Mapping[str, Any]) -> list[str]:
    """Return the flavors that values name, in `flavor` and `flavors`, each once; what is no text is left out."""
    given = [values.get("flavor"), *_listed(values.get("flavors"))]
    return list(dict.fromkeys(name for name in given if name and isinstance(name, str)))


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _take_metadata(values: dict[str, Any], metadata: Mapping[str, Any], notes: Notes) -> None:
    labels = {key: str(value) for key, value in (metadata.get("labels") or {}).items() if not _of_tool(key)}
    if labels:
        values["podLabels"] = {**labels, **values.get("podLabels", {})}
    for key in metadata.get("annotations") or {}:
        if not _of_tool(key):
            notes.leave(
                f"metadata.annotations.{key}", "a release has no annotations", "use podAnnotations for the pods'"
            )
    for key in sorted(metadata.keys() - {"name", "namespace", "labels", "annotations"} - _OF_THE_CLUSTER):
        notes.leave(f"metadata.{key}", "a release has no such field", "remove it")


def _of_tool(key: str) -> bool:
    domain = f".{key.partition('/')[0]}"
    return domain.endswith(tuple(f".{each}" for each in _OF_TOOLS))
