"""A peer of the runtime that sends what the protocol does not allow; it may be the sidecar or anybody else."""

from __future__ import annotations

import struct
from itertools import count

import pytest

from asya_runtime import frames
from images.runtime.tests.driver import Client, invoke_body
from tests.bad_input.page import each, rows
from tests.bad_input.processes import runtime

SIZE = 65_536
LOG = "runtime's log"
ECHO = {"ASYA_HANDLER": "asya_runtime.echo.process", "ASYA_MAX_BODY_BYTES": str(SIZE)}
GOOD = invoke_body(0, b'{"id":"x"}', b"1")
_numbers = count(10)


@pytest.fixture(scope="module")
def server(folder):
    with runtime(folder, ECHO) as process:
        process.wait_until_ready()
        yield process


@pytest.fixture
def client(server):
    client = Client(server.socket_path)
    client.hello()
    yield client
    client.close()


def invoke(request, body):
    return frames.encode(frames.INVOKE, request, body)


BROKEN = {
    "sidecar-length-zero": bytes(13),
    "sidecar-length-too-short": struct.pack(">IBQ", 8, frames.INVOKE, 1),
    "sidecar-announces-2-gigabytes": struct.pack(">I", 2**31),
    "sidecar-announces-more-than-the-limit": struct.pack(">I", SIZE + 10),
    "sidecar-kind-unknown": frames.encode(77, 1, b""),
    "sidecar-kind-of-the-runtime": frames.encode(frames.END, 1, frames.end_body(1)),
    "sidecar-invoke-without-a-request": invoke(0, GOOD),
    "sidecar-ping-with-a-request": frames.encode(frames.PING, 1, b""),
    "sidecar-invoke-too-short": invoke(1, bytes(7)),
    "sidecar-meta-longer-than-its-frame": invoke(1, struct.pack(">II", 0, 2**31) + b"{}"),
    "sidecar-cancel-with-a-body": frames.encode(frames.CANCEL, 1, b"x"),
    "sidecar-invokes-twice-at-once": invoke(1, GOOD) * 2,
    "sidecar-speaks-http": b"GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n",
}


@each(BROKEN)
def test_a_broken_frame_closes_the_connection_and_the_next_one_is_served(server, client, row, case):
    before = len(server.log())
    client.socket.sendall(case)
    client.wait_until_closed()
    row.check(where=LOG, said=complaint(server.log()[before:]))
    server.check_serves()


def complaint(log):
    """Return what the one error in the log says, without its time."""
    (line,) = [line for line in log.splitlines() if " ERROR " in line]
    return line.partition("asya_runtime: ")[2]


@rows("sidecar-breaks-off")
def test_half_a_frame_and_no_more_is_forgotten(server, client, row):
    before = len(server.log())
    client.socket.sendall(invoke(1, GOOD)[:-1])
    client.close()
    server.check_serves()
    assert " ERROR " not in server.log()[before:]
    row.check(where="nowhere")


@rows("sidecar-cancels-what-nobody-asked")
def test_a_cancel_for_nobody_is_dropped(server, client, row):
    client.send(frames.CANCEL, 4711)
    assert client.call(1, {"still": "here"}).items == [{"still": "here"}]
    row.check(where="nowhere")
    server.check_serves()


@each({"sidecar-payload-not-json": b"{no", "sidecar-payload-not-utf-8": b'"\xff"', "sidecar-payload-nan": b"NaN"})
def test_a_payload_that_is_not_json_is_that_requests_error(server, client, row, case):
    error = client.call(next(_numbers), case).error
    row.check(where="error record", code=error["code"], said=error["message"])
    assert client.call(next(_numbers), {"still": "here"}).items == [{"still": "here"}]
    server.check_serves()
