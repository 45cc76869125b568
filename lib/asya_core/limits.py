"""Bounds on what is parsed at all, checked on the bytes before any parser sees them."""

from __future__ import annotations

from dataclasses import dataclass

from asya_core.errors import EnvelopeError

_SAME_BRACKETS = bytes.maketrans(b"{}", b"[]")
_NO_BRACKETS = bytes(byte for byte in range(256) if byte not in b"[]{}")


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
        raise EnvelopeError(
            "msg_parsing_error", f"the message has {len(body)} bytes; this actor takes at most {limits.size}"
        )
    if is_deeper_than(body, limits.depth):
        raise EnvelopeError("msg_parsing_error", f"the message nests deeper than {limits.depth} arrays or objects")
    if not body.isascii():
        try:
            body.decode()
        except UnicodeDecodeError as error:
            raise EnvelopeError(
                "msg_parsing_error", f"the message is not UTF-8: {error.reason} at byte {error.start}"
            ) from None


def is_deeper_than(body: bytes, depth: int) -> bool:
    """Tell whether JSON text opens more than `depth` arrays or objects at once.

    The ordinary message is settled by counting brackets, at memory speed. Only one with many goes on: everything but
    brackets is taken out, then the innermost pairs, one level a pass.
    """
    if body.count(b"[") + body.count(b"{") <= depth:
        return False
    return _deepest(body, depth) > depth and _deepest(_without_strings(body), depth) > depth


def _deepest(body: bytes, enough: int) -> int:
    brackets = body.translate(_SAME_BRACKETS, _NO_BRACKETS)
    level = 0
    while brackets and level <= enough:
        inner = brackets.replace(b"[]", b"")
        if len(inner) == len(brackets):
            return level + brackets.count(b"[")
        brackets = inner
        level += 1
    return level


def _without_strings(body: bytes) -> bytes:
    unescaped = body.replace(rb"\\", b"").replace(rb"\"", b"")
    return b"".join(unescaped.split(b'"')[::2])
