import subprocess
import sys
from importlib.metadata import version

import pytest

COMMANDS = [
    [],
    ["run"],
    ["local"],
    ["local", "up"],
    ["local", "send"],
    ["local", "status"],
    ["local", "logs"],
    ["local", "down"],
    ["errors"],
    ["errors", "ls"],
    ["errors", "show"],
    ["errors", "edit"],
    ["errors", "redrive"],
    ["errors", "discard"],
    ["queues"],
    ["queues", "ls"],
    ["queues", "peek"],
    ["queues", "move"],
    ["replay"],
    ["cancel"],
    ["gc"],
    ["lint"],
    ["convert"],
    ["completion"],
]


def asya(*arguments, **options):
    return subprocess.run(
        [sys.executable, "-P", "-m", "asya_cli", *arguments],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        **options,
    )


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_every_command_explains_itself_with_examples(command):
    done = asya(*command, "--help")
    assert (done.returncode, done.stderr) == (0, "")
    assert " ".join(["asya", *command]) in done.stdout.split("Usage:")[1]
    assert done.stdout.count("  asya ") >= 2


@pytest.mark.parametrize(
    "command",
    [each for each in COMMANDS if each not in (["local"], ["errors"], ["queues"], ["completion"])],
    ids=" ".join,
)
def test_every_command_that_can_fail_documents_its_exit_codes(command):
    if command != ["local", "logs"]:
        assert "Exit codes: 0" in asya(*command, "--help").stdout


def test_the_version_is_the_distributions():
    assert asya("--version").stdout == f"asya {version('asya')}\n"


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["nonesuch"], "error: No such command 'nonesuch'; see `asya --help`"),
        (["local", "nonesuch"], "error: No such command 'nonesuch'; see `asya local --help`"),
        (["local", "up"], "error: Missing argument 'ACTORS...'; see `asya local up --help`"),
        (["local", "send", "a"], "error: Missing argument 'JSON|FILE|-'; see `asya local send --help`"),
        (["local", "up", "x"], "error: 'x' is neither a values file, nor a folder of them, nor a handler"),
        (["local", "up", "a.b", "--python", "a="], "error: --python 'a=' names no program"),
        (["local", "-C", "/nonesuch", "status"], "error: Invalid value for '-C'"),
        (["errors", "redrive"], "error: nothing says which errors are meant; name ids, give filters, or say --all"),
        (["errors", "redrive", "a", "--all"], "error: --all means every error, and ids or filters only some"),
        (["errors", "redrive", "a", "--deadline", "soon"], "error: --deadline: 'soon' is no duration"),
        (["errors", "discard"], "error: nothing says which errors are meant"),
        (["errors", "ls", "--last", "x"], "error: --last 'x' is no duration; write it like 30m, 2h or 7d"),
        (["errors", "ls", "--last", "1h", "--since", "2026-03-01"], "error: --last and --since both say"),
        (["errors", "ls", "--until", "x"], "error: --until 'x' is no time; write it like 2026-03-01"),
        (["errors", "edit", "a", "--set", "x=1", "--payload-file", "y"], "error: --payload-file gives the whole"),
        (["errors", "redrive", "--rate", "0", "a"], "error: Invalid value for '--rate'"),
    ],
)
def test_a_wrong_command_line_is_one_line_and_exits_with_2(arguments, told, tmp_path):
    done = asya(*arguments, cwd=tmp_path)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith(told)
    assert done.stderr.count("\n") == 1


@pytest.mark.parametrize("arguments", [[], ["local"]])
def test_no_command_shows_the_help_and_exits_with_2(arguments):
    done = asya(*arguments)
    assert done.returncode == 2
    assert "Commands:" in done.stderr


@pytest.mark.parametrize("arguments", [["status"], ["send", "a", "{}"]])
def test_without_a_run_the_remedy_is_named(arguments, tmp_path):
    done = asya("local", *arguments, cwd=tmp_path)
    assert done.returncode == 1
    assert done.stderr.startswith(f"error: no local run is up in {tmp_path};")
    assert done.stderr.endswith("start one with `asya local up`\n")


def test_logs_of_nothing_are_an_error(tmp_path):
    done = asya("local", "logs", cwd=tmp_path)
    assert done.returncode == 1
    assert "no local run has been here" in done.stderr


def test_stopping_nothing_is_no_error(tmp_path):
    done = asya("local", "down", cwd=tmp_path)
    assert (done.returncode, done.stdout) == (0, "nothing to stop: no local run is up here\n")
    assert list(tmp_path.iterdir()) == []


def test_a_reader_that_has_enough_is_no_error(tmp_path):
    (tmp_path / "many.py").write_text("def process(payload):\n    return [{'n': n} for n in range(100_000)]\n")
    shell = f"{sys.executable} -P -m asya_cli run many.process '{{}}' | head -1"
    command = ["sh", "-c", shell]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False)
    assert (done.stdout, done.stderr) == ('{"n":0}\n', "")


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_each_shell_gets_its_completion(shell):
    done = asya("completion", shell)
    assert (done.returncode, done.stderr) == (0, "")
    assert "_ASYA_COMPLETE" in done.stdout


@pytest.mark.parametrize(
    ("words", "completed"),
    [
        ("asya convert act", ["file,act"]),
        ("asya lint act", ["file,act"]),
        ("asya lint -f flavors/gp", ["file,flavors/gp", "plain,flavors/gpu-inference.yaml", "plain,flavors/gpu.yaml"]),
        ("asya lint -f values/ra", ["file,values/ra", "plain,values/rabbitmq.yaml"]),
        ("asya lint --chart c", ["plain,crew"]),
        ("asya can", ["plain,cancel"]),
        ("asya queues ls -f values/ra", ["file,values/ra", "plain,values/rabbitmq.yaml"]),
        ("asya local up -f values/ra", ["file,values/ra", "plain,values/rabbitmq.yaml"]),
    ],
)
def test_files_and_what_is_ours_are_completed(words, completed):
    at = str(len(words.split()) - 1)
    environ = {"_ASYA_COMPLETE": "bash_complete", "COMP_WORDS": words, "COMP_CWORD": at}
    command = [sys.executable, "-P", "-c", "from asya_cli.__main__ import run; run([])"]
    done = subprocess.run(command, env=environ, capture_output=True, text=True, timeout=60, check=False)

    # The shell shows only what begins as the word does.
    assert [line for line in done.stdout.splitlines() if line] == completed, done.stderr
