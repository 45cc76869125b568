"""How long messages took that were due at fixed moments."""

import pytest

from bench.openloop import judge, marked
from bench.payloads import MARK, payload
from bench.systems.asya import envelopes


def test_a_message_counts_from_when_it_was_due():
    came = {number: 100.0 + number / 10 + 0.25 for number in range(20)}
    outcome = judge(came, begin=100.0, rate=10.0, total=20)
    assert outcome.latencies == pytest.approx([0.25] * 18)


def test_messages_behind_one_that_blocks_wait_as_long_as_they_really_do():
    came = {number: max(101.0, 100.0 + number / 10) for number in range(20)}
    outcome = judge(came, begin=100.0, rate=10.0, total=20)
    assert outcome.latencies[-1] == pytest.approx(0.8)  # the third, due at 100.2; two have warmed up


def test_what_has_not_come_out_is_told():
    came = dict.fromkeys(range(15), 100.5)
    assert judge(came, begin=100.0, rate=10.0, total=20).missing == 5


def test_a_number_takes_the_place_of_the_mark_and_changes_no_size():
    message = next(envelopes(["work", "sink"], 1024, 1))
    numbered = marked(message, 17)
    assert b"#00000017#" in numbered.body
    assert len(numbered.body) == len(message.body)
    assert payload(1024)["mark"] == MARK
