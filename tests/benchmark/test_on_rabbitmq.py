"""The benchmark's own tools against a real RabbitMQ: its client, a race, and messages at fixed moments."""

from __future__ import annotations

from urllib.parse import quote

import pytest

from bench.amqp import AmqpError, Client, Message
from bench.effort import Effort
from bench.openloop import drive
from bench.race import Entrant, race
from bench.systems.ceilings import Ceiling

PERSISTENT = b"\x10\x00\x02"
SOON = Effort(rounds=2, seconds=0.05)


class Vhosts:
    """The part of the benchmark's broker that systems use, on the server of the tests."""

    def __init__(self, server):
        self._server = server
        self.made = []

    def make_vhost(self, _name):
        self.made.append(self._server.make_vhost())
        user, password = (quote(each, safe="") for each in (self._server.user, self._server.password))
        return f"amqp://{user}:{password}@{self._server.host}:{self._server.port}/{self.made[-1]}"


@pytest.fixture
def vhosts(rabbitmq_server):
    vhosts = Vhosts(rabbitmq_server)
    yield vhosts
    for name in vhosts.made:
        rabbitmq_server.drop_vhost(name)


@pytest.fixture
def client(vhosts):
    client = Client(vhosts.make_vhost("client"))
    client.declare("in")
    yield client
    client.close()


@pytest.fixture(params=["ceiling", "broker"])
def ceiling(request, vhosts, tmp_path):
    ceiling = Ceiling(request.param, vhosts, tmp_path)
    ceiling.prepare([1024])
    ceiling.start()
    yield ceiling
    ceiling.stop()


def test_a_queue_holds_what_it_was_filled_with_byte_for_byte(client):
    bodies = [b"x" * size for size in (0, 1, 1000, 300_000)]
    assert client.fill("in", [Message(PERSISTENT, body) for body in bodies]) == 4
    assert client.depth("in") == 4
    taken = [client.get("in") for _ in bodies]
    assert [each.body for each in taken] == bodies
    assert all(each.properties.endswith(b"\x02") for each in taken)  # persistent, behind the count of deliveries
    assert client.get("in") is None


def test_a_purged_queue_is_empty(client):
    client.fill("in", [Message(PERSISTENT, b"x")] * 3000)
    client.purge("in")
    assert client.depth("in") == 0


def test_filling_a_queue_that_is_not_there_fails(client):
    with pytest.raises(AmqpError, match="no such queue"):
        client.fill("elsewhere", [Message(PERSISTENT, b"x")])


def test_a_race_counts_every_message_of_every_round_and_leaves_nothing_behind(ceiling):
    entrant, told = Entrant(ceiling, list), []
    race([entrant], 1024, SOON, told.append)
    row = entrant.row("throughput", 1024)
    assert (row.system, row.rounds, row.payload_bytes) == (ceiling.name, 2, 1024)
    assert 0 < row.rate_min <= row.rate <= row.rate_max
    assert set(row.details["cpu_us"]) == {"worker", "broker"}
    assert len(told) == 2
    client = ceiling.access()
    assert [client.depth(queue) for queue in ("in", "out")] == [0, 0]
    client.close()


def test_messages_at_fixed_moments_are_all_followed(ceiling):
    outcome = drive(ceiling, 1024, rate=200.0, seconds=0.2)
    assert len(outcome.latencies) == 36  # of 40, a tenth to warm up
    assert outcome.missing == 0
    assert outcome.latencies[0] > 0
