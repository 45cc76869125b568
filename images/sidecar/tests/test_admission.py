import asyncio

from hypothesis import given
from hypothesis import strategies as st

from asya_sidecar.admission import Admission


class Entrant:
    def __init__(self, number, *, alone=False):
        self.number = number
        self.alone = alone


def everybody(admission):
    entered = []
    while (entrant := admission.admit()) is not None:
        entered.append(entrant)
    return entered


def test_first_come_first_served():
    admission = Admission()
    entrants = [Entrant(number) for number in range(5)]
    for entrant in entrants:
        admission.join(entrant)

    assert everybody(admission) == entrants
    assert (len(admission), admission.inside) == (0, 5)


def test_who_was_interrupted_waits_in_front():
    admission = Admission()
    first, second, third = (Entrant(number) for number in range(3))
    admission.join(third)
    admission.rejoin([first, second])

    assert everybody(admission) == [first, second, third]


def test_a_lone_one_waits_for_an_empty_house_and_keeps_it_to_itself():
    admission = Admission()
    before, lone, after = Entrant(0), Entrant(1, alone=True), Entrant(2)
    for entrant in (before, lone, after):
        admission.join(entrant)

    assert everybody(admission) == [before]
    admission.leave(before)
    assert everybody(admission) == [lone]
    admission.leave(lone)
    assert everybody(admission) == [after]


def test_leaving_without_having_entered_changes_nothing():
    admission = Admission()
    entrant = Entrant(0)
    admission.leave(entrant)
    admission.join(entrant)

    assert everybody(admission) == [entrant]


async def test_who_rests_comes_in_later():
    admission, rested = Admission(), asyncio.Event()
    entrant = Entrant(0)
    admission.rest(entrant, 0.001, rested.set)
    assert everybody(admission) == []

    async with asyncio.timeout(10):
        await rested.wait()
    assert everybody(admission) == [entrant]


async def test_withdrawing_takes_out_who_waits_and_who_rests_and_their_time_never_comes():
    admission = Admission()
    waits, rests = Entrant(0), Entrant(1)
    admission.join(waits)
    admission.rest(rests, 3600, lambda: None)

    assert admission.withdraw() == [waits, rests]
    assert admission.withdraw() == []


@given(st.data())
def test_lone_ones_never_overlap_and_nobody_is_stranded(data):
    admission = Admission()
    inside, entered = [], []
    came = [
        Entrant(number, alone=alone) for number, alone in enumerate(data.draw(st.lists(st.booleans(), max_size=30)))
    ]
    coming = list(came)
    while coming or inside or len(admission):
        choice = data.draw(st.integers(0, 2))
        if coming and choice != 0:
            admission.join(coming.pop(0))
        elif inside:
            admission.leave(inside.pop(data.draw(st.integers(0, len(inside) - 1))))
        elif coming:
            admission.join(coming.pop(0))
        new = everybody(admission)
        inside += new
        entered += new
        assert len(inside) == admission.inside
        assert not any(entrant.alone for entrant in inside) or len(inside) == 1
        assert inside or not len(admission)

    assert entered == came
