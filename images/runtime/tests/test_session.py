"""The protocol of one connection, without a socket."""

from __future__ import annotations

import json
import threading

import pytest

from asya_runtime import frames
from asya_runtime.errors import InvocationError
from asya_runtime.session import Session
from asya_runtime.settings import Settings
from images.runtime.tests.driver import FROM_RUNTIME, invoke_body, invoke_frame


class Recorded:
    """A session, what it submitted and cancelled, and what it said."""

    def __init__(self, **settings):
        self.jobs = []
        self.cancelled = []
        self.session = Session(Settings("module.function", **settings), self.jobs.append, self.cancelled.append)
        self.decoder = frames.Decoder(FROM_RUNTIME)
        self.greeting = self.said()

    def said(self):
        return self.decoder.feed(self.session.take())

    def invoke(self, request, payload=None, **options):
        self.session.receive(invoke_frame(request, payload, **options))
        return self.jobs[-1]

    def receive(self, kind, request=0, body=b""):
        self.session.receive(frames.encode(kind, request, body))

    def codes(self):
        return [(request, json.loads(body)["code"]) for kind, request, body in self.said() if kind == frames.ERROR]


@pytest.fixture
def recorded():
    return Recorded()


def test_the_first_frame_is_hello():
    ((kind, request, body),) = Recorded(mode="envelope", concurrency=3, max_body_bytes=5000).greeting

    assert (kind, request) == (frames.HELLO, 0)
    assert json.loads(body) == {"version": 1, "mode": "envelope", "concurrency": 3, "limit": 5000, "batch": 1}


def test_an_invoke_becomes_a_job(recorded):
    job = recorded.invoke(7, {"a": 1}, timeout_ms=1500, meta={"id": "x"})

    assert (job.request, job.timeout_ns, job.meta, job.payload) == (7, 1_500_000_000, b'{"id": "x"}', b'{"a": 1}')
    assert (job.started, job.deadline_ns) == (False, 0)
    assert recorded.session.outstanding == 1


def test_jobs_come_in_the_order_in_which_they_were_sent(recorded):
    recorded.session.receive(b"".join(invoke_frame(request, None) for request in [5, 3, 9]))

    assert [job.request for job in recorded.jobs] == [5, 3, 9]


def test_an_answer_ends_a_request(recorded):
    job = recorded.invoke(7)

    assert recorded.session.item(job, b"1")
    recorded.session.end(job, 42)
    assert recorded.said() == [(frames.ITEM, 7, b"1"), (frames.END, 7, frames.end_body(42))]
    assert recorded.session.outstanding == 0


def test_an_error_ends_a_request(recorded):
    recorded.session.fail(recorded.invoke(7), InvocationError("processing_error", "no"))

    assert recorded.codes() == [(7, "processing_error")]
    assert recorded.session.outstanding == 0


def test_nothing_is_said_twice(recorded):
    job = recorded.invoke(7)
    recorded.session.end(job, 1)
    recorded.said()
    recorded.session.end(job, 1)
    recorded.session.fail(job, InvocationError("processing_error", "no"))

    assert recorded.said() == []


def test_a_number_can_be_used_again_when_it_is_free(recorded):
    first = recorded.invoke(7)
    recorded.session.end(first, 1)
    second = recorded.invoke(7)
    recorded.session.end(first, 2)
    recorded.session.end(second, 3)

    assert [body for _, _, body in recorded.said()] == [frames.end_body(1), frames.end_body(3)]


def test_a_number_that_is_outstanding_breaks_the_protocol(recorded):
    recorded.invoke(7)

    with pytest.raises(frames.FrameError, match="request 7, which is outstanding"):
        recorded.invoke(7)


def test_frames_before_a_violation_count(recorded):
    with pytest.raises(frames.FrameError, match="length is 0"):
        recorded.session.receive(invoke_frame(1, None) + b"\0\0\0\0")
    assert [job.request for job in recorded.jobs] == [1]


def test_an_item_over_the_limit_is_refused():
    recorded = Recorded(max_body_bytes=5000)
    job = recorded.invoke(1)

    assert recorded.session.item(job, b"x" * 5000)
    with pytest.raises(InvocationError) as caught:
        recorded.session.item(job, b"x" * 5001)
    assert caught.value.code == "result_error"
    assert caught.value.message == (
        "a result has 5001 bytes; the limit is 5000 (ASYA_MAX_BODY_BYTES); "
        "return less, or store it and return where it is"
    )


def test_cancelling_what_waits_answers_at_once(recorded):
    job = recorded.invoke(7)
    recorded.receive(frames.CANCEL, 7)

    assert job.cancelled
    assert recorded.codes() == [(7, "cancelled_error")]
    assert recorded.cancelled == []


def test_cancelling_what_runs_discards_its_result(recorded):
    job = recorded.invoke(7)
    job.started = True
    recorded.session.item(job, b"1")
    recorded.receive(frames.CANCEL, 7)

    assert recorded.cancelled == [job]
    assert recorded.session.outstanding == 1
    assert not recorded.session.item(job, b"2")
    recorded.session.end(job, 1)
    first, second = recorded.said()
    assert first == (frames.ITEM, 7, b"1")
    assert json.loads(second[2])["code"] == "cancelled_error"


def test_an_error_of_what_was_cancelled_says_that_it_was_cancelled(recorded):
    job = recorded.invoke(7)
    job.started = True
    recorded.receive(frames.CANCEL, 7)
    recorded.session.fail(job, InvocationError("processing_error", "interrupted"))

    assert recorded.codes() == [(7, "cancelled_error")]


def test_cancelling_what_is_not_there_is_counted(recorded):
    recorded.receive(frames.CANCEL, 7)

    assert recorded.session.dropped == 1
    assert recorded.said() == []


def test_a_ping_is_answered_with_its_bytes(recorded):
    recorded.receive(frames.PING, 0, b"\x00abc")
    recorded.receive(frames.PONG, 0, b"nobody asked")

    assert recorded.said() == [(frames.PONG, 0, b"\x00abc")]


def test_drain_goes_both_ways_once(recorded):
    assert not recorded.session.draining
    recorded.receive(frames.DRAIN)
    recorded.session.drain()
    recorded.session.drain()

    assert recorded.session.draining
    assert recorded.said() == [(frames.DRAIN, 0, b"")]


def test_what_is_given_up_is_not_answered(recorded):
    first, second = recorded.invoke(1), recorded.invoke(2)
    recorded.session.abandon()
    recorded.session.end(first, 1)

    assert first.cancelled
    assert second.cancelled
    assert recorded.said() == []


@pytest.mark.parametrize(
    ("meta", "name"),
    [(b'{"id":"order-1"}', "order-1"), (b"{}", "unknown"), (b"[]", "unknown"), (b"\xff", "unknown"), (b"{", "unknown")],
)
def test_a_job_is_named_by_its_message(recorded, meta, name):
    body = invoke_body(0, meta, b"1")
    recorded.receive(frames.INVOKE, 7, body)

    assert str(recorded.jobs[0]) == f"request 7, message {name}"


def test_frames_stay_whole_when_threads_answer_at_the_same_time(recorded):
    jobs = [recorded.invoke(request) for request in range(1, 201)]
    read = []
    done = threading.Event()

    def collect():
        while not done.is_set():
            read.extend(recorded.said())

    def answer(mine):
        for job in mine:
            recorded.session.item(job, b"x" * job.request)
            recorded.session.end(job, 0)

    collector = threading.Thread(target=collect)
    workers = [threading.Thread(target=answer, args=(jobs[start::4],)) for start in range(4)]
    for thread in (collector, *workers):
        thread.start()
    for thread in workers:
        thread.join()
    done.set()
    collector.join()
    read += recorded.said()

    assert recorded.decoder.error is None
    assert sorted(request for kind, request, _ in read if kind == frames.END) == list(range(1, 201))
    assert all(len(body) == request for kind, request, body in read if kind == frames.ITEM)
