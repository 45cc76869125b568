import pytest
from hypothesis import given
from hypothesis import strategies as st

from asya_core.durations import parse_duration


@pytest.mark.parametrize(
    ("written", "seconds"),
    [
        ("5m", 300), ("1m30s", 90), ("250ms", 0.25), ("1.5h", 5400), (".5s", 0.5), ("1.s", 1), ("1s1s", 2),
        ("1us", 1e-6), ("1µs", 1e-6), ("1\u03bcs", 1e-6), ("1ns", 1e-9), ("0", 0), ("0s", 0), (" 7 ", 7), ("7.", 7),
        ("2.5", 2.5), ("1e3", 1000), (30, 30), (0.25, 0.25), (1e22, 1e22), (1e-5, 1e-5),
    ],
)  # fmt: skip
def test_a_duration_is_read(written, seconds):
    assert parse_duration(written) == pytest.approx(seconds)


@pytest.mark.parametrize(
    "written",
    [
        "", " ", "s", "5 m", "5x", "5M", "1d", "-5s", "-5", "+5", "1s-", "nan", "inf", "infinity", "1_000", "1e999",
        "9" * 400, "9" * 400 + "h", "\u0665s", "5m x", True, None, [], -1, -0.1, float("nan"), float("inf"), 10**400,
    ],
)  # fmt: skip
def test_anything_else_is_refused_with_how_to_write_it(written):
    with pytest.raises(
        ValueError, match=r"is no duration; write it like 30s, 1m30s, 250ms, or as a number of seconds$"
    ):
        parse_duration(written)


@given(st.floats(0, 1e300))
def test_a_number_of_seconds_is_taken_as_it_is(seconds):
    assert parse_duration(seconds) == seconds
    assert parse_duration(repr(seconds)) == seconds


@given(st.integers(0, 10**6), st.integers(0, 59), st.integers(0, 59), st.integers(0, 999))
def test_the_parts_of_a_duration_add_up(hours, minutes, seconds, milliseconds):
    expected = hours * 3600 + minutes * 60 + seconds + milliseconds / 1000

    assert parse_duration(f"{hours}h{minutes}m{seconds}s{milliseconds}ms") == pytest.approx(expected)


@given(st.text("0123456789.smhnuµeE+- _x\u0665\x00", max_size=12) | st.text(max_size=6))
def test_any_text_is_a_length_of_time_or_refused(written):
    read = outcome_of(written)

    assert "is no duration; write it like" in read if isinstance(read, str) else 0 <= read < float("inf")


def outcome_of(written):
    try:
        return parse_duration(written)
    except ValueError as error:
        return str(error)
