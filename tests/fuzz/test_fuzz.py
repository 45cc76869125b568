"""A hundred thousand bad inputs, always the same; `make fuzz` feeds a million others."""

from __future__ import annotations

from random import Random

import pytest

from tests.fuzz import campaign as module
from tests.fuzz.campaign import NotSurvivedError, campaign
from tests.fuzz.envelopes import Messages, refused
from tests.fuzz.shrinking import shrunk
from tests.fuzz.streams import ToRuntime

INPUTS = 100_000
SEED = 20260301


@pytest.mark.timeout(300)
def test_bad_inputs_are_survived_and_no_message_is_lost():
    assert sum(campaign(INPUTS, SEED).values()) == INPUTS


def test_inputs_are_bad_and_good_ones_are_among_them():
    target, chance = Messages(), Random(1)
    bad = [refused(target.make(chance)) for _ in range(1000)]
    assert 200 < sum(bad) < 900


def test_the_same_seed_gives_the_same_inputs():
    first, second = ([ToRuntime().make(Random(seed)) for seed in range(100)] for _ in range(2))
    assert first == second


def test_a_failing_input_is_shown_small(monkeypatch):
    class Touchy(ToRuntime):
        async def check(self, data):
            assert b"ping" not in data

    monkeypatch.setattr(module, "TARGETS", {Touchy: 100})
    with pytest.raises(NotSurvivedError, match=r"SEED=7 was not survived; as small as it gets:\nb'ping'$"):
        campaign(1000, 7)


async def test_whatever_can_be_left_out_is_left_out():
    async def fails(data):
        return b"a" in data and b"b" in data

    assert await shrunk(b"..a....b...", fails) == b"ab"
