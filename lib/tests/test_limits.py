import json
import time

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from asya_core.errors import EnvelopeError
from asya_core.limits import Limits, check_limits, check_utf8, is_deeper_than

TOO_LARGE = "too large: 5 bytes; at most 4 are taken; raise maxBodyBytes, or store the content and send where it is"
TOO_DEEP = "nested deeper than 1 arrays or objects; send a flatter message"

pieces = st.lists(
    st.sampled_from(["[", "{", "]", "}", '"', '"', "\\", "\\\\", '\\"', "a", ",", "é", '""']), max_size=60
)


def deepest(text):
    """Count character by character; a backslash before a quote or a backslash takes its meaning away."""
    level = most = 0
    inside = escaped = False
    for character in text:
        if escaped and character in '"\\':
            escaped = False
            continue
        escaped = character == "\\"
        if character == '"':
            inside = not inside
        elif not inside and character in "[{":
            level += 1
            most = max(most, level)
        elif not inside and character in "]}":
            level -= 1
    return most


@given(pieces.map("".join), st.integers(0, 20))
@settings(max_examples=1000)
@example('["]",["]",["]"]]]', 2)
@example('"\\\\"[["\\""]]', 1)
@example("]]][[", 1)
@example("[" * 40 + "]" * 40, 20)
@example("[" * 40 + "]" * 39 + "[", 39)
@example("[[[", 2)
def test_depth_is_what_counting_one_by_one_finds(text, depth):
    assert is_deeper_than(text.encode(), depth) == (deepest(text) > depth)


@given(st.recursive(st.text('[]{}"\\', max_size=3), lambda inner: st.lists(inner, min_size=1, max_size=3)))
def test_brackets_in_strings_of_json_do_not_count(value):
    text = json.dumps(value)
    level = deepest(text)

    assert not is_deeper_than(text.encode(), level)
    assert level == 0 or is_deeper_than(text.encode(), level - 1)


def test_closing_brackets_in_strings_hide_no_depth():
    assert is_deeper_than(b'["]",' * 300 + b"1" + b"]" * 300, 256)


@pytest.mark.parametrize("before", [0, 64 * 1024 - 300, 64 * 1024 - 257, 64 * 1024 - 256, 64 * 1024 - 1, 200_000])
@pytest.mark.parametrize("levels", [256, 257])
def test_depth_is_found_wherever_it_lies(before, levels):
    deep = b"[" * levels + b"]" * levels
    assert is_deeper_than(b"[]" * (before // 2) + b"[" * (before % 2) + deep, 256) == (levels + before % 2 > 256)
    assert is_deeper_than(deep * 3 + b"[]" * before, 256) == (levels > 256)


def test_many_shallow_pieces_are_not_deep():
    piece = b"[" * 200 + b"]" * 200
    assert not is_deeper_than(b"[" + piece * 1000 + b"]", 256)
    assert is_deeper_than(b"[" * 57 + piece * 1000, 256)


def test_what_is_far_too_deep_is_refused_at_its_beginning():
    began = time.process_time()
    assert is_deeper_than(b"[" * 2**24, 256)
    assert time.process_time() - began < 0.5


def test_ordinary_limits_are_16_mebibytes_and_256_levels():
    assert Limits() == Limits(size=16_777_216, depth=256)


def test_a_body_may_be_as_long_and_as_deep_as_the_limits():
    check_limits(b"[[1]]", Limits(size=5, depth=2))


@pytest.mark.parametrize(
    ("body", "limits", "sentence"),
    [
        (b"[[1]]", Limits(size=4), TOO_LARGE),
        (b"[[1]]", Limits(depth=1), TOO_DEEP),
        (b'{"a":{}}', Limits(depth=1), TOO_DEEP),
        (b'"\xc3"', Limits(), "not UTF-8: invalid continuation byte at byte 1"),
    ],
)
def test_what_breaks_a_limit_is_refused_with_a_sentence(body, limits, sentence):
    with pytest.raises(EnvelopeError) as caught:
        check_limits(body, limits)

    assert (caught.value.code, str(caught.value)) == ("msg_parsing_error", sentence)


@given(st.binary(max_size=8))
@example("é€😀".encode())
@example(b"\xed\xa0\x80")
def test_utf_8_is_told_from_other_bytes(body):
    try:
        body.decode()
    except UnicodeDecodeError:
        with pytest.raises(EnvelopeError, match=r"^not UTF-8: .* at byte \d"):
            check_utf8(body)
    else:
        check_utf8(body)
