"""Which keys the chart knows, by its schema. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from typing import Any

Schema = Mapping[str, Any]


def take_unknown(values: Any, schema: Schema) -> Iterator[tuple[str, str]]:
    """Remove, in place, each key that the schema does not know; yield its path and the nearest one, or nothing."""
    yield from _take(values, schema, "", schema.get("definitions", {}))


def _take(values: Any, schema: Schema, path: str, definitions: Schema) -> Iterator[tuple[str, str]]:
    schema = definitions.get(str(schema.get("$ref", "")).rpartition("/")[2], schema)
    if isinstance(values, dict):
        properties: Schema = schema.get("properties", {})
        for key in list(values):
            inner = f"{path}.{key}" if path else str(key)
            if key in properties:
                yield from _take(values[key], properties[key], inner, definitions)
            elif schema.get("additionalProperties") is False:
                del values[key]
                yield inner, next(iter(get_close_matches(str(key), properties, n=1)), "")
            elif isinstance(more := schema.get("additionalProperties"), Mapping):
                yield from _take(values[key], more, inner, definitions)
    elif isinstance(values, list) and isinstance(items := schema.get("items"), Mapping):
        for index, each in enumerate(values):
            yield from _take(each, items, f"{path}[{index}]", definitions)
