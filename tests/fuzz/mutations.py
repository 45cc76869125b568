"""Good inputs made bad, by a source of chance that can be begun again."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from copy import deepcopy
from random import Random
from typing import Any

_PIECES = [
    *(bytes([byte]) for byte in b'{}[]",:\\ \n\x00\xff\x7f0-.eu'),
    *(b'"id":', b'"route":', b'"actors":', b'"current":', b'"payload":', b'"status":', b'"headers":', b'"error":'),
    *(b'"<unknown>":', b'"":', b"null", b"true", b"false", b"NaN", b"Infinity", b"1e999", b"-1", b"9" * 40),
    *(b"\\ud800", b"\\udc00", b"\\u0000", b"\xed\xa0\x80", b"\xef\xbb\xbf", b"\xc3", b"\xf0\x9f\x98\x80"),
    *(b"[" * 40, b"]" * 40, b'{"a":' * 40, b"}" * 40, b"[" * 300, b"x" * 300, b"x" * 20_000),
]
_VALUES: list[Any] = [
    None, True, False, 0, 1, -1, 0.5, -0.0, 1e308, 2**31, 2**63 - 1, 2**63, 2**64, -(2**63) - 1, 10**40,
    "", "a", "b", "happy-end", "error-end", "A_B", "a" * 64, "a" * 130, "\x00", "\u2028", "\ud800", "a-0.1", "..",
    "2020-01-01T00:00:00Z", "9999-12-31T23:59:59Z", "0001-01-01T00:00:00+23:59", "1e5", [], {}, [[]], [{}], ["a", "b"],
    ["a"] * 200, "x" * 20_000, {"": ""},
    {"a": {"a": {"a": {}}}}, {"actors": ["a"], "current": 0}, {"attempt": 2**63 - 1},
]  # fmt: skip
_NAMES = [
    "id", "parent_id", "route", "actors", "current", "metadata", "headers", "status", "payload", "payload_ref", "error",
    "phase", "attempt", "generation", "deadline_at", "created_at", "mro", "message", "unknown", "<unknown>", "", "\x00",
]  # fmt: skip


def mutated(chance: Random, seeds: Sequence[bytes]) -> bytes:
    """Change one of the seeds, which are JSON, in a few places: as a value, as bytes, or both."""
    body = chance.choice(seeds)
    kind = chance.random()
    if kind < 0.5:
        body = _with_another_value(chance, body)
    if kind > 0.4:
        body = broken(chance, body, seeds)
    return body


def broken(chance: Random, data: bytes, others: Sequence[bytes]) -> bytes:
    """Change bytes: flipped, cut out, doubled, inserted, or taken from somewhere else."""
    for _ in range(chance.choice((1, 1, 1, 2, 3, 6))):
        data = chance.choice(_CHANGES)(chance, data, others)
    return data


def pieces(chance: Random, data: bytes) -> Iterator[bytes]:
    """Cut data as a socket might."""
    while data:
        size = chance.choice((1, 3, 14, 100, len(data)))
        yield data[:size]
        data = data[size:]


def _flip(chance: Random, data: bytes, _: Sequence[bytes]) -> bytes:
    if not data:
        return data
    at = chance.randrange(len(data))
    return data[:at] + bytes([data[at] ^ (1 << chance.randrange(8))]) + data[at + 1 :]


def _cut(chance: Random, data: bytes, _: Sequence[bytes]) -> bytes:
    start, end = _span(chance, data)
    return data[:start] + data[end:]


def _end_early(chance: Random, data: bytes, _: Sequence[bytes]) -> bytes:
    return data[: chance.randrange(len(data) + 1)]


def _double(chance: Random, data: bytes, _: Sequence[bytes]) -> bytes:
    start, end = _span(chance, data)
    return data[:end] + data[start:]


def _insert(chance: Random, data: bytes, _: Sequence[bytes]) -> bytes:
    start, end = _span(chance, data)
    return data[:start] + chance.choice(_PIECES) + data[chance.choice((start, end)) :]


def _splice(chance: Random, data: bytes, others: Sequence[bytes]) -> bytes:
    start, end = _span(chance, data)
    other = chance.choice(others)
    begin, stop = _span(chance, other)
    return data[:start] + other[begin:stop] + data[end:]


Change = Callable[[Random, bytes, Sequence[bytes]], bytes]
_CHANGES: list[Change] = [_flip, _cut, _end_early, _double, _insert, _insert, _splice]


def _span(chance: Random, data: bytes) -> tuple[int, int]:
    start = chance.randrange(len(data) + 1)
    return start, min(len(data), start + chance.choice((0, 1, 2, 8, 30)))


def _with_another_value(chance: Random, body: bytes) -> bytes:
    """Change the tree that the text means: another value, a member more or less, or under another name."""
    tree = json.loads(body)
    for _ in range(chance.choice((1, 1, 2, 4))):
        place = _somewhere(chance, tree)
        names = list(place) if isinstance(place, dict) else list(range(len(place)))
        if names and chance.random() < 0.7:
            name = chance.choice(names)
            value = place.pop(name)
            if chance.random() < 0.3:
                continue
            name = name if chance.random() < 0.8 else chance.choice(_NAMES)
        else:
            name, value = chance.choice(_NAMES), None
        _put(place, name, deepcopy(chance.choice(_VALUES)) if chance.random() < 0.8 else value)
    return json.dumps(tree, ensure_ascii=chance.random() < 0.9).encode("utf-8", "surrogatepass")


def _put(place: Any, name: Any, value: Any) -> None:
    if isinstance(place, dict):
        place[str(name)] = value
    else:
        place.insert(name if isinstance(name, int) else 0, value)


def _somewhere(chance: Random, tree: Any) -> Any:
    """Return an object or list of the tree."""
    while inner := [value for value in (tree.values() if isinstance(tree, dict) else tree) if value and _holds(value)]:
        if chance.random() < 0.3:
            break
        tree = chance.choice(inner)
    return tree


def _holds(value: Any) -> bool:
    return isinstance(value, dict | list)
