"""The same commands on a run whose broker is RabbitMQ."""

import asyncio
import json
import os
import re
import signal
import time
from datetime import UTC, datetime
from pathlib import Path

import pytest

from cli.tests.commands import WITHIN, Workplace
from cli.tests.supervised import wait_dead
from tests.brokers.rabbitmq_server import programs_or_skip

pytestmark = [pytest.mark.needs("helm"), pytest.mark.timeout(300)]

LOOPBACK = {"0100007F", "00000000000000000000000001000000"}
"""127.0.0.1 and ::1, as the kernel writes them."""

HANDLERS = """
import os
import time


def shout(payload):
    return payload["text"].upper()


def wait(payload):
    while not os.path.exists(payload["file"]):
        time.sleep(0.01)
    return "done"
"""


@pytest.fixture
def place(need, tmp_path):
    programs_or_skip(need)
    place = Workplace(tmp_path, HANDLERS)
    yield place
    place.close()


def depth_when(place, actor, condition):
    """Return an actor's depth as `asya local status` shows it, as soon as the condition holds."""
    until = time.monotonic() + WITHIN
    while time.monotonic() < until:
        found = json.loads(place("status", "-o", "json").stdout)
        assert (found["broker"]["name"], found["broker"]["ready"]) == ("rabbitmq", True)
        (depth,) = [each["depth"] for each in found["actors"] if each["name"] == actor]
        if condition(depth):
            return depth
    raise AssertionError(f"the depth of {actor} stays {depth}")


def descendants(pid):
    """Return the process and all that it started, as far as they live."""
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [pid, *(each for child in children for each in descendants(int(child)))]


def listening(pids):
    """Return the addresses, as the kernel writes them, on which any of these processes listens."""
    links = [link for pid in pids for link in Path(f"/proc/{pid}/fd").iterdir()]
    sockets = {found[1] for link in links if (found := re.fullmatch(r"socket:\[(\d+)\]", str(link.readlink())))}
    lines = [line.split() for table in ("tcp", "tcp6") for line in Path(f"/proc/net/{table}").read_text().splitlines()]
    return {line[1].partition(":")[0] for line in lines if line[3] == "0A" and line[9] in sockets}


def test_every_command_works_messages_outlive_the_broker_and_nothing_outlives_the_supervisor(place, tmp_path):
    up = place("up", "--transport", "rabbitmq", "handlers.shout", "handlers.wait", "--detach")
    assert "broker: amqp://127.0.0.1:" in up.stdout
    assert json.loads(place("send", "handlers-shout", '{"text": "hi"}', "--follow").stdout) == "HI"
    done = place("send", "handlers-shout", "{}", "--id", "broken", "--follow", code=1)
    assert "error: broken ended in an error at handlers-shout (processing_error); KeyError: 'text'" in done.stderr
    assert "Server startup complete" in place("logs", "rabbitmq").stdout
    place("send", "handlers-wait", json.dumps({"file": str(tmp_path / "go")}), "--id", "running")
    place("send", "handlers-wait", json.dumps({"file": str(tmp_path / "go")}), "--id", "waiting")
    depth = depth_when(place, "handlers-wait", lambda depth: depth["in_flight"] >= 1)
    assert depth["in_flight"] + depth["ready"] == 2

    broker = place.running.process("rabbitmq", "rabbitmq-server").pid
    node = descendants(broker)
    assert listening(node) <= LOOPBACK
    place.running.kill("rabbitmq", "rabbitmq-server", signal.SIGKILL)
    again = place.running.wait_started_anew("rabbitmq", "rabbitmq-server", broker).pid
    for pid in node:
        wait_dead(pid)
    (tmp_path / "go").touch()
    today = datetime.now(UTC).isoformat()
    for id_ in ("running", "waiting"):
        assert asyncio.run(place.running.results.wait(id_, 60, created_at=today)).kind == "result"

    pids = [*place.pids(), *descendants(again)]
    os.kill(place.running.state.supervisor, signal.SIGKILL)
    for pid in pids:
        wait_dead(pid)
