"""What a sidecar makes of requests: it sends them, and judges by the shared file where the connection ends."""

from __future__ import annotations

import contextlib
from pathlib import Path

import pytest

SYNC, ASYNC = "hostile.process", "hostile.aprocess"
MODES = [(SYNC, "1"), (SYNC, "32"), (ASYNC, "1"), (ASYNC, "32")]
LATE = {"timeout_ms": 400}
EITHER = (["closed"], "exit")  # by whether the answer is sent before the event loop finds out
ROUNDS = 8


def cases(acts, modes=MODES):
    """Return parameters: every act in every mode that it has an outcome for."""
    found = []
    for act, options, in_sync, in_async in acts:
        values = [str(int(value)) for name, value in options.items() if name != "timeout_ms"]
        for handler, concurrency in modes:
            expected = in_async if handler == ASYNC else in_sync
            name = "-".join(["async" if handler == ASYNC else "sync", concurrency, act, *values])
            if expected is not None:
                found.append(pytest.param(handler, concurrency, {"do": act, **options}, expected, id=name))
    return found


def suffer(runtime, payload, expected, pids):
    """Have a handler do it between two neighbours, and see to it that everybody has an outcome, and one comes after."""
    timeouts_ms = {2: payload.get("timeout_ms", 0)}
    requests = {1: {"do": "rest"}, 2: {**payload, "pids": str(pids)}, 3: {"do": "rest"}}
    done = outcomes(runtime, requests, timeouts_ms)
    own = done.pop(2)

    assert done == {1: ["rested"], 3: ["rested"]}
    assert expected is None or own in (expected if isinstance(expected, tuple) else (expected,))
    assert outcomes(runtime, {4: {"do": "rest"}}) == {4: ["rested"]}
    assert runtime.process.poll() is None
    if own in ("exit", "crash", "timeout"):
        assert alive(noted(pids)) == []


def outcomes(runtime, payloads, timeouts_ms=None):
    """Bring every request to its outcome; return, by request, its items, the code of its error, or why it is charged.

    What `docs/reference/protocol.md` says of the end of a worker is done here once more, in short.
    """
    pending = dict(payloads)
    alone = []
    done = {}
    for _ in range(ROUNDS):
        now = alone[:1] or list(pending)
        client = connect(runtime)
        for request in now:
            client.invoke(request, payloads[request], timeout_ms=(timeouts_ms or {}).get(request, 0))
        answered = collect(client, now)
        done.update(answered)
        if set(now) - answered.keys():
            report = client.report()
            begun = sorted(set(client.running()) & set(now) - answered.keys())
            guilty = client.late() if report["reason"] == "timeout" else begun[: len(begun) == 1]
            done.update(dict.fromkeys(set(guilty) & set(now), report["reason"]))
            alone += [request for request in begun if report["reason"] != "timeout" and len(begun) > 1]
            runtime.wait_until_restarted()
        client.close()
        pending = {request: payload for request, payload in pending.items() if request not in done}
        alone = [request for request in alone if request not in done]
        if not pending:
            return done
    raise AssertionError(f"no outcome for {sorted(pending)}, only {done}")


def connect(runtime):
    """Return a client that has been greeted, by the worker that comes where one ends meanwhile."""
    for _ in range(ROUNDS):
        with contextlib.suppress(EOFError, ConnectionError, FileNotFoundError):
            return runtime.connect()
        runtime.wait_until_ready()
    raise AssertionError("nobody greets")


def collect(client, requests):
    """Wait until all are answered or the connection is over; return what was answered."""
    answered = {}
    try:
        for request in requests:
            answer = client.answer(request)
            answered[request] = answer.error["code"] if answer.error else answer.items
    except EOFError:
        for request, answer in client.answers.items():
            if answer.over:
                answered[request] = answer.error["code"] if answer.error else answer.items
    return answered


def alive(pids):
    """Return which of these processes still run."""
    return [pid for pid in pids if state(pid) not in (None, "Z")]


def state(pid):
    """Return the letter of the state of a process, None where it has gone."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return None


def noted(path):
    """Return the processes that an act has written down."""
    return [int(line) for line in path.read_text().split() if int(line)] if path.exists() else []


def worker_of(runtime):
    """Return the process that holds the handler."""
    parent = str(runtime.process.pid)
    for path in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            if path.read_text().rpartition(")")[2].split()[1] == parent:
                return int(path.parent.name)
    raise AssertionError(f"process {parent} has no child")
