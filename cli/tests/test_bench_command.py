"""`asya bench` as a user calls it."""

import json
import re
import subprocess
import sys

import pytest

from asya_cli.local.state import Folder

pytestmark = [pytest.mark.needs("helm", "nats-server"), pytest.mark.timeout(200)]

HANDLERS = """\
import time

def wait(payload):
    time.sleep(0.05)
    return payload

def fail(payload):
    raise ValueError("no")

def nothing(payload):
    return None

def together(payloads: list[dict]) -> list:
    return payloads
"""


@pytest.fixture
def bench(tmp_path):
    (tmp_path / "mine.py").write_text(HANDLERS)

    def call(*arguments, code=0):
        command = [sys.executable, "-P", "-m", "asya_cli", "bench", *arguments, "--rounds", "2", "--seconds", "0.2"]
        done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=150, check=False)
        assert done.returncode == code, done.stderr
        return done

    return call


def test_an_actor_is_measured_beside_an_empty_handler(bench, tmp_path):
    kept = tmp_path / ".asya" / "results" / "kept"
    kept.parent.mkdir(parents=True)
    kept.write_text("")
    (tmp_path / "slow.yaml").write_text("image: this:1\nhandler: mine.wait\n")

    found = json.loads(bench("slow.yaml", '{"a": 1}', "--json", "--set", "concurrency=2").stdout)

    assert (found["actor"], found["transport"], found["payload_bytes"], found["rounds"]) == ("slow", "nats", 8, 2)
    assert 0 < found["rate_min"] <= found["rate"] <= found["rate_max"] < 40
    assert found["handler_us"] > 50_000 > found["empty_handler"]["handler_us"]
    assert found["cpu_us"].keys() == {"runtime", "sidecar", "broker"}
    assert found["because"]
    assert found["remedy"]
    assert kept.exists()


def test_a_person_gets_a_table_and_two_sentences(bench):
    shown = bench("mine.nothing", "{}").stdout.splitlines()

    assert shown[0].startswith("one pod on nats, payload of 2 bytes")
    assert shown[2].split() == ["MESSAGES/S", "LEAST", "MOST", "HANDLER", "RUNTIME", "SIDECAR", "BROKER"]
    assert [line.split()[0] for line in shown[3:5]] == ["mine", "empty"]
    assert shown[-2].startswith("limited by: ")
    assert shown[-1].startswith("what helps: ")


def test_values_for_batches_are_the_actors_and_not_the_empty_handlers(bench):
    found = json.loads(bench("mine.together", "{}", "--json", "--set", "batch.maxSize=4").stdout)

    assert found["rate"] > 0


def test_messages_that_fail_are_not_measured(bench, tmp_path):
    done = bench("mine.fail", "{}", code=1)

    assert "messages failed, so there is nothing to measure; the reason is in" in done.stderr
    assert done.stdout == ""
    (log,) = re.findall(r"the reason is in (\S+);", done.stderr)
    assert "ValueError" in (tmp_path / log).read_text()


def test_a_second_one_in_the_same_folder_is_refused(bench, tmp_path):
    first = Folder(tmp_path / ".asya" / "bench")
    first.prepare()
    with first.held():
        assert "another `asya bench` runs in" in bench("mine.wait", "{}", code=1).stderr


def test_a_folder_of_actors_is_refused(bench, tmp_path):
    (tmp_path / "actors").mkdir()
    for name in ("a", "b"):
        (tmp_path / "actors" / f"{name}.yaml").write_text("{}")

    assert "actors holds 2 actors; one is measured at a time" in bench("actors", "{}", code=2).stderr
