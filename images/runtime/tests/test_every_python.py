"""A compact run through the runtime on every Python of this machine, 3.9 and newer."""

from __future__ import annotations

import os
from functools import cache

import pytest

from asya_runtime import frames
from images.runtime.tests import conftest
from images.runtime.tests.driver import invoke_frame
from tools.runtime_matrix import VERSIONS, folders, interpreters


@cache
def found():
    return {version: path for version, path in interpreters(folders(os.environ)).items() if version in VERSIONS}


@pytest.fixture(params=VERSIONS, ids=lambda version: ".".join(map(str, version)))
def python(request, need):
    """The path of one interpreter."""
    name = f"Python {request.param[0]}.{request.param[1]}"
    if request.param not in found():
        need.missing(f"{name} is not on PATH", remedy=f"install {name}")
    conftest.USED.append(name)
    return found()[request.param]


def end(runtime, client):
    """Drain as a pod that is deleted does, and return the exit code."""
    runtime.terminate()
    client.other(frames.DRAIN)
    client.close()
    return runtime.finish()[0]


def test_a_function(start, python):
    runtime = start("functions.count", python=python)
    client = runtime.connect()

    assert client.call(1, {"n": 2}).items == [{"number": 0}, {"number": 1}]
    error = client.call(2, {"m": 2}).error
    assert (error["type"], error["mro"]) == ("KeyError", ["LookupError", "Exception"])
    assert error["traceback"].splitlines()[1].endswith("in count")
    assert client.call(3, b"[NaN]").error["code"] == "msg_parsing_error"
    assert client.call(4, b'{"n": 1, "big": 18446744073709551616}').items == [{"number": 0}]
    assert end(runtime, client) == 0


def test_a_class_with_threads_in_mode_envelope(start, python):
    settings = {"ASYA_CONCURRENCY": "2", "ASYA_HANDLER_MODE": "envelope", "START": "5", "LABEL": "none"}
    runtime = start("classes.Counter.process", python=python, **settings)
    client = runtime.connect()

    hello = {"version": 1, "mode": "envelope", "concurrency": 2, "limit": 16 * 1024 * 1024, "batch": 1}
    assert client.greeting == hello
    assert client.call(1, {}).items == [{"value": 6, "model_path": "/models", "label": None}]
    assert end(runtime, client) == 0


def test_coroutines(start, python):
    runtime = start("coroutines.meet", python=python, ASYA_CONCURRENCY="3")
    client = runtime.connect()
    client.socket.sendall(b"".join(invoke_frame(request, {"n": 3}) for request in (1, 2, 3)))

    assert [client.answer(request).items for request in (1, 2, 3)] == [[3]] * 3
    client.invoke(4, {"n": 2}, timeout_ms=50)
    assert client.answer(4).error["code"] == "timeout_error"
    client.invoke(5, {"n": 9})
    client.send(frames.CANCEL, 5)
    assert client.answer(5).error["code"] == "cancelled_error"
    assert end(runtime, client) == 0


@pytest.mark.parametrize(
    ("handler", "concurrency"), [("answer", "1"), ("Model.process", "1"), ("answer", "2"), ("answer_later", "2")]
)
def test_batches(start, python, handler, concurrency):
    batch = {"ASYA_BATCH_MAX_SIZE": "3", "ASYA_BATCH_MAX_WAIT": "1m", "ASYA_CONCURRENCY": concurrency}
    runtime = start(f"batches.{handler}", python=python, **batch)
    client = runtime.connect()
    client.socket.sendall(b"".join(invoke_frame(request, {"n": request}) for request in range(1, 6)))

    assert [client.answer(request).items[0]["size"] for request in (1, 2, 3)] == [3, 3, 3]
    runtime.terminate()
    client.other(frames.DRAIN)
    assert [client.answer(request).items[0]["size"] for request in (4, 5)] == [2, 2]
    client.close()
    assert runtime.finish()[0] == 0


def test_a_failure_of_the_start(start, python):
    code, errors = start("functions.ecko", python=python, wait=False).finish()

    assert code == 1
    assert errors.endswith('has no "ecko"; did you mean "echo"? [handler_attribute_missing]\n')
