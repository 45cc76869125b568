"""The same commands on a run whose broker is RabbitMQ."""

import asyncio
import json
import os
import re
import signal
from datetime import UTC, datetime
from pathlib import Path

import pytest

from cli.tests.commands import Workplace, finish
from cli.tests.supervised import wait_dead
from tests.brokers.rabbitmq_server import programs_or_skip

pytestmark = [pytest.mark.needs("helm"), pytest.mark.timeout(180)]

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


def status(place):
    return json.loads(place("status", "-o", "json").stdout)


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


def test_every_command_works_and_messages_outlive_the_broker_and_the_run(place, tmp_path):
    up = place("up", "--transport", "rabbitmq", "handlers.shout", "handlers.wait", "--detach")
    assert "broker: amqp://127.0.0.1:" in up.stdout
    assert json.loads(place("send", "handlers-shout", '{"text": "hi"}', "--follow", "--timeout", "60").stdout) == "HI"
    done = place("send", "handlers-shout", "{}", "--id", "broken", "--follow", "--timeout", "60", code=1)
    assert "error: broken ended in an error at handlers-shout (processing_error); KeyError: 'text'" in done.stderr
    for id_ in ("held", "next"):
        place("send", "handlers-wait", json.dumps({"file": str(tmp_path / "go")}), "--id", id_)
    done = place("send", "handlers-wait", '{"file": "/"}', "--id", "last", "--follow", "--timeout", "3", code=1)
    assert "error: last has not ended within 3 s" in done.stderr
    found = status(place)
    assert (found["broker"]["name"], found["broker"]["ready"]) == ("rabbitmq", True)
    assert all(actor["ready"] for actor in found["actors"])
    (depth,) = [actor["depth"] for actor in found["actors"] if actor["name"] == "handlers-wait"]
    assert depth["in_flight"] >= 1
    assert depth["in_flight"] + depth["ready"] == 3
    assert "Server startup complete" in place("logs", "rabbitmq").stdout

    broker = place.running.process("rabbitmq", "rabbitmq-server").pid
    place.running.kill("rabbitmq", "rabbitmq-server", signal.SIGKILL)
    place.running.wait_started_anew("rabbitmq", "rabbitmq-server", broker)
    place("down", "--at-once")
    (tmp_path / "go").touch()
    place("up", "--transport", "rabbitmq", "handlers.shout", "handlers.wait", "--detach")
    again = place("send", "handlers-wait", '{"file": "/"}', "--follow", "--timeout", "60")
    assert json.loads(again.stdout) == "done"
    today = datetime.now(UTC).isoformat()
    for id_ in ("held", "next", "last"):
        assert asyncio.run(place.running.results.wait(id_, 60, created_at=today)).kind == "result"


def test_nothing_is_open_to_other_machines_and_nothing_outlives_the_supervisor(place):
    process = place.foreground("--transport", "rabbitmq", "handlers.shout")
    supervisor, *_ = place.pids()
    node = descendants(place.running.process("rabbitmq", "rabbitmq-server").pid)
    assert listening(node) == {"0100007F"}
    pids = place.pids()
    os.kill(supervisor, signal.SIGKILL)
    finish(process)
    for pid in {*pids, *node}:
        wait_dead(pid)
