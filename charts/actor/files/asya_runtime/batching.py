

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Union

from asya_runtime.errors import RESULT, InvocationError, type_name


Outcome = Union[list[bytes], InvocationError]


def outcomes(result: object, size: int, encode: Callable[[object, str], Iterable[bytes]]) -> list[Outcome]:






    if not isinstance(result, (list, tuple)):
        got = f"a {type_name(type(result))}" if result is not None else "None"
    elif len(result) != size:
        got = f"{len(result)} entries" if len(result) != 1 else "1 entry"
    else:
        return [_outcome(entry, f"result[{index}]", encode) for index, entry in enumerate(result)]
    batch = f"a batch of {size} messages" if size != 1 else "a batch of 1 message"
    entries = f"{size} entries, one for each message" if size != 1 else "1 entry"
    sentence = f"the handler returned {got} for {batch}; return a list with {entries}, None where there is no result"
    failed = InvocationError(RESULT, sentence)
    return [failed] * size


def _outcome(entry: object, where: str, encode: Callable[[object, str], Iterable[bytes]]) -> Outcome:
    if isinstance(entry, BaseException):
        return InvocationError.of(entry)
    try:
        return list(encode(entry, where))
    except Exception as error:
        return InvocationError.of(error)
