"""How the process starts, or says why it does not."""

from __future__ import annotations

import os
import socket
import stat

import pytest

from asya_runtime.errors import EXIT_HANDLER, EXIT_SETTINGS, EXIT_SOCKET
from images.runtime.tests.driver import PACKAGE, Client


def failure(runtime):
    """Return exit code, and the last line of stderr with what is before it."""
    code, errors = runtime.finish()
    *before, last = errors.splitlines()
    return code, last, "\n".join(before)


@pytest.mark.parametrize(
    ("handler", "code"),
    [
        ("module", "handler_malformed"),
        ("no_such_module.process", "handler_module_not_found"),
        ("keyword.process", "handler_module_hidden"),
        ("failing_import.process", "handler_import_failed"),
        ("functions.missing", "handler_attribute_missing"),
        ("functions.NUMBER", "handler_not_callable"),
        ("functions.two", "handler_arguments"),
        ("classes.Needy.process", "parameter_without_default"),
        ("classes.Broken.process", "constructor_failed"),
    ],
)
def test_a_handler_that_can_not_be_loaded_ends_the_process(start, handler, code):
    exit_code, last, _ = failure(start(handler, wait=False))

    assert exit_code == EXIT_HANDLER
    assert last.startswith("error: ")
    assert last.endswith(f"[{code}]")


def test_a_parameter_that_can_not_be_filled_ends_the_process_without_its_value(start):
    exit_code, last, before = failure(start("classes.Counter.process", wait=False, START="secret"))

    assert exit_code == EXIT_HANDLER
    assert last == (
        "error: the variable START can't fill the parameter start: its value is not a whole number [parameter_invalid]"
    )
    assert before == ""


@pytest.mark.parametrize(
    ("environ", "code"),
    [
        ({"ASYA_HANDLER": ""}, "handler_missing"),
        ({"ASYA_HANDLER_MODE": "x"}, "mode_invalid"),
        ({"ASYA_CONCURRENCY": "x"}, "setting_invalid"),
    ],
)
def test_a_bad_setting_ends_the_process(start, environ, code):
    exit_code, last, _ = failure(start(**{"handler": "functions.echo", "wait": False, **environ}))

    assert exit_code == EXIT_SETTINGS
    assert last.endswith(f"[{code}]")


def test_the_users_traceback_stands_before_the_sentence(start):
    _, _, before = failure(start("failing_code.process", wait=False))

    assert before.startswith("Traceback (most recent call last):\n")
    assert before.endswith("ZeroDivisionError: no model")
    assert str(PACKAGE) not in before


@pytest.mark.parametrize("folder_name", ["missing", "file"])
def test_a_folder_that_can_not_hold_the_socket_ends_the_process(start, folder, folder_name):
    (folder / "file").write_text("")
    exit_code, last, _ = failure(start("functions.echo", wait=False, ASYA_SOCKET_DIR=str(folder / folder_name)))

    assert exit_code == EXIT_SOCKET
    assert f"can't be made in {folder / folder_name}: " in last
    assert last.endswith(f"ASYA_SOCKET_DIR must name a folder that user {os.getuid()} may write to [socket_not_made]")


def test_a_folder_in_the_sockets_place_ends_the_process(start, folder):
    (folder / "asya-runtime.sock").mkdir()
    exit_code, last, _ = failure(start("functions.echo", wait=False))

    assert exit_code == EXIT_SOCKET
    assert "asya-runtime.sock can't be made in" in last
    assert sorted(path.name for path in folder.iterdir()) == ["asya-runtime.sock"]


def test_the_socket_has_its_mode_and_the_files_their_content(start, folder):
    runtime = start("functions.echo", ASYA_CONCURRENCY="3")

    status = runtime.socket_path.stat()
    assert stat.S_ISSOCK(status.st_mode)
    assert stat.S_IMODE(status.st_mode) == 0o660
    assert (folder / "runtime-ready").read_text() == "ready\n"
    assert (folder / "runtime-running").read_bytes() == bytes(1024 + 3 * 16)
    assert stat.S_IMODE((folder / "runtime-running").stat().st_mode) == 0o660
    assert sorted(path.name for path in folder.iterdir()) == ["asya-runtime.sock", "runtime-ready", "runtime-running"]


def test_what_an_earlier_run_left_is_replaced(start, folder):
    earlier = start("functions.echo")
    earlier.process.kill()
    earlier.process.wait()
    (folder / "runtime-ready").rename(folder / "old-ready")
    later = start("functions.nothing")

    assert later.connect().call(1, {}).items == []


def test_nobody_is_told_ready_while_the_handler_is_loaded(start, folder):
    for name in ("runtime-ready", "asya-runtime.sock"):
        (folder / name).write_text("left by an earlier run")
    os.mkfifo(folder / "pipe")
    runtime = start("slow_import.process", wait=False, PIPE=str(folder / "pipe"))
    assert runtime.line() == "importing"

    assert sorted(path.name for path in folder.iterdir()) == ["pipe", "runtime-running"]
    (folder / "pipe").write_text("")
    runtime.wait_until_ready()


def test_a_signal_ends_a_process_that_still_loads(start, folder):
    os.mkfifo(folder / "pipe")
    runtime = start("slow_import.process", wait=False, PIPE=str(folder / "pipe"))
    assert runtime.line() == "importing"
    runtime.terminate()

    assert runtime.finish()[0] == 128 + 15


@pytest.mark.parametrize("length", [106, 107, 108, 200])
def test_a_long_path_of_the_socket_works(start, folder, length):
    inner = folder
    while len(str(inner / "asya-runtime.sock")) < length:
        missing = length - len(str(inner / "asya-runtime.sock"))
        inner = inner / ("d" * (min(missing - 1, 50) or 1))
    inner.mkdir(parents=True)
    runtime = start("functions.add_one", ASYA_SOCKET_DIR=str(inner))

    descriptor = os.open(inner, os.O_RDONLY)
    client = Client(f"/proc/self/fd/{descriptor}/asya-runtime.sock")
    os.close(descriptor)
    assert client.call(1, {"n": 1}).items == [{"n": 2}]
    client.close()
    assert runtime.process.poll() is None


def test_the_working_directory_comes_first_and_our_folder_last(start, handlers):
    (seen,) = start("functions.import_path").connect().call(1, {}).items

    assert seen["path"][0] == str(handlers)
    assert seen["path"][-1] == str(PACKAGE.parent)
    assert str(PACKAGE) not in seen["path"]
    assert seen["main"] == str(PACKAGE / "__main__.py")


def test_what_the_handler_prints_goes_out_at_once_and_untouched(start):
    runtime = start("functions.say")
    client = runtime.connect()
    client.call(1, {"text": "secret text"})

    assert runtime.line() == "hello from the handler"
    runtime.terminate()
    client.close()
    code, errors = runtime.finish()
    assert code == 0
    assert "\nand on stderr\n" in errors
    assert "secret" not in errors


def test_the_log_is_one_line_an_event_without_payloads(start):
    runtime = start("functions.fail_with", ASYA_LOG_LEVEL="DEBUG")
    client = runtime.connect()
    assert client.call(1, {"text": "secret text"}).error["message"] == "secret text"
    client.close()
    runtime.terminate()
    code, errors = runtime.finish()

    assert code == 0
    assert "secret" not in errors
    assert all(
        line.split(" ")[1:3] in (["INFO", "asya_runtime:"], ["WARNING", "asya_runtime:"])
        for line in errors.splitlines()
    )
    assert "request 1, message message-1 failed: processing_error ValueError at " in errors


def test_the_log_level_is_kept(start):
    runtime = start("functions.echo", ASYA_LOG_LEVEL="ERROR")
    runtime.terminate()

    assert runtime.finish() == (0, "")


def test_an_unrelated_client_does_not_hurt(start):
    runtime = start("functions.echo")
    for _ in range(3):
        stranger = socket.socket(socket.AF_UNIX)
        stranger.connect(str(runtime.socket_path))
        stranger.close()

    assert runtime.connect().call(1, {}).items == [{}]
