"""A random walk over everything that can happen to messages in hand, with the promises checked at every step."""

import asyncio
import json
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from asya_core.errors import LeaseLostError, MessageTooLargeError, QueueMissingError, TransportUnavailableError
from asya_core.transports import Delivery
from asya_sidecar import actor, run, runtime_client, sending
from asya_sidecar.actor import Actor
from asya_sidecar.metrics import Metrics
from asya_sidecar.publisher import Publisher
from asya_sidecar.running_file import Report
from asya_sidecar.runtime_connection import Hello
from images.sidecar.tests.bench import envelope, settings_for
from images.sidecar.tests.model import LEASE_FOREVER, Broker, Connection, File, VirtualLoop, stepping

RESILIENCY = json.dumps({
    "policies": {"default": {"maxAttempts": 2, "initialDelay": "1s"}}, "maxDeliveries": 6, "unroutableAfter": "10s",
})  # fmt: skip
MODES = {"a": "payload", "happy-end": "envelope", "error-end": "envelope"}
MESSAGES = {
    "good": lambda id_: json.dumps(envelope(id_)).encode(),
    "for another": lambda id_: json.dumps(envelope(id_, route={"actors": ["x"]})).encode(),
    "late": lambda id_: json.dumps(envelope(id_, status={"deadline_at": "2020-01-01T00:00:00Z"})).encode(),
    "garbage": lambda id_: b"garbage " + id_.encode(),
}
ANSWERS = {
    "stored": lambda: None,
    "no such queue": lambda: QueueMissingError("no such queue"),
    "away": lambda: TransportUnavailableError("away"),
    "too large": lambda: MessageTooLargeError("too large"),
    "not ours": lambda: LeaseLostError("somebody else has it"),
}
CODES = st.sampled_from(["processing_error", "result_error", "timeout_error"])
PICK = st.integers(0, 1000)


class Paths(RuleBasedStateMachine):
    """One actor, whose broker and runtime do anything at any time."""

    name = "a"

    def __init__(self):
        super().__init__()
        self.loop = VirtualLoop()
        self.mistakes = []
        self.loop.set_exception_handler(lambda _loop, context: self.mistakes.append(context))
        self.patches = pytest.MonkeyPatch()
        for module in (actor, sending, run, runtime_client):
            self.patches.setattr(module, "time", self.loop.clock())
        for kind in ("Run", "EndRun"):
            self.patches.setattr(actor, kind, stepping(getattr(actor, kind)))
        environ = {"actor": self.name, "ASYA_RESILIENCY": RESILIENCY, "ASYA_RUNTIME_TIMEOUT": "60s"}
        options = settings_for(Path("/nowhere"), **environ)
        self.broker = Broker()
        metrics = Metrics(self.name, "memory")
        self.actor = Actor(options, Publisher(self.broker, options, metrics), metrics)
        begin = self.actor._begin

        def noted(*args):
            self.broker.runs.append(begin(*args))
            return self.broker.runs[-1]

        self.actor._begin = noted
        self.file = self.actor.runtime._file = File()
        self.actor.window.attach(self.broker)
        self.actor.resize()
        self.connection = None
        self.numbers = 0
        self.stopped = False
        self.come_up(2)

    def do(self, function, *args):
        """Do something on the event loop, and let everything that follows at once happen."""

        async def turn():
            function(*args)
            for _ in range(6):
                await asyncio.sleep(0)

        self.loop.run_until_complete(turn())

    def come_up(self, concurrency):
        hello = Hello(version=1, mode=MODES[self.name], concurrency=concurrency, limit=1 << 20)
        self.connection = self.file.connection = Connection(self.actor.runtime, concurrency)
        self.do(self.actor.runtime.connected, self.connection, hello)

    def hand_over(self, delivery):
        self.broker.in_hand[delivery] = None
        self.do(self.actor.deliver, delivery)

    # The broker.

    @precondition(lambda self: not self.stopped and len(self.broker.in_hand) < self.broker.asked_for)
    @rule(kind=st.sampled_from(sorted(MESSAGES)), count=st.sampled_from([1, 1, 1, 3, 7]))
    def deliver(self, kind, count):
        self.numbers += 1
        self.hand_over(Delivery(MESSAGES[kind](f"m{self.numbers}"), count, str(self.numbers), None, LEASE_FOREVER))

    @precondition(lambda self: self.broker.in_hand and not self.stopped)
    @rule(which=PICK, is_lost=st.booleans())
    def deliver_again(self, which, is_lost):
        before = self.pick(list(self.broker.in_hand), which)
        if is_lost:
            before.lease_until = 0.0
        self.hand_over(Delivery(before.body, before.count + 1, before.message_id, None, LEASE_FOREVER))

    @precondition(lambda self: self.broker.in_hand)
    @rule(which=PICK)
    def lose_a_lease(self, which):
        self.pick(list(self.broker.in_hand), which).lease_until = 0.0

    @precondition(lambda self: self.broker.sent)
    @rule(which=PICK, answer=st.sampled_from(["stored", "stored", "stored", *sorted(ANSWERS)]))
    def confirm(self, which, answer):
        self.do(self.broker.confirm, self.pick(self.broker.sent, which), ANSWERS[answer]())

    # The runtime.

    @precondition(lambda self: self.connection is not None and self.connection.begun)
    @rule(which=PICK, times=st.integers(1, 3))
    def give_items(self, which, times):
        for _ in range(times):
            self.do(self.connection.item, self.pick(self.connection.begun, which))

    @precondition(lambda self: self.connection is not None and self.connection.begun)
    @rule(which=PICK)
    def end(self, which):
        self.end_request(self.pick(self.connection.begun, which))

    def end_request(self, request):
        call = self.actor.runtime.calls.find(request)
        if call is not None and call.invocation is not None and self.name != "a":
            self.broker.stored_by.add(call.invocation)
        self.do(self.connection.end, request)

    @precondition(lambda self: self.connection is not None and self.connection.begun)
    @rule(which=PICK, code=CODES)
    def fail(self, which, code):
        self.do(self.connection.error, self.pick(self.connection.begun, which), code)

    @precondition(lambda self: self.connection is not None and self.connection.cancelled)
    @rule(which=PICK)
    def answer_a_cancel(self, which):
        request = self.pick(sorted(self.connection.cancelled), which)
        self.connection.cancelled.discard(request)
        self.do(self.connection.error, request, "cancelled_error")

    @precondition(lambda self: self.connection is not None)
    @rule(request=st.integers(1, 60))
    def answer_what_nobody_asked(self, request):
        if self.actor.runtime.calls.find(request) is None:
            self.do(self.connection.item, request)
            self.do(self.connection.end, request)

    @precondition(lambda self: self.connection is not None)
    @rule(
        reason=st.sampled_from([None, "crash", "exit", "memory", "timeout"]),
        late=st.integers(0, 3),
        is_garbled=st.booleans(),
    )
    def lose_the_worker(self, reason, late, is_garbled):
        self.file.is_garbled = is_garbled
        self.file.deadlines = dict.fromkeys(self.connection.begun[:late], 1)
        if reason is not None:
            self.file.report = Report(reason=reason, detail="it ended", at=1)
        self.do(self.actor.runtime.disconnected, self.connection, "it died")
        self.connection, self.file.is_garbled = None, False

    @precondition(lambda self: self.connection is not None and self.connection.begun)
    @rule(which=PICK)
    def be_left_alone_by_the_supervisor(self, which):
        self.file.deadlines = {self.pick(self.connection.begun, which): 1}
        self.do(self.actor.tick)
        assert self.connection.closing
        self.connection = None

    @precondition(lambda self: self.connection is None)
    @rule(concurrency=st.integers(1, 4))
    def come_back(self, concurrency):
        self.come_up(concurrency)

    # Everything else.

    @rule(seconds=st.sampled_from([0.1, 1.0, 11.0, 61.0]))
    def let_time_pass(self, seconds):
        self.loop.now += seconds
        self.do(self.actor.tick)

    @precondition(lambda self: not self.actor.draining)
    @rule()
    def begin_to_drain(self):
        self.do(self.actor.drain)

    @precondition(lambda self: self.actor.draining and not self.stopped)
    @rule()
    def have_the_consumer_stopped(self):
        self.stopped = True
        self.do(self.actor.release_waiting)

    @precondition(lambda self: self.stopped)
    @rule()
    def wait_no_longer(self):
        self.do(self.actor.release_all)

    @invariant()
    def nothing_unforeseen_happened(self):
        for mistake in self.mistakes:
            raise mistake.get("exception") or AssertionError(mistake)

    @invariant()
    def every_delivery_in_hand_belongs_to_somebody(self):
        owned = [delivery for run in self.actor.runs.values() for delivery in run.deliveries]
        assert len(owned) == len(set(owned))
        assert set(self.broker.in_hand) == {*owned, *self.actor._late}
        assert self.actor.idle.is_set() == (not self.actor.runs)
        assert self.actor.metrics.registry.get_sample_value("asya_actor_active_messages") == len(owned)

    @invariant()
    def what_is_unconfirmed_is_counted(self):
        waiting = len(self.broker.sent) + len(self.actor.publisher._timers)
        assert self.actor.publisher.unconfirmed == waiting
        assert 0 <= self.actor.publisher.waiting_apart <= waiting

    @invariant()
    def the_window_is_open_exactly_while_messages_are_run(self):
        if not self.actor.draining:
            assert (self.broker.asked_for > 0) == self.actor.serving

    def teardown(self):
        """Let everything go well from here on: then nothing may be left."""
        try:
            for _ in range(60):
                self.let_all_go_well()
            self.nothing_unforeseen_happened()
            assert not self.actor.runs, [(run.key, run.state) for run in self.actor.runs.values()]
            assert not self.broker.in_hand
            assert (self.actor.publisher.unconfirmed, self.actor.publisher._bytes) == (0, 0)
            assert (self.actor._admission.inside, len(self.actor._admission)) == (0, 0)
            assert len(self.actor.runtime.calls) == self.actor.runtime.calls.abandoned == 0
        finally:
            self.patches.undo()
            self.loop.close()

    def let_all_go_well(self):
        if self.actor.draining:
            self.stopped = True
            self.do(self.actor.release_waiting)
        if self.connection is None:
            self.come_up(2)
        for request in list(self.connection.outstanding):
            self.end_request(request)
        for sent in list(self.broker.sent):
            self.do(self.broker.confirm, sent, None)
        self.loop.now += 30.0
        self.do(self.actor.tick)

    @staticmethod
    def pick(things, which):
        return things[which % len(things)]


class PathsAtHappyEnd(Paths):
    name = "happy-end"


class PathsAtErrorEnd(Paths):
    name = "error-end"


OPTIONS = settings(max_examples=60, stateful_step_count=40, deadline=None, suppress_health_check=list(HealthCheck))
TestPaths = Paths.TestCase
TestPathsAtHappyEnd = PathsAtHappyEnd.TestCase
TestPathsAtErrorEnd = PathsAtErrorEnd.TestCase
TestPaths.settings = TestPathsAtHappyEnd.settings = TestPathsAtErrorEnd.settings = OPTIONS
