import asyncio

import pytest

from asya_core.transports.base import lease_clock
from asya_core.transports.sqs.hand import Hand
from asya_core.transports.sqs.lanes import MOST_BYTES, MOST_CALLS, Lane


class Parcel:
    def __init__(self, size=1):
        self.size = size


class Carrier:
    """Takes calls of a lane, each of which lasts until it is let go."""

    def __init__(self):
        self.calls = []
        self.gates = []

    async def __call__(self, batch):
        gate = asyncio.Event()
        self.calls.append(batch)
        self.gates.append(gate)
        await gate.wait()

    def let_go(self):
        for gate in self.gates:
            gate.set()


@pytest.fixture
async def carrier():
    carrier = Carrier()
    yield carrier
    while not all(gate.is_set() for gate in carrier.gates):
        carrier.let_go()
        await turn()


async def turn():
    """Let everything that is due happen."""
    for _ in range(5):
        await asyncio.sleep(0)


async def test_what_is_alone_goes_at_once_and_the_rest_gathers_meanwhile(carrier):
    lane = Lane(carrier)
    lane.add(Parcel())
    await turn()
    for _ in range(9):
        lane.add(Parcel())
    await turn()
    assert [len(batch) for batch in carrier.calls] == [1]
    carrier.gates[0].set()
    await turn()
    assert [len(batch) for batch in carrier.calls] == [1, 9]


async def test_full_calls_go_beside_others_but_only_so_many(carrier):
    lane = Lane(carrier)
    for _ in range(200):
        lane.add(Parcel())
    await turn()
    assert [len(batch) for batch in carrier.calls] == [10] * MOST_CALLS
    carrier.gates[0].set()
    await turn()
    assert len(carrier.calls) == MOST_CALLS + 1


async def test_calls_are_packed_by_bytes_too(carrier):
    lane = Lane(carrier)
    for size in (MOST_BYTES // 2, MOST_BYTES // 2, 1, MOST_BYTES):
        lane.add(Parcel(size))
    await turn()
    for number in range(3):
        carrier.gates[number].set()
        await turn()
    sizes = [[parcel.size for parcel in batch] for batch in carrier.calls]
    assert sizes == [[MOST_BYTES // 2, MOST_BYTES // 2], [1], [MOST_BYTES]]
    assert lane.is_idle


async def test_what_nobody_waits_for_lingers_until_a_call_is_full(carrier):
    lane = Lane(carrier, linger=3600)
    for _ in range(9):
        lane.add(Parcel())
    await turn()
    assert carrier.calls == []
    lane.add(Parcel())
    await turn()
    assert [len(batch) for batch in carrier.calls] == [10]


async def test_draining_does_not_linger(carrier):
    lane = Lane(carrier, linger=3600)
    lane.add(Parcel())
    draining = asyncio.create_task(lane.drain())
    await turn()
    assert not draining.done()
    carrier.gates[0].set()
    await draining


async def test_what_lingers_goes_when_it_is_told_to_hurry(carrier):
    lane = Lane(carrier, linger=3600)
    lane.hurry()
    lane.add(Parcel())
    await turn()
    assert carrier.calls == []
    lane.hurry()
    await turn()
    assert [len(batch) for batch in carrier.calls] == [1]


class Told:
    """Notes what a hand says of its messages."""

    def __init__(self):
        self.said = []

    def add(self, change):
        self.said.append(change.receipt)

    def hurry(self):
        self.said.append("hurry")


async def test_the_last_deletion_of_a_hand_waits_for_no_others_that_may_never_come():
    told = Told()
    hand = Hand(told, 60, 3600)
    first, second = (hand.take({"ReceiptHandle": name, "MessageId": name}, b"", lease_clock()) for name in "ab")
    hand.settle(first)
    hand.settle(second)
    assert told.said == ["a", "b", "hurry"]
