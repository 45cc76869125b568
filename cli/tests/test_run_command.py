"""`asya run` as a user calls it."""

import json
import os
import pty
import subprocess
import sys
from functools import partial

import pytest

from cli.tests.commands import run_once

HANDLERS = """
import os
import subprocess
import sys
import time


def shout(payload: dict) -> dict:
    print("in shout")
    subprocess.run([sys.executable, "-c", "print('in a child')"])
    return {**payload, "processed": payload["text"].upper()}


def fan(payload):
    return [{"i": index} for index in range(payload["n"])]


def steps(payload):
    yield 1
    yield "zwei"


def nothing(payload):
    return None


def unwritable(payload):
    return {"when": [object()]}


async def later(payload):
    return payload


class Greeter:
    def __init__(self, greeting: str = "hello", times: int = 1):
        self.greeting = greeting * times

    def greet(self, payload):
        return f"{self.greeting} {payload}"


class Broken:
    def __init__(self, path: str = "/nonesuch"):
        open(path)

    def process(self, payload):
        return payload


def judge(envelope):
    envelope["route"]["actors"].append("refine")
    envelope["route"]["current"] += 1
    return envelope


def stay(envelope):
    return envelope


def slow(payload):
    time.sleep(60)


def leave(payload):
    sys.exit(7)


def modules(payload):
    return sorted(sys.modules)
"""


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "handlers.py").write_text(HANDLERS)
    (tmp_path / "wrong.py").write_text("import nonesuch_library\n")
    (tmp_path / "message.json").write_text('{"text": "from a file"}')
    return tmp_path


@pytest.fixture
def asya_run(folder):
    return partial(run_once, folder)


def test_the_result_is_one_line_of_json_and_what_is_printed_goes_to_stderr(asya_run):
    done = asya_run("handlers.shout", '{"text": "hi"}')
    assert (done.returncode, done.stdout) == (0, '{"text":"hi","processed":"HI"}\n')
    assert set(done.stderr.splitlines()) == {"in shout", "in a child"}


@pytest.mark.parametrize("given", ["message.json", "@message.json"])
def test_the_message_may_be_a_file(asya_run, given):
    assert json.loads(asya_run("handlers.shout", given).stdout)["processed"] == "FROM A FILE"


@pytest.mark.parametrize("given", [["-"], []])
def test_the_message_may_come_on_stdin(asya_run, given):
    assert json.loads(asya_run("handlers.shout", *given, stdin='{"text": "x"}').stdout)["processed"] == "X"


@pytest.mark.parametrize(
    ("handler", "payload", "lines"),
    [("fan", '{"n": 2}', ['{"i":0}', '{"i":1}']), ("steps", "1", ["1", '"zwei"']), ("later", '"ä"', ['"ä"'])],
)
def test_every_result_is_a_line(asya_run, handler, payload, lines):
    assert asya_run(f"handlers.{handler}", payload).stdout.splitlines() == lines


@pytest.mark.parametrize(("handler", "payload"), [("nothing", "{}"), ("fan", '{"n": 0}')])
def test_no_result_means_happy_end_and_says_so(asya_run, handler, payload):
    done = asya_run(f"handlers.{handler}", payload)
    assert (done.returncode, done.stdout) == (0, "")
    assert done.stderr == "note: the handler returned nothing; the message would go to happy-end as it is\n"


def test_parameters_of_a_class_come_from_variables(asya_run):
    assert asya_run("handlers.Greeter.greet", '"you"').stdout == '"hello you"\n'
    done = asya_run("handlers.Greeter.greet", '"you"', "--env", "GREETING=hey", "--env", "TIMES=2")
    assert done.stdout == '"heyhey you"\n'


def test_an_error_shows_the_users_own_traceback_and_no_line_of_ours(asya_run):
    done = asya_run("handlers.shout", "{}")
    assert (done.returncode, done.stdout) == (1, "")
    traceback = [line for line in done.stderr.splitlines() if not line.startswith("in ")]
    assert traceback[0] == "Traceback (most recent call last):"
    assert traceback[-1] == "KeyError: 'text'"
    files = [line for line in traceback if line.startswith("  File ")]
    assert len(files) == 1
    assert "handlers.py" in files[0]


@pytest.mark.parametrize(
    ("handler", "code", "sentence"),
    [
        ("handlers.unwritable", 1, 'error: result["when"][0] is of type object, which has no JSON form'),
        ("handlers.leave", 1, "SystemExit: 7"),
        ("wrong.process", 1, "No module named 'nonesuch_library'"),
        ("handlers.Broken.process", 1, "error: building Broken failed: FileNotFoundError"),
        ("handlers.shoot", 2, 'has no "shoot"; did you mean "shout"?'),
        ("handler.shout", 2, "nor installed; run it where handler.py lies"),
        ("handlers/shout", 2, "error: the handler 'handlers/shout' is a path; "),
        ("handlers/shout", 2, "did you mean handlers.shout?"),
        ("./handlers.py:shout", 2, "did you mean handlers.shout?"),
        ("handlers.py", 2, "error: handlers.py is a file; "),
        ("handlers.py", 2, "name a function in it: handlers.<function>"),
        ("shout", 2, 'error: the handler "shout" is not of the form module.function'),
        ("handlers:shout", 2, 'did you mean "handlers.shout"?'),
    ],
)
def test_what_does_not_work_says_why(asya_run, handler, code, sentence):
    done = asya_run(handler, "{}")
    assert done.returncode == code
    assert sentence in done.stderr
    assert "asya_cli" not in done.stderr
    assert done.stdout == ""


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["handlers.shout", "{'text': 1}"], "is neither JSON nor a file"),
        (["handlers.shout", "NaN"], "is not JSON: NaN is not JSON; correct the argument"),
        (["handlers.shout", "{}", "--env", "GREETING"], "--env 'GREETING' has no value; write it as KEY=VALUE"),
        (["handlers.shout", "{}", "--timeout", "0"], "see `asya run --help`"),
        (["handlers.shout", "{}", "--mode", "both"], "see `asya run --help`"),
        (["handlers.shout", "{}", "more"], "see `asya run --help`"),
    ],
)
def test_a_wrong_command_line_exits_with_2(asya_run, arguments, sentence):
    done = asya_run(*arguments)
    assert (done.returncode, done.stdout) == (2, "")
    assert sentence in done.stderr
    assert "Traceback" not in done.stderr


def test_a_bare_payload_is_wrapped_for_envelope_mode(asya_run):
    envelope = json.loads(asya_run("handlers.judge", '{"n": 1}', "--mode", "envelope").stdout)
    assert envelope["route"] == {"actors": ["handlers", "refine"], "current": 1}
    assert envelope["payload"] == {"n": 1}


def test_a_whole_envelope_is_passed_as_it_is(asya_run):
    given = {
        "id": "m1",
        "route": {"actors": ["a", "b"], "current": 0},
        "headers": {"traceparent": "00-a-b-01"},
        "payload": [1],
        "more": True,
    }
    got = json.loads(asya_run("handlers.judge", json.dumps(given), "--mode", "envelope").stdout)
    assert got == {**given, "route": {"actors": ["a", "b", "refine"], "current": 1}}


def test_an_envelope_against_the_rules_is_refused_as_a_sidecar_would(asya_run):
    done = asya_run("handlers.stay", "{}", "--mode", "envelope")
    assert (done.returncode, done.stdout) == (1, "")
    assert "a handler must advance route.current by exactly one" in done.stderr


def test_a_handler_that_takes_too_long_is_ended_and_shown_where_it_was(asya_run):
    done = asya_run("handlers.slow", "{}", "--timeout", "0.3")
    assert (done.returncode, done.stdout) == (1, "")
    assert "time.sleep(60)" in done.stderr
    assert done.stderr.splitlines()[-1] == (
        "error: the handler still ran after 0.3 s, at the place shown above; raise --timeout or make it faster"
    )
    assert "asya_" not in done.stderr


@pytest.mark.parametrize(
    ("envelope", "problem"),
    [
        ({"route": {"actors": ["a"], "current": 5}}, "route.current: 5 is outside of 0 to 1"),
        ({"route": {"actors": ["a"], "current": 1}}, "route.current: 1 is the end of the route"),
        ({"route": {"actors": ["happy-end"], "current": 0}}, "route.actors[0]: 'happy-end' is reached by finishing"),
        ({"route": ["a"]}, "no envelope: "),
        ({"route": {"actors": ["a"], "current": 0}, "id": "a b"}, "id: 'a b' must be"),
    ],
)
def test_a_given_envelope_against_the_rules_is_not_blamed_on_the_handler(asya_run, envelope, problem):
    done = asya_run("handlers.judge", json.dumps({"id": "m1", "payload": 1, **envelope}), "--mode", "envelope")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith(f"error: an actor would refuse the given envelope; {problem}")
    assert done.stderr.endswith("; correct the argument\n")


def test_nothing_heavy_is_imported(asya_run):
    heavy = {"rich", "yaml", "obstore", "asyncio", "importlib.metadata", "asya_core.transports"}
    loaded = set(map(json.loads, asya_run("handlers.modules", "1").stdout.splitlines()))
    assert "asya_cli.once" in loaded
    assert heavy & loaded == set()


def on_a_terminal(folder, *arguments):
    """Run the command with a terminal as stdin and stdout, and return what the terminal shows."""
    leader, follower = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-P", "-m", "asya_cli", "run", *arguments],
        cwd=folder,
        stdin=follower,
        stdout=follower,
        stderr=subprocess.STDOUT,
    )
    os.close(follower)
    shown = b""
    while chunk := read(leader):
        shown += chunk
    os.close(leader)
    return process.wait(60), shown.decode().replace("\r\n", "\n")


def read(leader):
    try:
        return os.read(leader, 65536)
    except OSError:  # how Linux says that the other side is closed
        return b""


def test_a_terminal_shows_the_result_indented(folder):
    assert on_a_terminal(folder, "handlers.later", '{"text": "hä"}') == (0, '{\n  "text": "hä"\n}\n')


@pytest.mark.parametrize("arguments", [[], ["handlers.later"]])
def test_without_a_message_a_terminal_shows_the_help(folder, arguments):
    code, shown = on_a_terminal(folder, *arguments)
    assert code == 2
    assert "asya run text_processor.process" in shown
