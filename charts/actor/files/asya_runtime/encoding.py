




from __future__ import annotations

import json
import os
import re
from binascii import b2a_base64
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from importlib import import_module
from typing import Any, NamedTuple

from asya_runtime.decoding import HugeNumber, decode_exactly, guarded
from asya_runtime.errors import RESULT, InvocationError, text, type_name

_QUOTED_MAX = 80
_LEAVES = frozenset({str, int, bool, type(None)})
_PLAIN = _LEAVES | {float, dict, list, tuple}


class Codec(NamedTuple):






    name: str
    decode: Callable[[bytes], object]
    encode: Callable[[object, str], bytes]


def choose() -> Codec:

    return _orjson() or _msgspec() or Codec("json", decode_exactly, encode_exactly)


def is_plain(value: object) -> bool:




    try:
        return _are_plain((value,))
    except RecursionError:
        return False


def _are_plain(values: Collection[Any]) -> bool:
    kinds = set(map(type, values))
    if kinds <= _LEAVES:
        return True
    if not kinds <= _PLAIN:
        return False
    return all(_is_plain(value) for value in values if type(value) not in _LEAVES)


def _is_plain(value: Any) -> bool:
    kind = type(value)
    if kind is float:
        return bool(value - value == 0.0)
    if kind is dict:
        return set(map(type, value)) <= {str} and _are_plain(value.values())
    return _are_plain(value)


class NoJsonFormError(TypeError):


    def __init__(self, value: object) -> None:
        super().__init__(f"of type {type_name(type(value))}, which has no JSON form")


def convert(value: object) -> object:




    cls = type(value)
    for base in cls.__mro__:
        by_name = _BY_NAME.get(f"{base.__module__}.{base.__qualname__}")
        if by_name is not None:
            return by_name(value)
    if isinstance(value, type):
        raise NoJsonFormError(value)
    for attribute, by_attribute in _BY_ATTRIBUTE:
        if hasattr(cls, attribute):
            return by_attribute(value)
    if isinstance(value, Mapping):
        return dict(value)
    if isinstance(value, AbstractSet):
        return _ordered(value)
    if isinstance(value, Sequence):
        return list(value)
    raise NoJsonFormError(value)


def _ordered(value: Iterable[object]) -> list[object]:

    entries: list[Any] = list(value)
    try:
        return sorted(entries)
    except TypeError:
        return sorted(entries, key=repr)


def _decimal(value: Any) -> str:
    if not value.is_finite():
        raise ValueError(f"{value} has no JSON form")
    return str(value)


def _from_dataclass(value: Any) -> object:
    from dataclasses import fields

    return {field.name: getattr(value, field.name) for field in fields(value)}


def _from_array(value: Any) -> object:
    result: object = value.tolist()
    if type(result) is type(value):
        raise NoJsonFormError(value)
    return result


def _base64(value: Any) -> str:
    return b2a_base64(value, newline=False).decode("ascii")



_BY_NAME: dict[str, Callable[[Any], object]] = {
    "builtins.float": float,
    "builtins.tuple": list,
    "builtins.bytes": _base64,
    "builtins.bytearray": _base64,
    "builtins.memoryview": _base64,
    "builtins.set": _ordered,
    "builtins.frozenset": _ordered,
    "datetime.date": lambda value: value.isoformat(),
    "datetime.time": lambda value: value.isoformat(),
    "datetime.timedelta": lambda value: value.total_seconds(),
    "decimal.Decimal": _decimal,
    "enum.Enum": lambda value: value.value,
    "uuid.UUID": str,
}


_BY_ATTRIBUTE: tuple[tuple[str, Callable[[Any], object]], ...] = (
    ("__dataclass_fields__", _from_dataclass),
    ("model_dump", lambda value: value.model_dump(mode="json")),
    ("__fields__", lambda value: value.dict()),
    ("tolist", _from_array),
    ("__fspath__", os.fspath),
)


def plain_copy(value: object, where: str) -> object:




    try:
        return _copy(value, where, frozenset())
    except RecursionError:
        raise InvocationError(RESULT, f"{where} is nested too deeply to be written as JSON") from None


def _copy(value: object, where: str, parents: frozenset[int]) -> object:
    if value is None or isinstance(value, (str, int)):
        return value
    if isinstance(value, HugeNumber):
        return _HUGE + value.text
    if isinstance(value, float):
        return _finite(value, where)
    if id(value) in parents:
        raise InvocationError(RESULT, f"{where} contains itself, so it can't be written as JSON")
    parents |= {id(value)}
    if isinstance(value, dict):
        return {_key(key, where): _copy(entry, f"{where}[{_quoted(key)}]", parents) for key, entry in value.items()}
    if isinstance(value, (list, tuple)):
        return [_copy(entry, f"{where}[{index}]", parents) for index, entry in enumerate(value)]
    return _copy(_converted(value, where), where, parents)


def _finite(value: float, where: str) -> float:
    if value - value != 0.0:
        raise InvocationError(RESULT, f"{where} is {float(value)}, which JSON does not have; return None instead")
    return value


def _converted(value: object, where: str) -> object:
    try:
        return convert(value)
    except NoJsonFormError as error:
        raise InvocationError(RESULT, f"{where} is {error}") from None
    except Exception as error:
        sentence = f"{where} can't be turned into JSON: {type(error).__name__}: {text(error)}"
        raise InvocationError(RESULT, sentence, error) from error


def _key(key: object, where: str) -> object:

    if isinstance(key, float):
        return _finite(key, f"a key of {where}")
    if key is None or isinstance(key, (str, int)):
        return key
    name = f"the key {_quoted(key)} of {where}"
    converted = _converted(key, name)
    if converted is None or isinstance(converted, (str, int)):
        return converted
    raise InvocationError(RESULT, f"{name} is {NoJsonFormError(key)}")


def _quoted(key: object) -> str:
    shown = f'"{key}"' if isinstance(key, str) else repr(key)
    return shown if len(shown) <= _QUOTED_MAX else shown[: _QUOTED_MAX - 3] + "..."



_HUGE = os.urandom(16).hex()
_unmark = re.compile(f'"{_HUGE}([-+.0-9eE]+)"').sub

_encode_text = json.JSONEncoder(ensure_ascii=False, allow_nan=False, separators=(",", ":"), default=convert).encode


def encode_exactly(value: object, where: str = "result") -> bytes:

    try:
        return _encode_text(value).encode("utf-8", "backslashreplace")
    except Exception:
        copy = plain_copy(value, where)
    try:
        return _unmark(r"\1", _encode_text(copy)).encode("utf-8", "backslashreplace")
    except Exception as error:
        raise InvocationError(RESULT, f"{where} can't be written as JSON: {text(error)}") from error


def _orjson() -> Codec | None:
    try:
        orjson = import_module("orjson")
        dumps, loads = orjson.dumps, orjson.loads
        options = orjson.OPT_PASSTHROUGH_DATACLASS | orjson.OPT_PASSTHROUGH_DATETIME
    except Exception:
        return None

    def encode(value: object, where: str = "result") -> bytes:
        try:
            data: bytes = dumps(value, convert, options)
        except Exception:
            return encode_exactly(value, where)
        if b"null" in data and not is_plain(value):
            return encode_exactly(value, where)
        return data

    return Codec("orjson", guarded(loads), encode)


def _msgspec() -> Codec | None:
    try:
        msgspec_json = import_module("msgspec.json")
        write, loads = msgspec_json.Encoder().encode, msgspec_json.Decoder().decode
    except Exception:
        return None

    def encode(value: object, where: str = "result") -> bytes:
        try:
            return bytes(write(value)) if is_plain(value) else encode_exactly(value, where)
        except (ValueError, TypeError, OverflowError):
            return encode_exactly(value, where)

    return Codec("msgspec", guarded(loads), encode)
