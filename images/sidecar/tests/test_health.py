import http.client
import socket

import pytest
from prometheus_client import CollectorRegistry, Counter

from asya_core.errors import SettingsError
from asya_core.transports.memory import MemoryBroker, MemoryTransport
from asya_sidecar import health as module
from asya_sidecar.health import Health, serve_health
from asya_sidecar.sidecar import Sidecar
from images.sidecar.tests.bench import settings_for

GOOD = {"connected": True, "consuming": True, "runtime_ready": True, "serving": True}


@pytest.fixture
def state():
    return dict(GOOD)


@pytest.fixture
def health(state):
    return Health(**{name: (lambda name=name: state[name]) for name in state})


@pytest.fixture
def clock(monkeypatch):
    """A clock that a test moves."""
    now = [1000.0]
    monkeypatch.setattr(module.time, "monotonic", lambda: now[0])

    def move(seconds):
        now[0] += seconds

    return move


@pytest.mark.parametrize(
    ("bad", "words"),
    [("runtime_ready", "the runtime is not ready"), ("connected", "the broker is not reachable"),
     ("consuming", "the queue is not being consumed"), ("serving", "stopping, or every handler")],
)  # fmt: skip
def test_readiness_names_what_is_missing(state, health, bad, words):
    assert health.why_not_ready() is None
    state[bad] = False

    assert words in health.why_not_ready()


def test_a_stuck_event_loop_is_not_alive(clock, health):
    health.beat()
    clock(29)
    assert health.why_not_alive() is None

    clock(2)
    assert "the event loop has not turned for 31 s" in health.why_not_alive()


def beat_for(clock, health, seconds):
    for _ in range(0, seconds, 10):
        clock(10)
        health.beat()


def test_a_broker_that_answers_without_a_consumer_for_five_minutes_is_not_alive(clock, state, health):
    state["consuming"] = False
    beat_for(clock, health, 290)
    assert health.why_not_alive() is None

    beat_for(clock, health, 20)
    assert "no consumer" in health.why_not_alive()


@pytest.mark.parametrize("excuse", ["connected", "serving"])
def test_no_consumer_is_excused_while_it_could_not_be_otherwise(clock, state, health, excuse):
    state["consuming"] = state[excuse] = False
    beat_for(clock, health, 600)

    assert health.why_not_alive() is None


def ask(port, path, host="127.0.0.1"):
    connection = http.client.HTTPConnection(host, port, timeout=10)
    try:
        connection.request("GET", path)
        answer = connection.getresponse()
        return answer.status, answer.read().decode()
    finally:
        connection.close()


@pytest.fixture
def server(health):
    registry = CollectorRegistry()
    Counter("asya_actor_things", "Things.", registry=registry).inc(3)
    server = serve_health("127.0.0.1", 0, health, registry)
    yield server
    server.shutdown()
    server.server_close()


def test_probes_and_metrics_are_answered_over_http(server, state):
    port = server.server_port

    assert ask(port, "/healthz") == (200, "ok\n")
    assert ask(port, "/readyz") == (200, "ok\n")
    assert "asya_actor_things_total 3.0" in ask(port, "/metrics")[1]
    assert ask(port, "/other")[0] == 404

    state["runtime_ready"] = False
    assert ask(port, "/readyz") == (503, "the runtime is not ready; its log says why\n")
    assert ask(port, "/healthz")[0] == 200


def test_a_client_that_says_nothing_does_not_keep_others_waiting(server):
    with socket.create_connection(("127.0.0.1", server.server_port)):
        assert ask(server.server_port, "/healthz")[0] == 200


@pytest.mark.parametrize("host", ["", "127.0.0.1"])
def test_a_pod_is_probed_on_its_own_address(health, host):
    server = serve_health(host, 0, health, CollectorRegistry())
    try:
        assert ask(server.server_port, "/healthz") == (200, "ok\n")
        if not host and socket.has_dualstack_ipv6():
            assert ask(server.server_port, "/healthz", "::1") == (200, "ok\n")
    finally:
        server.shutdown()
        server.server_close()


async def test_a_port_that_is_taken_is_a_setting_that_cannot_be_used(folder):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        sidecar = Sidecar(settings_for(folder, ASYA_METRICS_ADDR=f"127.0.0.1:{port}"), MemoryTransport(MemoryBroker()))
        with pytest.raises(SettingsError, match=f"ASYA_METRICS_ADDR: can't listen on 127.0.0.1:{port}: .*in use"):
            await sidecar.run()
