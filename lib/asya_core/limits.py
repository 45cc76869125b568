"""Bounds on what is parsed at all, checked on the bytes before any parser sees them."""

from __future__ import annotations

from array import array
from dataclasses import dataclass
from itertools import accumulate

from asya_core.errors import EnvelopeError

_SAME_BRACKETS = bytes.maketrans(b"{}", b"[]")
_NO_STRUCTURE = bytes(byte for byte in range(256) if byte not in b'[]{}"')
_STEPS = bytes.maketrans(b"[]", array("b", [1, -1]).tobytes())
_ORDINARY_DEPTH = 16


@dataclass(frozen=True, slots=True)
class Limits:
    """`size` in bytes of a whole envelope; `depth` of nested arrays and objects.

    The default depth is far above what people nest and well below what the JSON parsers of every Python can take.
    """

    size: int = 16 * 1024 * 1024
    depth: int = 256


def check_limits(body: bytes, limits: Limits) -> None:
    """Raise EnvelopeError when `body` is too long, too deep, or not UTF-8."""
    if len(body) > limits.size:
        raise EnvelopeError("msg_parsing_error", f"too large: {len(body)} bytes; at most {limits.size} are taken")
    if is_deeper_than(body, limits.depth):
        raise EnvelopeError("msg_parsing_error", f"nested deeper than {limits.depth} arrays or objects")
    check_utf8(body)


def check_utf8(body: bytes) -> None:
    """Raise EnvelopeError when `body` is not UTF-8; parsers look only at the text that they decode."""
    if body.isascii():
        return
    try:
        body.decode()
    except UnicodeDecodeError as error:
        raise EnvelopeError("msg_parsing_error", f"not UTF-8: {error.reason} at byte {error.start}") from None


def is_deeper_than(body: bytes, depth: int) -> bool:
    """Tell whether JSON text opens more than `depth` arrays or objects at once.

    The ordinary message is settled by counting brackets; only one with many is looked at closely.
    """
    structure = body.translate(_SAME_BRACKETS, _NO_STRUCTURE)
    if structure.count(b"[") <= depth:
        return False
    if b"\\" in body and rb"\"" in body:  # one byte is found many times as fast as two
        unescaped = body.replace(rb"\\", b"").replace(rb"\"", b"")
        structure = unescaped.translate(_SAME_BRACKETS, _NO_STRUCTURE)
    return _deepest(_outside_strings(structure)) > depth


def _outside_strings(structure: bytes) -> bytes:
    """Take strings out of what is brackets and quotes.

    Two quotes side by side change nothing about what is inside a string, and most strings hold no brackets.
    """
    return b"".join(structure.replace(b'""', b"").split(b'"')[::2])


def _deepest(brackets: bytes) -> int:
    """Take the innermost pairs out, a level a pass, and count one by one only what is not empty soon."""
    rest = brackets
    for level in range(_ORDINARY_DEPTH):
        if not rest:
            return level
        rest = rest.replace(b"[]", b"")
    return max(accumulate(array("b", brackets.translate(_STEPS))))
