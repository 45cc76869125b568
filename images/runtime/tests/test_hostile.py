"""Handlers that do their worst: each act has one outcome, its neighbours have theirs, and the runtime goes on."""

from __future__ import annotations

import signal

import pytest

from images.runtime.tests.judged import EITHER, LATE, alive, cases, noted, suffer

# What is done, its parameters, and what becomes of it: in a sync handler, in an async one.
ACTS = [
    ("sleep", LATE, "timeout", "timeout_error"),
    ("hold_the_interpreter", LATE, "timeout", "timeout"),
    ("leave", {"code": 3}, "exit", "exit"),
    ("read_null", {}, "crash", "crash"),
    ("leave_children_and_exit", {}, "exit", "exit"),
    ("close_many", {"most": 256}, ["closed"], EITHER),
    ("close_many", {"most": 65536}, "exit", "exit"),
    ("print_for_ever", {"to": 1, **LATE}, "timeout", None),
]


@pytest.mark.parametrize(("handler", "concurrency", "payload", "expected"), cases(ACTS))
def test_an_act_has_its_outcome_and_nobody_else_suffers(start, tmp_path, handler, concurrency, payload, expected):
    runtime = start(handler, ASYA_CONCURRENCY=concurrency)
    suffer(runtime, payload, expected, tmp_path / "pids")

    runtime.terminate()
    assert runtime.process.wait(20) == 0


def test_children_end_with_the_worker_that_left_them(start, tmp_path):
    runtime = start("hostile.process")
    suffer(runtime, {"do": "leave_children"}, ["left"], tmp_path / "pids")
    assert len(alive(noted(tmp_path / "pids"))) == 3
    suffer(runtime, {"do": "end_itself", "signal": signal.SIGKILL}, "crash", tmp_path / "pids")

    assert alive(noted(tmp_path / "pids")) == []
