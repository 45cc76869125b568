"""Finished results that wait for their message: how long, and how much of them."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest

from asya_core.envelope import decode
from asya_core.limits import Limits
from asya_core.outgoing import forward
from asya_sidecar import fenced
from asya_sidecar.fenced import Fenced
from images.sidecar.tests.bench import envelope


@pytest.fixture
def result():
    return forward(decode(json.dumps(envelope("m1")).encode(), Limits()), "a", datetime.now(UTC))


def test_each_waits_its_own_time_while_others_come(result):
    kept: Fenced[str] = Fenced()
    kept.keep("first", 10, result, print)
    assert kept.given_up(100.0, connected=True) == []
    kept.keep("second", 10, result, print)
    assert kept.given_up(130.0, connected=True) == []
    assert kept.given_up(161.0, connected=True) == ["first"]


def test_the_time_begins_when_the_broker_is_back(result):
    kept: Fenced[str] = Fenced()
    kept.keep("first", 10, result, print)
    assert kept.given_up(100.0, connected=True) == []
    assert kept.given_up(500.0, connected=False) == []
    assert kept.given_up(560.0, connected=True) == []
    assert kept.given_up(561.0, connected=True) == ["first"]


def test_the_messages_count_too_and_what_is_taken_makes_room(monkeypatch, result):
    monkeypatch.setattr(fenced, "MOST_BYTES", 3000)
    kept: Fenced[str] = Fenced()
    assert kept.keep("first", 2000, result, print)
    assert kept.keep("first", 2000, result, print), "its message is there already"
    assert not kept.keep("second", 2000, result, print)
    assert len(kept.take("first")) == 2
    assert kept.keep("second", 2000, result, print)
