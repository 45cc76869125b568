"""A runtime that can't start says why, ends, and starts once that is mended."""

from __future__ import annotations

import os
import resource
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.bad_input.page import each, rows
from tests.bad_input.processes import RUNTIME, SECONDS, runtime

HANDLERS = Path(__file__).parent / "handlers"
MENDED = {"ASYA_HANDLER": "loads.process"}
NOT_WRITABLE = Path("/sys")
LOADS: dict[str, dict[str, str]] = {
    "handler-malformed": {"ASYA_HANDLER": "process"},
    "handler-with-a-colon": {"ASYA_HANDLER": "loads:process"},
    "handler-module-not-found": {"ASYA_HANDLER": "load.process"},
    "handler-module-hidden": {"ASYA_HANDLER": "keyword.process"},
    "handler-import-fails": {"ASYA_HANDLER": "needs_a_module.process"},
    "handler-has-a-syntax-error": {"ASYA_HANDLER": "syntax_error.process"},
    "handler-misspelled": {"ASYA_HANDLER": "loads.proces"},
    "handler-class-without-method": {"ASYA_HANDLER": "loads.Good"},
    "handler-not-callable": {"ASYA_HANDLER": "loads.NUMBER"},
    "handler-of-two-arguments": {"ASYA_HANDLER": "loads.two"},
    "handler-takes-no-batches": {"ASYA_HANDLER": "loads.process", "ASYA_BATCH_MAX_SIZE": "32"},
    "handler-of-batches-yields": {"ASYA_HANDLER": "loads.each_of", "ASYA_BATCH_MAX_SIZE": "32"},
    "parameter-without-default": {"ASYA_HANDLER": "loads.Needy.process"},
    "parameter-of-another-form": {"ASYA_HANDLER": "loads.Good.process", "THRESHOLD": "half"},
    "parameter-of-another-type": {"ASYA_HANDLER": "loads.Strange.process", "RATIO": "1j"},
    "constructor-raises": {"ASYA_HANDLER": "loads.Broken.process"},
    "constructor-leaves": {"ASYA_HANDLER": "loads.Leaving.process"},
    "store-of-another-kind": {
        "ASYA_HANDLER": "asya_crew.happy_end.HappyEnd.process",
        "ASYA_HANDLER_MODE": "envelope",
        "ASYA_STORE_URL": "ftp://host/folder",
    },
    "store-folder-can-not-be-made": {
        "ASYA_HANDLER": "asya_crew.error_end.ErrorEnd.process",
        "ASYA_HANDLER_MODE": "envelope",
        "ASYA_STORE_URL": "file:///proc/nowhere",
    },
}
SETTINGS: dict[str, dict[str, str]] = {
    "runtime-handler-missing": {"ASYA_HANDLER": ""},
    "runtime-mode-unknown": {**MENDED, "ASYA_HANDLER_MODE": "batch"},
    "runtime-concurrency-no-number": {**MENDED, "ASYA_CONCURRENCY": "many"},
    "runtime-batch-size-no-number": {**MENDED, "ASYA_BATCH_MAX_SIZE": "lots"},
    "runtime-batch-wait-no-time": {**MENDED, "ASYA_BATCH_MAX_WAIT": "soon"},
    "runtime-too-many-at-once": {**MENDED, "ASYA_CONCURRENCY": "100", "ASYA_BATCH_MAX_SIZE": "1000"},
    "runtime-log-level-unknown": {**MENDED, "ASYA_LOG_LEVEL": "loud"},
    "runtime-limit-too-small": {**MENDED, "ASYA_MAX_BODY_BYTES": "16MB"},
}


@pytest.fixture(scope="module")
def handlers(tmp_path_factory):
    """Give a copy of the handlers, with some that no linter would let pass."""
    folder = tmp_path_factory.mktemp("handlers")
    shutil.copy(HANDLERS / "loads.py", folder)
    (folder / "syntax_error.py").write_text("def process(payload)\n    return payload\n")
    (folder / "needs_a_module.py").write_text("import a_module_that_nobody_has\n")
    (folder / "keyword.py").touch()
    return folder


def check_refused(row, process, where):
    """Hold the row against exit code and last line of a runtime that does not start."""
    code = process.exit_code()
    last = process.log().splitlines()[-1]
    sentence, _, load_code = last.removeprefix("error: ").rpartition(" [")
    assert last == f"error: {sentence} [{load_code}"
    assert code == where
    row.check(where=f"exit code {code}", code=load_code.removesuffix("]"), said=sentence)


@each(LOADS)
def test_a_handler_that_can_not_be_loaded_ends_the_runtime_until_it_is_mended(folder, handlers, row, case):
    with runtime(folder, case, cwd=handlers) as process:
        check_refused(row, process, 1)
    check_mended(folder, handlers)


@each(SETTINGS)
def test_a_setting_that_can_not_be_used_ends_the_runtime_until_it_is_mended(folder, handlers, row, case):
    with runtime(folder, case, cwd=handlers) as process:
        check_refused(row, process, 2)
    check_mended(folder, handlers)


def check_mended(folder, handlers):
    with runtime(folder, MENDED, cwd=handlers) as process:
        process.wait_until_ready()
        process.check_serves()


@rows("socket-folder-missing", "socket-folder-is-a-file", "socket-folder-not-writable")
def test_a_folder_that_can_not_hold_the_socket_ends_the_runtime_until_it_is_mended(folder, handlers, row):
    with runtime(unusable(folder, row.id), MENDED, cwd=handlers, log=folder / "runtime.log") as process:
        check_refused(row, process, 3)
    check_mended(folder, handlers)


def unusable(folder, how):
    """Return a place that can't hold a socket, also for a user who may write to every folder of a disk."""
    place = folder / how
    if how == "socket-folder-is-a-file":
        place.touch()
    elif how == "socket-folder-not-writable":
        return NOT_WRITABLE
    return place


@each({"socket-without-open-files": (3, 3), "worker-can-not-be-made": (4, 1)})
def test_a_runtime_without_room_for_another_worker_ends_until_it_has_some(folder, handlers, row, case):
    open_files, code = case  # three are standard streams, and the fourth is the file runtime-running
    with runtime(folder, MENDED, cwd=handlers) as process:
        process.wait_until_ready()
        resource.prlimit(process.pid, resource.RLIMIT_NOFILE, (open_files, open_files))
        os.kill(process.worker(), signal.SIGKILL)
        check_refused(row, process, code)
    check_mended(folder, handlers)


@rows("socket-path-too-long")
def test_a_path_that_no_address_holds_ends_the_runtime_where_there_is_no_proc(folder, handlers, row, need):
    place = folder / ("deep/" * 20)
    place.mkdir(parents=True)
    hidden = [
        "unshare",
        "--user",
        "--map-root-user",
        "--mount",
        "sh",
        "-c",
        'mount -t tmpfs none /proc && exec "$@"',
        "sh",
    ]
    if subprocess.run([*hidden, "true"], capture_output=True, check=False).returncode:
        need.missing("a mount namespace of one's own", remedy="let users make namespaces (user.max_user_namespaces)")
    done = subprocess.run(
        [*hidden, sys.executable, str(RUNTIME)],
        cwd=handlers,
        env={**os.environ, **MENDED, "ASYA_SOCKET_DIR": str(place)},
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )
    sentence, _, code = done.stderr.splitlines()[-1].removeprefix("error: ").rpartition(" [")
    row.check(where=f"exit code {done.returncode}", code=code.removesuffix("]"), said=sentence)
    with runtime(place, MENDED, cwd=handlers, log=folder / "runtime.log") as process:
        process.wait_until_ready()
