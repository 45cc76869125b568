import io
import json
import logging
import sys

import pytest

from asya_sidecar.log import JsonFormatter
from asya_sidecar.metrics import Metrics
from images.sidecar.tests.bench import envelope, working
from images.sidecar.tests.scripted_runtime import echo, failing, results, silence

CANARY = "canary-4711"
SHORT = '{"policies": {"default": {"maxAttempts": 2, "initialDelay": "1ms"}}, "unroutableAfter": "20ms"}'


@pytest.fixture
def lines():
    """What is logged from now on, read as JSON."""
    written = io.StringIO()
    handler = logging.StreamHandler(written)
    handler.setFormatter(JsonFormatter("a"))
    root = logging.getLogger()
    level = root.level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    yield lambda: [json.loads(line) for line in written.getvalue().splitlines()]
    root.removeHandler(handler)
    root.setLevel(level)


def test_a_line_is_json_with_the_fields_of_the_event(lines):
    logging.getLogger("asya_sidecar.x").warning("it is %s", "so", extra={"event": "thing", "id": "m1", "attempt": 2})
    (line,) = lines()

    assert line.pop("time").endswith("+00:00")
    assert line == {
        "level": "warning", "actor": "a", "message": "it is so", "event": "thing", "id": "m1", "attempt": 2,
    }  # fmt: skip


def test_an_exception_is_one_line_and_strange_values_are_written_as_text():
    try:
        int("no number")
    except ValueError:
        record = logging.LogRecord("x", logging.ERROR, "f", 1, "failed", None, sys.exc_info())
    record.thing = object
    text = JsonFormatter("a").format(record)

    assert "\n" not in text
    assert "ValueError: invalid literal" in json.loads(text)["exception"]
    assert json.loads(text)["thing"] == "<class 'object'>"


async def test_no_line_ever_holds_a_payload_a_header_or_what_an_exception_said(folder, lines):
    message = {"payload": {"secret": CANARY}, "headers": {"mine": CANARY}}
    lost = {"actors": ["a", "nowhere"], "current": 0, "metadata": CANARY}

    def rubbish(runtime, _invoked):
        runtime.send(99, 1, CANARY.encode())

    async with working(folder, echo, ASYA_RESILIENCY=SHORT) as bench:
        for id_, answer, more in (
            ("failed", failing(items=(CANARY,), message=CANARY, traceback=CANARY), {}),
            ("malformed", failing("result_error", message=CANARY), {}),
            ("empty", results(), {}),
            ("passed", echo, {}),
            ("several", results(CANARY, {"x": CANARY}), {}),
            ("crashed", lambda runtime, _invoked: runtime.hang_up(), {}),
            ("rubbish", rubbish, {}),
            ("unroutable", echo, {"route": lost}),
            ("refused", echo, {"route": {"actors": ["other"], "metadata": CANARY}}),
        ):
            bench.runtime.answer = answer
            await bench.send(envelope(id_, **{**message, **more}))
            await bench.until_settled(id_)
        await bench.send(b'{"id": 5, "payload": "%b"}' % CANARY.encode(), CANARY.encode())
        await bench.ledger.until(lambda: len(bench.actor.runs) == 0)
    logged = lines()

    assert {line.get("event") for line in logged} >= {
        "handler_failed", "refused", "runtime_ready", "worker_ended", "protocol_error", "unroutable", "output_held",
    }  # fmt: skip
    assert CANARY not in json.dumps(logged)


async def test_lines_about_a_message_carry_its_id_and_attempt(folder, lines):
    async with working(folder, failing(type="ValueError"), ASYA_RESILIENCY=SHORT) as bench:
        await bench.send(envelope("m1"))
        await bench.until_queued("error-end")
    failures = [line for line in lines() if line.get("event") == "handler_failed"]

    assert [(line["id"], line["attempt"], line["reason"], line["type"]) for line in failures] == [
        ("m1", 1, "processing_error", "ValueError"), ("m1", 2, "processing_error", "ValueError"),
    ]  # fmt: skip
    assert [line["message"].rpartition(" ")[2] for line in failures] == ["retry", "error_end"]


def test_metrics_have_the_names_and_labels_that_dashboards_use():
    metrics = Metrics("a", "nats")
    metrics.delivered(100, 2)
    metrics.settled("success", 0.1)
    metrics.failed("route_mismatch")
    metrics.runtime_error("processing_error")
    metrics.sent("asya-b", "routing", 100, 0.01)
    metrics.worker_ended("memory")
    metrics.claim("stored", 100)
    metrics.claim_failed("stored")
    families = {
        family.name: {tuple(sorted(set(sample.labels) - {"le"})) for sample in family.samples}
        for family in metrics.registry.collect()
    }

    assert families == {
        "asya_actor_messages_received": {("queue", "transport")},
        "asya_actor_messages_processed": {("queue", "status")},
        "asya_actor_messages_sent": {("destination_queue", "message_type")},
        "asya_actor_messages_failed": {("queue", "reason")},
        "asya_actor_runtime_errors": {("error_type", "queue")},
        "asya_actor_processing_duration_seconds": {("queue",)},
        "asya_actor_runtime_execution_duration_seconds": {("queue",)},
        "asya_actor_queue_receive_duration_seconds": {("queue", "transport")},
        "asya_actor_queue_send_duration_seconds": {("destination_queue", "transport")},
        "asya_actor_envelope_size_bytes": {("direction",)},
        "asya_actor_active_messages": {()},
        "asya_actor_breaker_open": {()},
        "asya_actor_held_outputs": {()},
        "asya_actor_messages_redelivered": {("queue",)},
        "asya_actor_leases_lost": {("queue",)},
        "asya_actor_worker_ends": {("reason",)},
        "asya_actor_claim_check_payloads": {("direction",)},
        "asya_actor_claim_check_bytes": {("direction",)},
        "asya_actor_claim_check_failures": {("direction",)},
    }


async def test_metrics_count_what_happened(folder):
    async with working(folder, results(0, 1)) as bench:
        await bench.send(envelope("m1", "x"), envelope("m2", "x", route={"actors": ["other"], "current": 0}))
        await bench.until_settled("m1", "m2")

        for value, name, labels in (
            (2, "messages_received_total", {"queue": "a", "transport": "memory"}),
            (1, "messages_processed_total", {"queue": "a", "status": "success"}),
            (1, "messages_processed_total", {"queue": "a", "status": "error"}),
            (2, "messages_sent_total", {"destination_queue": "asya-b", "message_type": "routing"}),
            (1, "messages_sent_total", {"destination_queue": "asya-error-end", "message_type": "error_end"}),
            (1, "messages_failed_total", {"queue": "a", "reason": "route_mismatch"}),
            (2, "processing_duration_seconds_count", {"queue": "a"}),
            (1, "runtime_execution_duration_seconds_count", {"queue": "a"}),
            (1, "queue_receive_duration_seconds_count", {"queue": "a", "transport": "memory"}),
            (2, "queue_send_duration_seconds_count", {"destination_queue": "asya-b", "transport": "memory"}),
            (2, "envelope_size_bytes_count", {"direction": "received"}),
            (3, "envelope_size_bytes_count", {"direction": "sent"}),
            (0, "active_messages", {}),
            (0, "held_outputs", {}),
        ):
            assert bench.sample(f"asya_actor_{name}", **labels) == value, (name, labels)


async def test_active_messages_are_those_in_hand(folder):
    async with working(folder, silence, ASYA_PREFETCH="3") as bench:
        await bench.send(*(envelope(f"m{number}") for number in range(5)))
        await bench.ledger.until(lambda: len(bench.actor.runs) == 3)

        assert bench.sample("asya_actor_active_messages") == 3
