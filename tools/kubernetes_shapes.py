"""Kubernetes' own shapes for the charts' schemas, from the definitions that the package kubernetes-validate brings.

They are closed as ours are, and hold no null: in a manifest that means as much as leaving the field out.
"""

from __future__ import annotations

import functools
import json
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from tools.outputs import GenerateError

Schema = dict[str, Any]

VERSION = "1.36.0"
GROUPS = {
    "core": "io.k8s.api.core",
    "autoscaling": "io.k8s.api.autoscaling",
    "networking": "io.k8s.api.networking",
    "meta": "io.k8s.apimachinery.pkg.apis.meta",
}
OURS = "#/definitions/"
THEIRS = "#/$defs/"
KEPT = ("type", "properties", "items", "required", "enum", "additionalProperties")
# What Kubernetes' own document does not say, for the sake of manifests of before these rules.
STRICTER: dict[str, Schema] = {
    "EnvVarSource": {"minProperties": 1, "maxProperties": 1},
    "ConfigMapKeySelector": {"required": ["key", "name"]},
    "SecretKeySelector": {"required": ["key", "name"]},
}


def reference(name: str) -> Schema:
    """Return what stands for a definition such as `core.v1.Probe`."""
    group, _, rest = name.partition(".")
    full = f"{GROUPS[group]}.{rest}"
    if full not in _source():
        raise GenerateError(f"kubernetes: {name}: Kubernetes {VERSION} has no such definition; look for its name")
    return {"$ref": OURS + _short(full)}


def definitions(schema: Schema) -> dict[str, Schema]:
    """Return the definitions that a schema refers to, and those that they refer to, by their short names."""
    found: dict[str, Schema] = {}
    waiting = list(_referred(schema))
    while waiting:
        name = waiting.pop()
        if name not in found:
            found[name] = _shape(_full_names()[name])
            waiting += _referred(found[name])
    return dict(sorted(found.items()))


def _shape(full: str) -> Schema:
    """Return one definition. Amounts, and what may be a number or a text, become lists of types."""
    short = _short(full)
    if short in ("Quantity", "IntOrString"):
        number = "number" if short == "Quantity" else "integer"
        return {"type": ["string", number]}
    return _kept(_source()[full]) | STRICTER.get(short, {})


def _kept(given: Schema) -> Schema:
    """Return what of a definition says something about values."""
    if "$ref" in given:
        return {"$ref": OURS + _short(given["$ref"].removeprefix(THEIRS))}
    kept = {key: value for key, value in given.items() if key in KEPT}
    if isinstance(kept.get("type"), list):
        kept["type"] = next(each for each in kept["type"] if each != "null")
    for key in ("items", "additionalProperties"):
        if isinstance(kept.get(key), dict):
            kept[key] = _kept(kept[key])
    if "properties" in kept:
        kept["properties"] = {name: _kept(child) for name, child in kept["properties"].items()}
        kept |= {"additionalProperties": False, "propertyNames": {"enum": sorted(kept["properties"])}}
    return kept


def _referred(schema: Any) -> Iterator[str]:
    """Yield the short names that a schema refers to; those of our own definitions have a path behind them."""
    if isinstance(schema, list):
        for each in schema:
            yield from _referred(each)
    if isinstance(schema, dict):
        target = schema.get("$ref")
        if isinstance(target, str) and "/" not in target.removeprefix(OURS):
            yield target.removeprefix(OURS)
        for each in schema.values():
            yield from _referred(each)


def _short(full: str) -> str:
    return full.rpartition(".")[2]


@functools.cache
def _full_names() -> dict[str, str]:
    """Return full names by short ones: of the groups here, none has two of one name that a chart needs."""
    wanted = (
        *(f"{group}.v" for group in GROUPS.values()),
        "io.k8s.apimachinery.pkg.api.",
        "io.k8s.apimachinery.pkg.util.",
    )
    newest = sorted(
        name for name in _source() if name.startswith(wanted) and "alpha" not in name and "beta" not in name
    )
    return {_short(name): name for name in newest}


@functools.cache
def _source() -> dict[str, Schema]:
    spec = find_spec("kubernetes_validate")
    if spec is None or spec.origin is None:
        raise GenerateError("the package kubernetes-validate is missing; run `make clean` and try again")
    folder = Path(spec.origin).parent / "kubernetes-json-schema" / f"v{VERSION}-local-strict"
    found: dict[str, Schema] = json.loads((folder / "_definitions.json").read_text(encoding="utf-8"))["$defs"]
    return found
