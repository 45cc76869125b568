

from __future__ import annotations

import inspect
import json
import os
import sys
from collections.abc import Callable, Mapping
from types import SimpleNamespace
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

from asya_runtime.errors import StartError, text, type_name


SYSTEM_VARIABLES = frozenset(
    {
        "PATH",
        "HOME",
        "HOSTNAME",
        "USER",
        "LOGNAME",
        "SHELL",
        "PWD",
        "OLDPWD",
        "SHLVL",
        "LANG",
        "LANGUAGE",
        "TERM",
        "TMPDIR",
    }
)

_TRUE, _FALSE = frozenset({"true", "1", "yes", "on"}), frozenset({"false", "0", "no", "off"})
_NONE = frozenset({"", "none", "null"})
_VARIADIC = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)
_INFERRED = (bool, int, float, os.PathLike)


def arguments_from(cls: Callable[..., object], environ: Mapping[str, str]) -> inspect.BoundArguments:




    try:
        signature = inspect.signature(cls)
    except (TypeError, ValueError):
        signature = inspect.Signature()
    parameters = [parameter for parameter in signature.parameters.values() if parameter.kind not in _VARIADIC]
    _refuse_without_default(cls, parameters)
    bound = signature.bind_partial()
    problems = []
    for parameter in parameters:
        variable = parameter.name.upper()
        if variable not in environ or variable in SYSTEM_VARIABLES:
            continue
        try:
            bound.arguments[parameter.name] = _convert(environ[variable], _hint(cls, parameter))
        except ValueError as error:
            problems.append(f"the variable {variable} can't fill the parameter {parameter.name}: {error}")
    if problems:
        raise StartError("parameter_invalid", "; ".join(problems))
    bound.apply_defaults()
    return bound


def _refuse_without_default(cls: Callable[..., object], parameters: list[inspect.Parameter]) -> None:
    names = [parameter.name for parameter in parameters if parameter.default is inspect.Parameter.empty]
    if names:
        sentence = (
            f"__init__ of {getattr(cls, '__qualname__', cls)} has parameters without a default: {', '.join(names)}; "
            "give each a default, and set a variable of its upper-case name where the default must not be used"
        )
        raise StartError("parameter_without_default", sentence)


def _hint(cls: Callable[..., object], parameter: inspect.Parameter) -> Any:

    if parameter.annotation is inspect.Parameter.empty:
        kind = type(parameter.default)
        return kind if issubclass(kind, _INFERRED) or _is_enum(kind) else str
    holder = SimpleNamespace(__annotations__={parameter.name: parameter.annotation})
    names = vars(sys.modules[cls.__module__]) if cls.__module__ in sys.modules else {}
    try:
        return get_type_hints(holder, globalns=names)[parameter.name]
    except Exception as error:
        raise ValueError(f"its annotation {parameter.annotation!r} can't be evaluated: {text(error)}") from None


def _convert(value: str, hint: Any) -> object:

    hint = getattr(hint, "__supertype__", hint)
    origin = get_origin(hint)
    if origin is Union or type(hint).__name__ == "UnionType":
        return _convert_to_one_of(value, get_args(hint))
    if origin is Literal:
        return _choose(value, {str(choice): choice for choice in get_args(hint)})
    kind = origin or hint
    if kind is Any or kind is object:
        return value
    if not inspect.isclass(kind):
        raise ValueError(f"its annotation {hint} is not supported")
    if _is_enum(kind):
        members: Any = kind
        return _choose(value, {**{str(member.value): member for member in members}, **members.__members__})
    return _convert_to_class(value, kind)


def _convert_to_class(value: str, kind: type) -> object:
    for base in kind.__mro__:
        known = _BY_NAME.get(type_name(base))
        if known is not None:
            function, form = known
            try:
                return function(value, kind)
            except Exception:
                raise ValueError(f"its value is not {form}") from None
    if issubclass(kind, os.PathLike):
        return _called(value, kind)
    raise ValueError(f"its type {type_name(kind)} is not supported; use str and convert it in __init__")


def _convert_to_one_of(value: str, hints: tuple[Any, ...]) -> object:
    if type(None) in hints and value.strip().lower() in _NONE:
        return None
    reasons = []
    for hint in hints:
        if hint is not type(None):
            try:
                return _convert(value, hint)
            except ValueError as error:
                reasons.append(str(error))
    raise ValueError(", and ".join(reasons))


def _choose(value: str, choices: Mapping[str, object]) -> object:
    if value not in choices:
        raise ValueError(f"its value is none of {', '.join(choices)}")
    return choices[value]


def _called(value: str, kind: Any) -> object:
    return kind(value)


def _bool(value: str, _kind: Any) -> bool:
    word = value.strip().lower()
    if word not in _TRUE | _FALSE:
        raise ValueError
    return word in _TRUE


def _json_list(value: str, kind: Any) -> object:
    entries = json.loads(value)
    if not isinstance(entries, list):
        raise TypeError
    return entries if kind is list or inspect.isabstract(kind) else kind(entries)


def _json_dict(value: str, _kind: Any) -> object:
    entries = json.loads(value)
    if not isinstance(entries, dict):
        raise TypeError
    return entries


def _is_enum(kind: type) -> bool:
    return any(type_name(base) == "enum.Enum" for base in kind.__mro__)


_LIST = (_json_list, "a JSON list")
_DICT = (_json_dict, "a JSON object")
_ISO = (lambda value, kind: kind.fromisoformat(value), "in ISO 8601 form")


_BY_NAME: dict[str, tuple[Callable[[str, Any], object], str]] = {
    "bool": (_bool, "true or false"),
    "int": (_called, "a whole number"),
    "float": (_called, "a number"),
    "str": (_called, "a text"),
    "bytes": (lambda value, _kind: value.encode(), "a text"),
    "list": _LIST,
    "tuple": _LIST,
    "set": _LIST,
    "frozenset": _LIST,
    "dict": _DICT,
    "collections.abc.Mapping": _DICT,
    "collections.abc.Iterable": _LIST,
    "datetime.date": _ISO,
    "datetime.time": _ISO,
    "datetime.timedelta": (lambda value, kind: kind(seconds=float(value)), "a number of seconds"),
    "decimal.Decimal": (_called, "a number"),
    "uuid.UUID": (_called, "a UUID"),
}
