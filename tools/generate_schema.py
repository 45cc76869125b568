"""Make each chart's values.schema.json from the comments of its values.yaml.

The schemas are closed: a key that nobody knows is refused, and the message lists those that are known there.
"""

from __future__ import annotations

import functools
import json
import re
import sys
from collections.abc import Iterator
from typing import Any

import yaml

from tools import kubernetes_shapes
from tools.outputs import ROOT, Output, run
from tools.values_comments import Key, read_keys

Schema = dict[str, Any]

DRAFT = "http://json-schema.org/draft-07/schema#"
ACTOR = ROOT / "charts" / "actor"
CREW = ROOT / "charts" / "crew"
PIPELINE = ROOT / "charts" / "pipeline"
DEFINITIONS = ROOT / "tools" / "schema_definitions.yaml"
GLOBAL: Schema = {"type": "object", "description": "Values of an umbrella chart; this chart reads none of them."}
# The keys of a whole manifest are known so that a guard can say what to save instead of it.
MANIFEST: Schema = {
    key: {"description": "Refused: the values are a manifest's `spec`, not the whole manifest."}
    for key in ("apiVersion", "kind", "metadata", "spec")
}
# What makes an actor an end, which crew sets, and its own name in the actor chart.
NOT_SHARED = {"enabled", "actor", "handler", "handlerMode", "batch", "runtime", "workload"}
ENDS = ("happy-end", "error-end")
# What all actors of a release have together, since they hand messages to each other and one hook Job makes all queues;
# `actor` is the key in `actors`.
NOT_OF_ONE_ACTOR = {"actor", "transport", "transports", "queues", "claimCheck"}
ACTOR_NAME: Schema = {"pattern": "^[a-z0-9]([-a-z0-9]*[a-z0-9])?$", "maxLength": 63}
# Defaults such as 5m make a key a length of time.
_DURATION = re.compile(r"[0-9]+(ms|s|m|h)")
TYPES = {bool: "boolean", int: "integer", float: "number", str: "string", list: "array", type(None): "null"}


def make() -> Iterator[Output]:
    """Yield the schema of each chart."""
    for chart, schema in ((ACTOR, actor_schema()), (CREW, crew_schema()), (PIPELINE, pipeline_schema())):
        schema["definitions"] = schema.get("definitions", {}) | kubernetes_shapes.definitions(schema)
        text = json.dumps(schema, indent=2, ensure_ascii=False) + "\n"
        yield Output(chart, "values.schema.json", {"values.schema.json": text})


def actor_schema() -> Schema:
    """Return the schema of the chart `actor`."""
    keys = read_keys(ACTOR / "values.yaml")
    schema = closed(properties_of(keys, complete=True) | MANIFEST | {"global": GLOBAL})
    return {"$schema": DRAFT, **schema, "required": _required(keys)}


def crew_schema() -> Schema:
    """Return the schema of the chart `crew`: its own keys, and the actor chart's for both ends or for one."""
    actor = properties_of(read_keys(ACTOR / "values.yaml"))
    own = read_keys(CREW / "values.yaml")
    shared = {name: {"$ref": f"#/definitions/actor/properties/{name}"} for name in actor if name not in NOT_SHARED}
    properties = shared | properties_of(
        {name: key for name, key in own.items() if name not in shared or name == "image"}
    )
    for end in ENDS:
        properties[end] = {**closed(dict(shared)), "description": own[end].meaning}
    properties["actor"] = {"type": "object", "description": "Defaults of the chart actor; set nothing here."}
    definitions = {"actor": {"properties": actor}}
    return {"$schema": DRAFT, **closed(properties | {"global": GLOBAL}), "definitions": definitions}


def pipeline_schema() -> Schema:
    """Return the schema of the chart `pipeline`: the actor chart's keys for all actors, and under a name for one."""
    actor = properties_of(read_keys(ACTOR / "values.yaml"))
    own = read_keys(PIPELINE / "values.yaml")
    references = {name: {"$ref": f"#/definitions/actor/properties/{name}"} for name in actor}
    shared = {name: schema for name, schema in references.items() if name not in ("actor", "enabled")}
    one = closed({name: schema for name, schema in references.items() if name not in NOT_OF_ONE_ACTOR})
    actors: Schema = {
        "type": "object",
        "description": own["actors"].meaning,
        "propertyNames": ACTOR_NAME,
        "additionalProperties": {**one, "type": ["object", "null"]},
    }
    defaults: Schema = {"type": "object", "description": "Defaults of the chart actor; set nothing here."}
    properties = shared | {"actors": actors, "actor": defaults, "global": GLOBAL}
    return {"$schema": DRAFT, **closed(properties), "definitions": {"actor": {"properties": actor}}}


def closed(properties: Schema) -> Schema:
    """Return an object that has these properties alone; `propertyNames` is what makes the message list them."""
    return {
        "type": "object",
        "properties": properties,
        "additionalProperties": False,
        "propertyNames": {"enum": sorted(properties)},
    }


def properties_of(keys: dict[str, Key], *, complete: bool = False) -> Schema:
    """Return the schemas of keys by their names.

    `complete` values are those that have the defaults below them, so that a key without a value is one that somebody
    took away with null; where the templates can't do without it, that is refused.
    """
    return {name: _of(key, complete=complete) for name, key in keys.items()}


def _required(keys: dict[str, Key]) -> list[str]:
    return [name for name, key in keys.items() if key.children or _must_be_there(key)]


def _must_be_there(key: Key) -> bool:
    return key.default not in (None, "", [], {}) and "null" not in said_of(key).get("type", ())


def _of(key: Key, *, complete: bool) -> Schema:
    said = said_of(key)
    if key.children:
        inferred = closed(properties_of(key.children, complete=complete))
        inferred |= {"required": _required(key.children)} if complete and _required(key.children) else {}
    else:
        inferred = {} if "type" in said or "enum" in said else {"type": TYPES.get(type(key.default), "object")}
    return inferred | said | ({"description": key.meaning} if key.meaning else {})


def said_of(key: Key) -> Schema:
    """Return what is said of a key's shape: its hint, or, without one, the shape of its name or of its default."""
    name = key.path.rpartition(".")[2]
    if key.hint or key.children:
        return expanded(key.hint)
    if name in _definitions():
        return expanded({"use": name})
    return expanded({"use": "duration"}) if _DURATION.fullmatch(str(key.default)) else {}


def expanded(hint: Schema) -> Schema:
    """Return a hint with `use` and `kubernetes` replaced by the shapes that they name, and `closed` written out."""
    if "kubernetes" in hint:
        return kubernetes_shapes.reference(hint["kubernetes"])
    schema = {name: _expanded_value(value) for name, value in hint.items() if name not in ("use", "closed")}
    if hint.get("closed"):
        schema = closed(schema.pop("properties")) | schema
    return expanded(_definitions()[hint["use"]]) | schema if "use" in hint else schema


def _expanded_value(value: Any) -> Any:
    if isinstance(value, dict):
        return expanded(value)
    return [_expanded_value(each) for each in value] if isinstance(value, list) else value


@functools.cache
def _definitions() -> dict[str, Schema]:
    definitions: dict[str, Schema] = yaml.safe_load(DEFINITIONS.read_text(encoding="utf-8"))
    return definitions


if __name__ == "__main__":
    sys.exit(run([make]))
