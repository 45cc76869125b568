"""Reads JSON as the standard library does, but for numbers that Python can't hold: they are passed on as they came."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import NoReturn

from asya_runtime.errors import PARSING, InvocationError

# Digits look alike, and both forms of an exponent, so that a long or large number is found without parsing.
_SHAPE = bytes(ord("0") if byte in b"0123456789" else ord("e") if byte == ord("E") else byte for byte in range(256))
# A whole number of 19 digits or more may not fit into 64 bits; orjson would read it as a float.
_LONG_NUMBER = b"0" * 19
_STEP = 4
_SAMPLES = b"0" * (len(_LONG_NUMBER) // _STEP)
# Shorter ones with smaller exponents fit into a float, whose largest is about 1e308, and into an int.
_HUGE_NUMBERS = (b"0" * 200, b"0e000")


class HugeNumber(float):
    """A number that a message holds and Python does not: infinite as a float, written again as `text`, as it came.

    It is beyond the range of a float, or whole and of more digits than `sys.get_int_max_str_digits()` allows. To make
    it an int takes minutes for a message of some megabytes, without a chance for any other thread.
    """

    text: str


def decode_exactly(data: bytes) -> object:
    """Return the value of JSON `data` (UTF-8); raise InvocationError `msg_parsing_error`."""
    try:
        shape = data.translate(_SHAPE, b"+")  # one search for exponents with and without it, at a large message's price
        decode = _decode_huge if any(huge in shape for huge in _HUGE_NUMBERS) else _decode_text
        return decode(str(data, "utf-8"))
    except RecursionError:
        raise InvocationError(PARSING, "the message is nested too deeply") from None
    except ValueError as error:
        raise InvocationError(PARSING, f"the message is not JSON: {error}") from None


def _has_long_number(data: bytes) -> bool:
    """Look at every fourth byte first: a long number has four digits in a row there, and little else has."""
    return _SAMPLES in data[::_STEP].translate(_SHAPE) and _LONG_NUMBER in data.translate(_SHAPE)


def guarded(loads: Callable[[bytes], object]) -> Callable[[bytes], object]:
    """Return `loads` of another library, made to give what `decode_exactly` gives."""

    def decode(data: bytes) -> object:
        if _has_long_number(data):
            return decode_exactly(data)
        try:
            return loads(data)
        except Exception:  # what it refuses, the standard library accepts or explains
            return decode_exactly(data)

    return decode


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


def _int(text: str) -> int | HugeNumber:
    try:
        return int(text)
    except ValueError:  # too many digits
        return _huge(text)


def _float(text: str) -> float:
    value = float(text)
    return value if value - value == 0.0 else _huge(text)


def _huge(text: str) -> HugeNumber:
    number = HugeNumber("-inf" if text.startswith("-") else "inf")
    number.text = text
    return number


_decode_text = json.JSONDecoder(parse_constant=_refuse_constant).decode
_decode_huge = json.JSONDecoder(parse_constant=_refuse_constant, parse_int=_int, parse_float=_float).decode
