"""What holds for every codec and any value."""

from __future__ import annotations

import sys
from unittest.mock import patch

import pytest
from hypothesis import given
from hypothesis import strategies as st

from asya_runtime import encoding
from asya_runtime.decoding import decode_exactly
from asya_runtime.errors import InvocationError


def without(*names):
    with patch.dict(sys.modules, dict.fromkeys(names)):
        return encoding.choose()


CODECS = [without("msgspec", "msgspec.json"), without("orjson")]

TEXT = st.text(st.characters(codec=None, exclude_categories=()), max_size=8)
LEAVES = st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), TEXT, st.binary(max_size=4), st.dates())
KEYS = st.one_of(TEXT, st.integers(), st.booleans(), st.none(), st.floats(allow_nan=False, allow_infinity=False))
VALUES = st.recursive(
    LEAVES,
    lambda inner: st.one_of(
        st.lists(inner, max_size=4), st.tuples(inner, inner), st.dictionaries(KEYS, inner, max_size=4)
    ),
    max_leaves=12,
)


def outcome(function, *arguments):
    """Return what the function returns, or the message of its error."""
    try:
        return function(*arguments)
    except InvocationError as error:
        return error.message


@pytest.mark.parametrize("codec", CODECS, ids=lambda codec: codec.name)
@given(value=VALUES)
def test_a_value_is_written_alike_or_refused_alike(codec, value):
    written = outcome(codec.encode, value, "result")
    expected = outcome(encoding.encode_exactly, value, "result")

    if isinstance(expected, str):
        assert written == expected
    else:
        # The value, not the bytes: libraries spell numbers in their own ways (1e16, 1e+16).
        assert repr(decode_exactly(written)) == repr(decode_exactly(expected))


@pytest.mark.parametrize("codec", CODECS, ids=lambda codec: codec.name)
@given(value=VALUES)
def test_what_is_written_is_read_alike(codec, value):
    written = outcome(encoding.encode_exactly, value, "result")

    if isinstance(written, bytes):
        assert repr(codec.decode(written)) == repr(decode_exactly(written))


PIECES = st.sampled_from([b"[", b"]", b"{", b"}", b",", b":", b'"', b"\\", b"u", b"d800", b"1", b"-", b".", b"e", b"0"])


@pytest.mark.parametrize("codec", CODECS, ids=lambda codec: codec.name)
@given(data=st.one_of(st.binary(max_size=20), st.lists(PIECES, max_size=16).map(b"".join)))
def test_any_bytes_are_read_alike_or_refused_alike(codec, data):
    assert repr(outcome(codec.decode, data)) == repr(outcome(decode_exactly, data))
