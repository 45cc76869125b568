"""The ways in which a run ends, or never begins; each with a run of its own."""

import json
import os
import re
import signal
import sys

import pytest

from cli.tests.commands import WITHIN, Workplace, finish, interrupt, read_until
from cli.tests.supervised import wait_dead

pytestmark = [pytest.mark.needs("helm", "nats-server"), pytest.mark.timeout(180)]

HANDLERS = """
import os
import re
import time

LOADED_BY = os.environ.get("LOADED_BY", "")


def process(payload):
    return {**payload, "log_level": os.environ["ASYA_LOG_LEVEL"], "model": os.environ.get("MODEL")}


def wait(payload):
    print("it waits")
    while not os.path.exists("go"):
        time.sleep(0.01)
    return payload


class Model:
    def __init__(self, path: str = "/nonesuch/model"):
        self.model = open(path).read()

    def process(self, payload):
        return payload
"""


@pytest.fixture
def place(tmp_path):
    place = Workplace(tmp_path, HANDLERS)
    yield place
    place.close()


def test_ctrl_c_ends_everything(place):
    process = place.foreground("handlers.process")
    pids = place.pids()
    done = place("send", "handlers", '{"n": 1}', "--follow")
    assert json.loads(done.stdout)["n"] == 1
    interrupt(process)
    shown, told = finish(process)
    assert process.returncode == 0
    assert told.endswith("stopping; what runs is finished first, Ctrl-C again ends it at once\nstopped\n"), told
    assert re.search(r"^handlers/asya-runtime +\| .*loaded", shown, re.MULTILINE)
    assert "nats/" not in shown
    for pid in pids:
        wait_dead(pid)
    assert place("status", code=1).stderr.startswith("error: no local run is up")


def test_a_second_ctrl_c_does_not_wait(place):
    process = place.foreground("handlers.wait")
    place("send", "handlers", "1")
    read_until(process.stdout, "it waits")
    pids = place.pids()
    interrupt(process)
    read_until(process.stderr, "stopping;")
    interrupt(process)
    process.wait(WITHIN)
    for pid in pids:
        wait_dead(pid)


def test_kill_9_of_the_command_leaves_nothing(place):
    process = place.foreground("handlers.process")
    pids = place.pids()
    process.kill()
    for pid in pids:
        wait_dead(pid)
    assert place.running.state.phase == "stopped"


def test_kill_9_of_the_supervisor_leaves_nothing_and_is_told(place):
    process = place.foreground("handlers.process")
    supervisor, *pids = place.pids()
    os.kill(supervisor, signal.SIGKILL)
    _, told = finish(process)
    assert process.returncode == 1
    assert "error: the local run's supervisor died" in told
    for pid in pids:
        wait_dead(pid)


def test_down_from_elsewhere_ends_a_run_in_the_foreground(place):
    process = place.foreground("handlers.process")
    logs = place.spawn("logs", "handlers", "--follow")
    read_until(logs.stdout, "loaded")
    assert place("down").stdout == "stopped\n"
    assert "drained" in finish(logs)[0]
    assert logs.returncode == 0
    _, told = finish(process)
    assert (process.returncode, told.splitlines()[-1]) == (0, "stopped from elsewhere")


@pytest.mark.parametrize(
    ("handler", "sentence"),
    [
        ("handlers.nonesuch", 'has no "nonesuch"'),
        ("handlers.Model.process", "building Model failed: FileNotFoundError"),
    ],
)
def test_a_handler_that_does_not_load_fails_the_start_in_the_runtimes_words(place, handler, sentence):
    done = place("up", handler, code=1)
    assert sentence in done.stderr
    assert done.stderr.splitlines()[-1].startswith(
        "error: the local run did not start; handlers/asya-runtime ended with 1 before it was ready; read "
    )
    assert not place.running.folder.is_running()


def test_messages_wait_for_the_next_run(place):
    place("up", "handlers.wait", "--detach")
    place("send", "handlers", "1", "--id", "running")
    place("send", "handlers", "2", "--id", "waiting")
    place("down", "--at-once")
    (place.path / "go").touch()
    place("up", "handlers.wait", "--detach")
    place("send", "handlers", "3", "--id", "last", "--follow")
    # The other one's lease has to end first, unless its handler had not begun.
    assert {end.id for end in place.running.results.ends()} - {"running"} == {"waiting", "last"}
    depth = json.loads(place("status", "-o", "json").stdout)["actors"][0]["depth"]
    assert depth["in_flight"] == 1  # the one that ran: the broker gives it again when its lease is over
    place("down")
    place("up", "handlers.wait", "--detach", "--fresh")
    assert place.running.results.count("result") == 0


def test_what_the_actors_finish_while_they_stop_is_stored(place):
    up = place.foreground("handlers.wait")
    place("send", "handlers", "1", "--id", "held")
    place("send", "handlers", "2", "--id", "next")
    read_until(up.stdout, "it waits")
    down = place.spawn("down")
    read_until(up.stdout, "draining")
    (place.path / "go").touch()
    assert down.wait(WITHIN) == 0
    ended = {end.id for end in place.running.results.ends()}
    assert "held" in ended
    waiting = place.running.state.waiting
    assert sum(waiting.values()) + len(ended) == 2
    assert set(waiting) <= {"asya-handlers"}


def test_down_says_what_it_waits_for_and_ctrl_c_ends_it_at_once(place):
    up = place.foreground("handlers.wait")
    pids = place.pids()
    place("send", "handlers", "1")
    read_until(up.stdout, "it waits")
    place("send", "handlers", "2")
    down = place.spawn("down")
    assert down.stderr is not None
    assert down.stderr.readline() == (
        "still running: handlers (asya-runtime, asya-sidecar); Ctrl-C, or `asya local down --now`, ends it at once\n"
    )
    interrupt(down)
    assert finish(down)[1].endswith("ending it at once\n")
    assert down.returncode == 0
    for pid in pids:
        wait_dead(pid)


def test_what_waits_at_the_end_is_told(place):
    place("up", "handlers.wait", "--detach")
    for id_ in ("a", "b", "c"):
        place("send", "handlers,handlers", "1", "--id", id_)
    place.running.kill("happy-end", "asya-sidecar", signal.SIGSTOP)
    (place.path / "go").touch()
    down = place("down")
    lines = down.stdout.splitlines()
    assert lines[-1] == "stopped"
    told = sum(int(line.split()[0]) for line in lines[:-1])
    assert told == 3
    assert all(line.endswith(" for the next up") for line in lines[:-1])


def test_values_files_flags_and_interpreters_reach_the_actors_they_name(place, tmp_path_factory):
    actors = place.path / "actors"
    actors.mkdir()
    (actors / "first.yaml").write_text("image: mine:1\nhandler: handlers.process\nenv: {MODEL: small}\n")
    (actors / "second.yaml").write_text("image: mine:1\nhandler: handlers.process\n")
    (place.path / "all.yaml").write_text("env: {MODEL: big}\nlogLevel: WARNING\n")
    wrapper = tmp_path_factory.mktemp("bin") / "python"
    wrapper.write_text(f'#!/bin/sh\nMODEL=wrapped exec {sys.executable} "$@"\n')
    wrapper.chmod(0o755)
    up = place(
        "up", "actors", "-f", "all.yaml", "--set", "logLevel=DEBUG", "--python", f"second={wrapper}", "--detach", "-v"
    )
    first = json.loads(place("send", "first", "{}", "--follow").stdout)
    second = json.loads(place("send", "second", "{}", "--follow").stdout)
    assert f"second/asya-runtime: interpreter python3 -> {wrapper}" in up.stdout
    assert first == {"log_level": "DEBUG", "model": "small"}
    assert second == {"log_level": "DEBUG", "model": "wrapped"}


def test_a_long_path_and_modules_with_famous_names_do_no_harm(tmp_path):
    deep = tmp_path / ("long-folder-name-" * 6)
    deep.mkdir()
    place = Workplace(deep, HANDLERS)
    for name in ("json", "logging", "msgspec", "uvloop", "asyncio", "yaml", "select"):
        (deep / f"{name}.py").write_text("raise RuntimeError('the wrong module')\n")
    try:
        place("up", "handlers.process", "--detach")
        assert json.loads(place("send", "handlers", '{"n": 1}', "--follow").stdout)["n"] == 1
    finally:
        place.close()
