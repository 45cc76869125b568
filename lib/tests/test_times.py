from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from asya_core.times import read_rfc3339, rfc3339

zones = st.integers(-14 * 60, 14 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes)))
days = st.timedeltas(timedelta(0), timedelta(days=365 * 7000))
moments = st.builds(lambda zone, after: datetime(1000, 1, 1, tzinfo=zone) + after, zones, days)


@given(moments)
def test_a_written_moment_is_read_as_the_same_moment(moment):
    written = rfc3339(moment)

    assert written.endswith("Z")
    assert read_rfc3339(written) == moment
    assert read_rfc3339(written).tzinfo is UTC


def test_moments_are_written_in_utc():
    assert (
        rfc3339(datetime(2026, 3, 1, 1, 30, 0, 250000, timezone(timedelta(hours=2)))) == "2026-02-28T23:30:00.250000Z"
    )


@pytest.mark.parametrize("written", ["2026-03-01T10:00:00Z", "2026-03-01t12:00:00+02:00", "2026-03-01 10:00:00"])
def test_other_ways_to_write_it_are_read(written):
    assert read_rfc3339(written) == datetime(2026, 3, 1, 10, tzinfo=UTC)


@pytest.mark.parametrize(
    "written",
    [
        "",
        "tomorrow",
        "2026-03-01",
        "1772359200",
        "2026-02-30T10:00:00Z",
        "2026-03-01T10:00:60Z",
        "\u0662026-03-01T10:00:00Z",
    ],
)
def test_what_is_no_moment_is_not_read(written):
    assert read_rfc3339(written) is None


@pytest.mark.parametrize("written", ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00"])
def test_a_moment_that_is_in_no_year_of_utc_is_not_read(written):
    assert read_rfc3339(written) is None


@given(st.text("0123456789-:TtZz+. \x00", max_size=26) | st.text(max_size=8))
def test_any_text_is_a_moment_in_utc_or_none(written):
    moment = read_rfc3339(written)

    assert moment is None or moment.tzinfo is UTC
