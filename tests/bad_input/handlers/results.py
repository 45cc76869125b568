"""Handlers that return or raise what they should not. A text as payload names what is done, a dict is returned."""

import decimal
import math
import os
import sys
import threading


def process(payload):
    if not isinstance(payload, str):
        return payload
    return CASES[payload]()


def process_envelope(envelope):
    payload = envelope["payload"]
    if isinstance(payload, str):
        return ENVELOPES[payload](envelope)
    envelope["route"]["current"] += 1
    return envelope


def process_batch(payloads: list) -> object:
    """Do with a batch of one what its payload names; a batch that names nothing is returned."""
    return BATCHES[payloads[0]](payloads) if isinstance(payloads[0], str) else payloads


class OwnError(Exception):
    def __str__(self):
        raise RuntimeError("not even its text")


class Token:
    pass


def circular():
    ring = [1]
    ring.append({"again": ring})
    return {"ring": ring}


def nested(levels):
    value = None
    for _ in range(levels):
        value = {"in": value}
    return value


def raising(error):
    raise error


def recursing():
    return recursing()


def failing_midway():
    yield "first"
    yield "second"
    raise ValueError("the third is broken")


def yielding_nan():
    yield "first"
    yield "second"
    yield math.nan


async def later():
    return 1


def waiting():
    threading.Event().wait()


CASES = {
    "result-nan": lambda: {"scores": [0.5, math.nan]},
    "result-infinity": lambda: {"scores": {"best": math.inf}},
    "result-infinite-decimal": lambda: {"price": decimal.Decimal("Infinity")},
    "result-open-file": lambda: {"log": sys.stderr},
    "result-object": lambda: [1, Token()],
    "result-class": lambda: {"kind": Token},
    "result-function": lambda: {"function": later},
    "result-circular": circular,
    "result-key-of-another-type": lambda: {"pairs": {(1, 2): "a"}},
    "result-key-nan": lambda: {math.nan: "a"},
    "result-half-a-surrogate-pair": lambda: {"text": "\ud83d"},
    "result-too-deep": lambda: nested(300),
    "result-deeper-than-the-stack": lambda: nested(100_000),
    "result-too-large": lambda: {"much": "x" * 16_777_300},
    "result-too-large-in-its-envelope": lambda: "x" * 16_777_150,
    "result-list-with-a-bad-entry": lambda: [1, {2, 3}, math.nan],
    "result-coroutine": later,
    "result-bad-bytes-of-text": lambda: {"name": os.fsdecode(b"caf\xe9")},
    "handler-raises": lambda: raising(KeyError("text")),
    "handler-raises-what-has-no-text": lambda: raising(OwnError()),
    "handler-raises-half-a-surrogate-pair": lambda: raising(ValueError("caf\udce9")),
    "handler-raises-very-much-text": lambda: raising(ValueError("x" * 1_000_000)),
    "handler-leaves": lambda: sys.exit("no model"),
    "handler-interrupts": lambda: raising(KeyboardInterrupt()),
    "handler-raises-stop-iteration": lambda: raising(StopIteration(5)),
    "handler-recurses-for-ever": recursing,
    "handler-runs-out-of-memory": lambda: raising(MemoryError()),
    "handler-ends-its-process": lambda: os._exit(3),
    "handler-is-killed": lambda: os.kill(os.getpid(), 9),
    "generator-raises-midway": failing_midway,
    "generator-yields-nan": yielding_nan,
    "handler-never-returns": waiting,
    "result-set": lambda: {"tags": {"b", "a"}},
    "result-bytes": lambda: b"\x00\xff",
    "result-huge-whole-number": lambda: 10**400,
    "result-number-beyond-text": lambda: 10**5000,
    "result-ten-megabytes": lambda: {"much": "x" * 10_000_000},
    "result-thousand-children": lambda: list(range(1000)),
    "result-keys-of-simple-types": lambda: {1: "one", None: "none", 2.5: "more", False: "false"},
    "result-none": lambda: None,
    "result-empty-list": list,
}


def with_route(envelope, **members):
    envelope["route"].update(members)
    return envelope


def with_members(envelope, **members):
    envelope["route"]["current"] += 1
    envelope.update(members)
    return envelope


def without(envelope, name):
    envelope["route"]["current"] += 1
    del envelope[name]
    return envelope


ENVELOPES = {
    "envelope-position-kept": lambda envelope: envelope,
    "envelope-position-too-far": lambda envelope: with_route(envelope, current=2),
    "envelope-position-no-number": lambda envelope: with_route(envelope, current="1"),
    "envelope-past-changed": lambda envelope: with_route(envelope, current=1, actors=["z", "b"]),
    "envelope-names-an-end": lambda envelope: with_route(envelope, current=1, actors=["a", "happy-end"]),
    "envelope-names-no-actor": lambda envelope: with_route(envelope, current=1, actors=["a", "B_"]),
    "envelope-id-changed": lambda envelope: with_members(envelope, id="another"),
    "envelope-without-payload": lambda envelope: without(envelope, "payload"),
    "envelope-without-route": lambda envelope: {"id": envelope["id"], "payload": 1},
    "envelope-headers-no-map": lambda envelope: with_members(envelope, headers=[]),
    "envelope-is-a-payload": lambda envelope: {"text": envelope["payload"]},
    "envelope-is-a-text": lambda envelope: envelope["payload"],
    "envelope-status-forged": lambda envelope: with_members(envelope, status={"attempt": -5}, parent_id=7),
}


def raise_together(_payloads):
    raise KeyError("text")


BATCHES = {
    "batch-too-few-entries": lambda payloads: payloads[1:],
    "batch-too-many-entries": lambda payloads: payloads * 2,
    "batch-no-list": lambda payloads: {"text": payloads[0]},
    "batch-none": lambda _payloads: None,
    "batch-entry-not-json": lambda _payloads: [{"scores": [0.5, math.nan]}],
    "batch-entry-exception": lambda _payloads: [ValueError("no text")],
    "batch-raises": raise_together,
}
