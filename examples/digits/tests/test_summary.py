import json

import pytest

from examples.digits.demo.ledger import Failure, Ledger, Result
from examples.digits.demo.summary import percentile, summarise

KEYS = ["images", "results", "errors", "accuracy_before", "accuracy_after", "messages_per_second", "p50_ms", "p99_ms"]


def ledger_of(*results, images=4):
    ledger = Ledger(images)
    for image, (classified, refined, created_at, stored_at) in enumerate(results):
        ledger.add(Result(f"m-{image}", image, classified, 0.5, refined, created_at, stored_at, hops=4))
    return ledger


def test_the_figures_follow_from_the_ledger():
    ledger = ledger_of((0, None, 100.0, 101.0), (9, 1, 100.0, 102.0), (2, None, 101.0, 101.5), (9, 9, 101.0, 104.0))
    ledger.add(Failure("x", "broken"))
    summary = summarise(ledger, truth=[0, 1, 2, 3])
    assert (summary.images, summary.results, summary.errors) == (4, 4, 1)
    assert (summary.accuracy_before, summary.accuracy_after) == (0.5, 0.75)
    assert summary.messages_per_second == 1.0  # 4 results between 100 s and 104 s
    assert (summary.p50_ms, summary.p99_ms) == (1000.0, 3000.0)


def test_accuracy_is_about_the_results_that_there_are():
    assert summarise(ledger_of((0, None, 1.0, 2.0)), truth=[0, 1, 2, 3]).accuracy_after == 1.0


def test_nothing_stored_gives_zeros():
    summary = summarise(Ledger(4), truth=[0, 1, 2, 3])
    assert (summary.images, summary.results, summary.messages_per_second, summary.p99_ms) == (4, 0, 0.0, 0.0)


def test_the_file_has_exactly_the_promised_keys(tmp_path):
    summarise(ledger_of((0, None, 1.0, 2.0)), truth=[0, 1, 2, 3]).write(tmp_path / "summary.json")
    assert list(json.loads((tmp_path / "summary.json").read_text())) == KEYS


@pytest.mark.parametrize(("share", "value"), [(0.5, 50), (0.99, 99), (1.0, 100), (0.0, 1), (0.001, 1)])
def test_a_percentile_is_the_nearest_rank(share, value):
    assert percentile(list(range(1, 101)), share) == value


def test_the_percentile_of_one_value_is_that_value():
    assert percentile([7.0], 0.5) == percentile([7.0], 0.99) == 7.0
