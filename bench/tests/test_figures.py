"""From samples to figures."""

import math

import pytest

from asya_cli.bench.figures import next_count, rounded, spread
from bench.figures import Sample, middle_cpu, percentile, ratio


def test_the_spread_of_rounds_is_their_middle_and_their_ends():
    found = spread([300.0, 100.0, 250.0, 260.0, 200.0])
    assert (found.median, found.least, found.most) == (250.0, 100.0, 300.0)


@pytest.mark.parametrize(("share", "expected"), [(0.0, 1), (0.5, 50), (0.99, 99), (0.999, 100), (1.0, 100)])
def test_a_percentile_is_a_value_that_occurred(share, expected):
    assert percentile(range(1, 101), share) == expected


def test_the_percentile_of_one_value_is_that_value():
    assert percentile([7.5], 0.99) == 7.5


def test_processor_time_is_told_by_part_in_microseconds_from_the_middle_round():
    samples = [Sample(1, {"sidecar": cpu, "broker": 2e-6}) for cpu in (50e-6, 9e-3, 40e-6)]
    assert middle_cpu(samples) == {"sidecar": 50.0, "broker": 2.0}


@pytest.mark.parametrize(
    ("value", "expected"), [(12345.678, 12346), (1234.5678, 1235), (12.345678, 12.35), (0.00123456, 0.001235), (0, 0)]
)
def test_figures_keep_four_digits_and_everything_before_the_point(value, expected):
    assert rounded(value) == expected


def test_what_is_no_number_stays_so():
    assert math.isnan(rounded(math.nan))


@pytest.mark.parametrize(("rate", "expected"), [(10_000.0, 20_000), (3.0, 100), (1e9, 60_000)])
def test_a_round_gets_as_many_messages_as_last_within_its_bounds(rate, expected):
    assert next_count(rate, 2.0, least=100, most=60_000) == expected


def test_there_is_no_ratio_to_what_is_missing():
    assert ratio(10.0, 4.0) == 2.5
    assert ratio(None, 4.0) is None
    assert ratio(10.0, None) is None
    assert ratio(10.0, 0.0) is None
