"""JSON of payloads: orjson or msgspec where the image has one, with the same results as the standard library's json."""

from __future__ import annotations

import json
from collections.abc import Callable
from importlib import import_module
from typing import NamedTuple, NoReturn

from asya_runtime.errors import PARSING, RESULT, InvocationError, text
from asya_runtime.plain import convert, is_plain, plain_copy

Decode = Callable[[bytes], object]
Encode = Callable[[object, str], bytes]

# A whole number of 19 digits or more may not fit into 64 bits; orjson would read it as a float.
_DIGITS = bytes(ord("0") if byte in b"0123456789" else 0 for byte in range(256))
_LONG_NUMBER = b"0" * 19


class Codec(NamedTuple):
    """How payloads are read and results are written.

    `decode(data)` raises InvocationError `msg_parsing_error`. `encode(value, where)` raises `result_error`, whose
    message names the place in the value and begins with `where`.
    """

    name: str
    decode: Decode
    encode: Encode


def choose() -> Codec:
    """Return the fastest codec that the image has: orjson, then msgspec, then json."""
    return _orjson() or _msgspec() or Codec("json", decode_exactly, encode_exactly)


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


_decode_text = json.JSONDecoder(parse_constant=_refuse_constant).decode
_encode_text = json.JSONEncoder(ensure_ascii=False, allow_nan=False, separators=(",", ":"), default=convert).encode


def decode_exactly(data: bytes) -> object:
    """Return the value of JSON `data` (UTF-8), read by the standard library."""
    try:
        return _decode_text(str(data, "utf-8"))
    except RecursionError:
        raise InvocationError(PARSING, "the payload is nested too deeply") from None
    except ValueError as error:
        raise InvocationError(PARSING, f"the payload is not JSON: {error}") from None


def encode_exactly(value: object, where: str = "result") -> bytes:
    """Return `value` as JSON (UTF-8), written by the standard library; a lone surrogate becomes its escape."""
    try:
        return _encode_text(value).encode("utf-8", "backslashreplace")
    except Exception:  # whatever it was, the copy below finds where it is and says why, or gets round it
        copy = plain_copy(value, where)
    try:
        return _encode_text(copy).encode("utf-8", "backslashreplace")
    except Exception as error:
        raise InvocationError(RESULT, f"{where} can't be written as JSON: {text(error)}") from error


def _guarded(loads: Callable[[bytes], object]) -> Decode:
    def decode(data: bytes) -> object:
        if _LONG_NUMBER in data.translate(_DIGITS):
            return decode_exactly(data)
        try:
            return loads(data)
        except Exception:  # what it refuses, the standard library accepts or explains
            return decode_exactly(data)

    return decode


def _orjson() -> Codec | None:
    try:
        orjson = import_module("orjson")
        dumps, loads = orjson.dumps, orjson.loads
        options = orjson.OPT_PASSTHROUGH_DATACLASS | orjson.OPT_PASSTHROUGH_DATETIME
    except Exception:  # absent, broken or too old
        return None

    def encode(value: object, where: str = "result") -> bytes:
        try:
            data: bytes = dumps(value, convert, options)
        except Exception:
            return encode_exactly(value, where)
        if b"null" in data and not is_plain(value):  # it writes NaN as null
            return encode_exactly(value, where)
        return data

    return Codec("orjson", _guarded(loads), encode)


def _msgspec() -> Codec | None:
    try:
        msgspec_json = import_module("msgspec.json")
        write, loads = msgspec_json.Encoder().encode, msgspec_json.Decoder().decode
    except Exception:  # absent, broken or too old
        return None

    def encode(value: object, where: str = "result") -> bytes:
        if not is_plain(value):  # it writes NaN as null, and dates in its own way
            return encode_exactly(value, where)
        try:
            data: bytes = write(value)
        except Exception:
            return encode_exactly(value, where)
        return data

    return Codec("msgspec", _guarded(loads), encode)
