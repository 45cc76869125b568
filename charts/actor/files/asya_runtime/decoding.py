

from __future__ import annotations

import json
from collections.abc import Callable
from typing import NoReturn

from asya_runtime.errors import PARSING, InvocationError


_SHAPE = bytes(ord("0") if byte in b"0123456789" else ord("e") if byte == ord("E") else byte for byte in range(256))

_LONG_NUMBER = b"0" * 19
_STEP = 4
_SAMPLES = b"0" * (len(_LONG_NUMBER) // _STEP)

_HUGE_NUMBERS = (b"0" * 200, b"0e000")


class HugeNumber(float):






    text: str


def decode_exactly(data: bytes) -> object:

    try:
        shape = data.translate(_SHAPE, b"+")
        decode = _decode_huge if any(huge in shape for huge in _HUGE_NUMBERS) else _decode_text
        return decode(str(data, "utf-8"))
    except RecursionError:
        raise InvocationError(PARSING, "the message is nested too deeply") from None
    except ValueError as error:
        raise InvocationError(PARSING, f"the message is not JSON: {error}") from None


def _has_long_number(data: bytes) -> bool:

    return _SAMPLES in data[::_STEP].translate(_SHAPE) and _LONG_NUMBER in data.translate(_SHAPE)


def guarded(loads: Callable[[bytes], object]) -> Callable[[bytes], object]:


    def decode(data: bytes) -> object:
        if _has_long_number(data):
            return decode_exactly(data)
        try:
            return loads(data)
        except Exception:
            return decode_exactly(data)

    return decode


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


def _int(text: str) -> int | HugeNumber:
    try:
        return int(text)
    except ValueError:
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
