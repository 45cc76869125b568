"""Whether a `spec` is shaped as AsyncActors are, as far as it is read here; the chart judges the rest. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

_NAMED = [{"name!": str}]
_SHAPE = {
    "actor": str,
    "transport": str,
    "env": _NAMED,
    "sidecar": {"env": _NAMED},
    "scaling": {},
    "startup": {},
    "transports": {"*": {}},
    "compositionRef": {"name": str},
    "timeout": {"gracefulShutdown": (int, float)},
    "resiliency": {
        "retry": {"backoffCoefficient": (int, float)},
        "nonRetryableErrors": [str],
        "policies": {"*": {}},
        "rules": [{}],
    },
    "workload": {
        "template": {
            "metadata": {"labels": {}, "annotations": {}},
            "spec": {"securityContext": {}, "containers": [{"name!": str, "env": _NAMED}]},
        },
    },
}
"""A map holds maps, `[…]` lists, `*` stands for any key, and `!` behind one says that it has to be there."""

_WORDS = {str: "a text", list: "a list", dict: "a map"}


def without_nulls(value: Any) -> Any:
    """Return the value with no key whose value is null: to Kubernetes that is a key that is not there."""
    if isinstance(value, Mapping):
        return {key: without_nulls(each) for key, each in value.items() if each is not None}
    return [without_nulls(each) for each in value] if isinstance(value, list) else value


def misshapen(value: Any, shape: Any = _SHAPE, path: str = "spec") -> Iterator[str]:
    """Yield a sentence for each part of a spec that is of another type than AsyncActors have there."""
    wanted = type(shape) if isinstance(shape, dict | list) else shape
    if isinstance(value, bool) or not isinstance(value, Mapping if wanted is dict else wanted):
        yield f"{path} is not {_WORDS.get(wanted, 'a number')}"
    elif isinstance(shape, list):
        for index, each in enumerate(value):
            yield from misshapen(each, shape[0], f"{path}[{index}]")
    elif isinstance(shape, dict) and isinstance(value, Mapping):
        yield from _misshapen_map(value, shape, path)


def _misshapen_map(value: Mapping[str, Any], shape: Mapping[str, Any], path: str) -> Iterator[str]:
    for name, inner in shape.items():
        key = name.removesuffix("!")
        if name != key and key not in value:
            yield f"{path} has no {key}"
        for each in value if key == "*" else [key] if key in value else []:
            yield from misshapen(value[each], inner, f"{path}.{each}")
