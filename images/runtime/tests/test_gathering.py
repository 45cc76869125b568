"""How batches are formed."""

from __future__ import annotations

from asya_runtime.gathering import Gathering


def gathering(*moments, most=3, wait=10.0):
    """Return one whose jobs are named after the moments at which they came."""
    gathering = Gathering(most, wait)
    for moment in moments:
        gathering.add(f"at {moment}", moment)
    return gathering


def test_without_jobs_nothing_is_due():
    empty = gathering()

    assert (empty.left(100.0), empty.take(), len(empty)) == (None, [], 0)


def test_a_batch_waits_for_company_from_its_first_job_on():
    jobs = gathering(100, 109)

    assert [jobs.left(now) for now in (100, 109, 110, 120)] == [10, 1, 0, 0]


def test_the_wait_begins_when_the_handler_is_free():
    jobs = gathering(100)
    jobs.freed(130)

    assert [jobs.left(now) for now in (130, 135, 140, 150)] == [10, 5, 0, 0]


def test_who_comes_to_a_free_handler_waits_from_then_on():
    jobs = gathering(100)
    jobs.freed(90)

    assert jobs.left(100) == 10


def test_a_full_batch_does_not_wait():
    assert gathering(100, 100, 100).left(100) == 0


def test_without_a_wait_what_is_there_is_due():
    assert gathering(100, wait=0.0).left(100) == 0


def test_a_batch_takes_the_oldest_jobs_and_leaves_the_rest():
    jobs = gathering(1, 2, 3, 4)

    assert jobs.take() == ["at 1", "at 2", "at 3"]
    assert (len(jobs), jobs.left(5)) == (1, 9)
    assert jobs.take() == ["at 4"]


def test_a_drain_waits_for_nobody():
    jobs = gathering(100)
    jobs.hurry()
    assert jobs.left(100) == 0
    jobs.take()
    jobs.add("later", 101)

    assert jobs.left(101) == 0
