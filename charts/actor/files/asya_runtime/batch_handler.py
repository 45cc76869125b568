

from __future__ import annotations

import builtins
import inspect
import re
import sys
from collections.abc import Callable, Sequence
from functools import partial
from types import SimpleNamespace
from typing import Any, get_origin, get_type_hints

from asya_runtime.errors import StartError

_LISTS = (list, Sequence)
_SUBSCRIBED = re.compile(r"([\w.]+)(?:\[.*\])?")


def takes_list(target: Callable[..., object]) -> bool:





    signature = signature_of(target)
    parameters = list(signature.parameters.values()) if signature else []
    return bool(parameters) and _kind(parameters[0].annotation, _names_of(target)) in _LISTS


def can_batch(target: Callable[..., object]) -> bool:

    return takes_list(target) and not _yields(target)


def refuse_for_batches(path: str, target: Callable[..., object], size: int) -> None:




    batches = f"batches are on (ASYA_BATCH_MAX_SIZE is {size})"
    if _yields(target):
        sentence = (
            f'"{path}" yields, which a handler of batches can\'t do, and {batches}; '
            "return a list with one entry for each message, or set the size to 1"
        )
        raise StartError("batch_generator", sentence)
    if not takes_list(target):
        name = path.rpartition(".")[2]
        sentence = (
            f'"{path}" does not say that it takes a list of messages, but {batches}; annotate its first parameter, '
            f"as in def {name}(payloads: list[dict]) -> list, or set the size to 1"
        )
        raise StartError("batch_annotation", sentence)


def signature_of(target: Callable[..., object]) -> inspect.Signature | None:




    options: dict[str, Any] = {}
    if sys.version_info >= (3, 14):
        from annotationlib import Format

        options["annotation_format"] = Format.FORWARDREF
    try:
        return inspect.signature(target, **options)
    except (TypeError, ValueError):
        return None


def _yields(target: Callable[..., object]) -> bool:
    candidates = (target, type(target).__call__)
    return any(inspect.isgeneratorfunction(one) or inspect.isasyncgenfunction(one) for one in candidates)


def _kind(annotation: object, names: dict[str, Any]) -> object:

    try:
        hint: Any = get_type_hints(SimpleNamespace(__annotations__={"it": annotation}), globalns=names)["it"]
    except Exception:
        hint = _named(annotation, names) if isinstance(annotation, str) else annotation
    hint = getattr(hint, "__value__", hint)
    return get_origin(hint) or hint


def _named(annotation: str, names: dict[str, Any]) -> object:

    parts = _SUBSCRIBED.fullmatch(annotation.strip(" '\""))
    if parts is None:
        return None
    first, *rest = parts[1].split(".")
    value = names.get(first, getattr(builtins, first, None))
    for name in rest:
        value = getattr(value, name, None)
    return value


def _names_of(target: Callable[..., object]) -> dict[str, Any]:

    function: Any = target
    while isinstance(function, partial):
        function = function.func
    function = inspect.unwrap(function)
    if not (inspect.isfunction(function) or inspect.ismethod(function)):
        function = type(function).__call__
    names: dict[str, Any] = getattr(getattr(function, "__func__", function), "__globals__", {})
    return names
