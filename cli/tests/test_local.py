"""One run that is left in the background, and every command on it."""

import contextlib
import http.client
import json
import signal
import subprocess
import sys
from urllib.parse import urlsplit

import pytest

from cli.tests.commands import Workplace

pytestmark = [pytest.mark.needs("helm", "nats-server"), pytest.mark.timeout(180)]

HANDLERS = """
import os
import time


def shout(payload):
    print("shouting")
    return {**payload, "processed": payload["text"].upper()}


def fan(payload):
    return [{"n": n} for n in range(payload["n"])]


def nothing(payload):
    return None


def own_pid(payload):
    return os.getpid()


def wait(payload):
    while not os.path.exists(payload["file"]):
        time.sleep(0.01)
    return payload
"""


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    place = Workplace(tmp_path_factory.mktemp("local"), HANDLERS)
    handlers = ["handlers.shout", "handlers.fan", "idle=handlers.nothing", "handlers.wait", "who=handlers.own_pid"]
    up = place("up", *handlers, "--detach")
    assert "ready after" in up.stdout
    assert "left running; `asya local down` stops it" in up.stdout
    yield place
    place.close()


def sent(place, *arguments, code=0):
    return place("send", *arguments, "--follow", "--timeout", "60", code=code)


def test_the_summary_names_what_is_not_honoured(place):
    written = (place.path / ".asya" / "substitutions.txt").read_text()
    assert "resources: " in written
    assert "handlers-shout/asya-runtime: interpreter python3 -> " in written


def test_every_actor_is_ready_and_its_queue_empty(place):
    found = json.loads(place("status", "-o", "json").stdout)
    assert found["broker"]["ready"] is True
    assert [actor["name"] for actor in found["actors"]] == [
        "handlers-shout",
        "handlers-fan",
        "idle",
        "handlers-wait",
        "who",
        "happy-end",
        "error-end",
    ]
    assert all(actor["ready"] and actor["depth"] for actor in found["actors"])
    shout = found["actors"][0]
    assert shout["queue"] == "asya-handlers-shout"
    assert {process["container"] for process in shout["processes"]} == {"asya-runtime", "asya-sidecar"}


def test_the_table_shows_the_same(place):
    header, *rows = place("status").stdout.splitlines()[1:]
    assert header.split() == ["ACTOR", "READY", "WAITING", "RUNNING", "DELAYED", "RESTARTS", "PIDS"]
    assert [row.split()[:2] for row in rows[:2]] == [["handlers-shout", "yes"], ["handlers-fan", "yes"]]


def test_status_names_the_process_that_runs_the_handler(place):
    worker = int(sent(place, "who", "{}").stdout)
    who = next(actor for actor in json.loads(place("status", "-o", "json").stdout)["actors"] if actor["name"] == "who")

    assert who["worker"] == worker
    pids = {process["container"]: process["pid"] for process in who["processes"]}
    row = next(line for line in place("status").stdout.splitlines() if line.startswith("who "))
    assert row.rstrip().endswith(f"  {pids['asya-sidecar']}, {pids['asya-runtime']}, {worker}")


def test_a_message_comes_back_as_its_result(place):
    done = sent(place, "handlers-shout", '{"text": "hi"}')
    assert json.loads(done.stdout) == {"text": "hi", "processed": "HI"}


def test_an_error_comes_back_as_the_users_traceback(place):
    done = sent(place, "handlers-shout", "{}", "--id", "broken", code=1)
    assert done.stdout == ""
    lines = done.stderr.splitlines()
    assert lines[0] == "broken"
    assert lines[1] == "Traceback (most recent call last):"
    assert lines[-2] == "KeyError: 'text'"
    assert lines[-1] == "error: broken ended in an error at handlers-shout (processing_error); KeyError: 'text'"


def test_a_message_goes_along_its_route_with_all_that_it_was_given(place):
    done = sent(place, "idle", '{"a": 1}', "--id", "m1", "--header", "team=x=y", "--deadline", "10m", "--envelope")
    envelope = json.loads(done.stdout)
    assert envelope["id"] == "m1"
    assert envelope["headers"]["team"] == "x=y"
    assert envelope["status"]["deadline_at"] > envelope["status"]["created_at"]
    assert envelope["payload"] == {"a": 1}


def test_of_a_fan_out_the_first_part_is_followed_and_the_others_are_mentioned(place):
    done = sent(place, "handlers-fan,idle", '{"n": 3}', "--id", "split")
    assert json.loads(done.stdout) == {"n": 0}
    ids = {"split-0.1", "split-0.2"}
    for id_ in ids:
        assert place.running.results.find(id_) is None  # found only under its own day
    done = sent(place, "handlers-fan", '{"n": 7}', "--id", "wide")
    assert "note: it fanned out; stored by now of its children: wide-0.1, " in done.stderr


def test_many_messages_are_sent_from_lines(place, tmp_path):
    file = tmp_path / "messages.jsonl"
    file.write_text("".join(f'{{"text": "{n}"}}\n' for n in range(20)))
    done = sent(place, "handlers-shout", str(file), "--lines")
    assert [json.loads(line)["processed"] for line in done.stdout.splitlines()] == [str(n) for n in range(20)]


def test_one_bad_line_keeps_all_from_being_sent(place):
    before = place.running.results.count("result")
    done = place("send", "idle", "-", "--lines", stdin='{"a": 1}\n{"a": \n', code=2)
    assert "error: line 2 is no JSON" in done.stderr
    assert place("send", "idle", "-", "--lines", stdin="\n", code=2).stderr.startswith("error: there is no message")
    assert place.running.results.count("result") == before


def test_without_following_only_the_id_is_printed(place):
    assert place("send", "idle", "-", "--id", "quiet", stdin="[1]").stdout == "quiet\n"


@pytest.mark.parametrize(
    ("arguments", "code", "told"),
    [
        (["nobody", "{}"], 1, "error: no actor 'nobody' is up here; its name is misspelt"),
        (["happy-end", "{}"], 2, "error: happy-end can't be in a route; it follows by itself"),
        (["idle,error-end", "{}"], 2, "error: error-end can't be in a route; it follows by itself"),
        (["idle,", "{}"], 2, "can't be an actor's name"),
        (["idle", "{}", "--id", "a b"], 2, "error: id: 'a b' must be"),
        (["idle", "{}", "--deadline", "soon"], 2, "error: --deadline: 'soon' is no duration"),
        (["idle", "{}", "--header", "x"], 2, "error: --header 'x' has no value"),
        (["idle", "x", "--lines", "--id", "a"], 2, "error: --id names one message, and --lines sends many"),
    ],
)
def test_what_cannot_be_sent_is_refused_before_it_is_sent(place, arguments, code, told):
    assert told in place("send", *arguments, code=code).stderr


def test_an_id_that_has_ended_is_not_sent_again(place):
    assert sent(place, "idle", "1", "--id", "once").stdout == "1\n"
    told = place("send", "idle", "2", "--id", "once", "--follow", code=1)
    assert told.stderr == ("error: id once has ended already; choose another, or start with `asya local up --fresh`\n")
    assert told.stdout == ""


def test_a_message_above_the_limit_is_not_sent(place):
    payload = json.dumps("x" * 17 * 1024 * 1024)
    told = place("send", "idle", "-", "--follow", stdin=payload, code=1).stderr
    assert told.startswith("error: the message has 178")
    assert "actors take at most 16777216 (maxBodyBytes); send less" in told


def test_an_actor_further_on_that_is_not_there_is_warned_of(place):
    done = place("send", "idle,later", "{}")
    assert "warning: no actor 'later' is up here" in done.stderr


def test_following_gives_up_in_time(place, tmp_path):
    payload = json.dumps({"file": str(tmp_path / "go")})
    done = place("send", "handlers-wait", payload, "--id", "slow", "--follow", "--timeout", "0.2", code=1)
    assert "error: slow has not ended within 0.2 s" in done.stderr
    assert json.loads(place("status", "-o", "json").stdout)["actors"][3]["depth"]["in_flight"] == 1
    (tmp_path / "go").touch()


def test_logs_show_what_the_handler_printed(place):
    sent(place, "handlers-shout", '{"text": "logged"}')
    shown = place("logs", "handlers-shout").stdout
    assert "handlers-shout/asya-runtime | shouting\n" in shown
    assert "handlers-shout/asya-sidecar | info: " in shown
    assert "idle/" not in shown
    assert place("logs", "handlers-shout", "--tail", "1").stdout.count("\n") == 1
    assert '{"time":' in place("logs", "handlers-shout", "--raw").stdout


def test_logs_of_an_unknown_actor_name_the_known_ones(place):
    told = place("logs", "nobody", code=1).stderr
    assert told.startswith("error: no actor 'nobody' here;")
    assert "handlers-shout, handlers-wait, happy-end, idle, nats" in told


def test_a_runtime_that_is_killed_comes_back(place):
    before = place.running.process("handlers-shout", "asya-runtime")
    place.running.kill("handlers-shout", "asya-runtime", signal.SIGKILL)
    after = place.running.wait_started_anew("handlers-shout", "asya-runtime", before.pid)
    assert (after.restarts, after.exit_code) == (before.restarts + 1, -signal.SIGKILL)
    assert json.loads(sent(place, "handlers-shout", '{"text": "again"}').stdout)["processed"] == "AGAIN"


def test_the_broker_comes_back_with_its_messages(place, tmp_path):
    payload = json.dumps({"file": str(tmp_path / "go")})
    place("send", "handlers-wait", payload, "--id", "kept")
    first = place.running.process("nats", "nats-server").pid
    place.running.kill("nats", "nats-server", signal.SIGKILL)
    place.running.wait_started_anew("nats", "nats-server", first)
    (tmp_path / "go").touch()
    done = place("send", "idle", "1", "--id", "after", "--follow", "--timeout", "60")
    assert done.stdout == "1\n"


def test_metrics_are_served(place):
    url = urlsplit(place.running.metrics_url("handlers-shout"))
    with contextlib.closing(http.client.HTTPConnection(url.netloc, timeout=30)) as connection:
        connection.request("GET", url.path)
        assert b"asya_actor_" in connection.getresponse().read()
    with pytest.raises(KeyError):
        place.running.metrics_url("nobody")


def test_a_second_run_in_the_same_folder_is_refused(place):
    told = place("up", "handlers.shout", code=1).stderr
    assert told.startswith(f"error: a local run is up in {place.path} already; end it with `asya local down` first")
    assert place("status").returncode == 0


def test_actors_are_completed_from_the_run(place):
    script = "from asya_cli.__main__ import run; run([])"
    environ = {"_ASYA_COMPLETE": "bash_complete", "COMP_WORDS": "asya local send handlers-shout,i", "COMP_CWORD": "3"}
    done = subprocess.run(
        [sys.executable, "-P", "-c", script],
        cwd=place.path,
        env=environ,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.stdout == "plain,handlers-shout,idle\n"
