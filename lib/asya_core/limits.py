"""Bounds on what is parsed at all, checked on the bytes before any parser sees them."""

from __future__ import annotations

from array import array
from dataclasses import dataclass
from itertools import accumulate

from asya_core.errors import EnvelopeError

_SAME_BRACKETS = bytes.maketrans(b"{}", b"[]")
_NO_STRUCTURE = bytes(byte for byte in range(256) if byte not in b'[]{}"')
_STEPS = bytes.maketrans(b"[]", array("b", [1, -1]).tobytes())
_ORDINARY_DEPTH = 32
_CHUNK = 256


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
        raise EnvelopeError("msg_parsing_error", too_large(len(body), limits))
    if is_deeper_than(body, limits.depth):
        raise EnvelopeError(
            "msg_parsing_error", f"nested deeper than {limits.depth} arrays or objects; send a flatter message"
        )
    check_utf8(body)


def check_utf8(body: bytes) -> None:
    """Raise EnvelopeError when `body` is not UTF-8; parsers look only at the text that they decode."""
    if body.isascii():
        return
    try:
        body.decode()
    except UnicodeDecodeError as error:
        raise EnvelopeError("msg_parsing_error", f"not UTF-8: {error.reason} at byte {error.start}") from None


def too_large(size: int, limits: Limits) -> str:
    """Say that a message of `size` bytes is over the limit, and what to do about it."""
    return (
        f"too large: {size} bytes; at most {limits.size} are taken; "
        "raise maxBodyBytes, or store the content and send where it is"
    )


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
    return _is_deeper(_outside_strings(structure), depth)


def _outside_strings(structure: bytes) -> bytes:
    """Take strings out of what is brackets and quotes.

    Two quotes side by side change nothing about what is inside a string. Mostly no string holds a bracket; then all
    quotes stand so.
    """
    if structure.count(b'"') == 2 * structure.count(b'""'):
        return structure.translate(None, b'"')
    return b"".join(structure.replace(b'""', b"").split(b'"')[::2])


def _is_deeper(brackets: bytes, depth: int) -> bool:
    """Go through the brackets in chunks, so that what is far too deep is refused at its beginning."""
    opened = 0
    for start in range(0, len(brackets), _CHUNK):
        chunk = brackets[start : start + _CHUNK]
        opening = chunk.count(b"[")
        if opened + opening > depth and opened + _at_most(chunk) > depth and opened + _deepest(chunk) > depth:
            return True
        opened += 2 * opening - len(chunk)
    return False


def _at_most(brackets: bytes) -> int:
    """Return a level that is not exceeded: that of what is left when the innermost pairs are out, a level a pass."""
    rest, passes = brackets, 0
    while rest and passes < _ORDINARY_DEPTH:
        before, rest = rest, rest.replace(b"[]", b"")
        if len(rest) == len(before):
            break
        passes += 1
    return passes + rest.count(b"[")


def _deepest(brackets: bytes) -> int:
    """Count one by one."""
    return max(accumulate(array("b", brackets.translate(_STEPS)), initial=0))
