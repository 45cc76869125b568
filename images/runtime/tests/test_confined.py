"""A runtime as in a restricted pod: user 65532, no capabilities, a read-only root file system, process 1."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import sys

import pytest

from asya_runtime import frames
from images.runtime.tests.driver import PACKAGE
from images.runtime.tests.judged import outcomes

USER = 65532


@pytest.fixture
def confined(folder, need):
    """The command that starts a program so confined."""
    if os.geteuid() != 0 or not (shutil.which("unshare") and shutil.which("setpriv")):
        need.missing("user 65532 needs root, unshare and setpriv", remedy="run as root with util-linux")
    os.chown(folder, USER, USER)
    script = f"mount --make-rprivate / && mount --bind {folder} {folder} && mount -o remount,ro,bind / && exec setpriv "
    script += f'--reuid {USER} --regid {USER} --clear-groups --no-new-privs --bounding-set=-all -- "$@"'
    command = ["unshare", "--mount", "--pid", "--fork", "--mount-proc", "--kill-child", "sh", "-c", script, "sh"]
    tried = subprocess.run([*command, sys.executable, "-c", ""], check=False, capture_output=True, text=True)
    if tried.returncode:
        need.missing(f"no program can be so confined here ({tried.stderr.strip()})", remedy="run as root of a machine")
    return command


@pytest.mark.parametrize(
    ("payload", "expected"),
    [
        ({"do": "leave_children_and_exit"}, "exit"),
        ({"do": "hold_the_interpreter"}, "timeout"),
        ({"do": "signal_parent", "signal": 9}, ["sent"]),
        ({"do": "signal_parent", "signal": 15}, ["sent"]),
        ({"do": "write_to_root"}, ["EROFS"]),
    ],
    ids=lambda value: "-".join(map(str, value.values())) if isinstance(value, dict) else "",
)
def test_the_runtime_works_where_a_pod_is_restricted(confined, start, folder, payload, expected):
    runtime = start("hostile.process", prefix=confined, HOME=str(folder), TMPDIR=str(folder))
    payload = {**payload, "pids": str(folder / "pids")}
    requests = {1: {"do": "rest"}, 2: payload, 3: {"do": "who"}}
    done = outcomes(runtime, requests, {2: 400 if expected == "timeout" else 0})

    assert done.pop(2) == expected
    (told,) = done.pop(3)
    assert done == {1: ["rested"]}
    assert told.pop("pid") > 1
    assert told == {"user": USER, "group": USER, "parent": 1, "package": str(PACKAGE)}


def test_a_signal_of_a_shell_that_has_gone_drains_nothing(confined, start, folder):
    runtime = start("hostile.process", prefix=confined, HOME=str(folder), TMPDIR=str(folder))
    client = runtime.connect()
    assert client.call(1, {"do": "signal_parent_by_shell", "signal": 15}).items == ["sent"]
    with contextlib.suppress(subprocess.TimeoutExpired):
        raise AssertionError(runtime.process.wait(0.6))
    client.send(frames.PING)

    assert client.other(frames.PONG) == b""
    assert client.others == []
