"""The connection comes back after every failure, also one of its own parts."""

import asyncio
import logging
import socket
from pathlib import Path

import pytest

from asya_core.errors import TransportRefusedError, TransportUnavailableError
from asya_core.transports.nats.connection import Connection
from asya_core.transports.nats.settings import NatsSettings
from asya_core.transports.servers import Server
from tests.transport.parties import SOON


class Witness:
    """A part of the transport that fails as often as it is told to, at one of its methods."""

    def __init__(self, method="", times=0):
        self._method, self._times = method, times
        self.ups = self.downs = 0
        self.came_back = asyncio.Event()

    def link_up(self, _link):
        self.ups += 1
        if self.ups > 1:
            self.came_back.set()
        self._fail("link_up")

    def link_down(self, _reason):
        self.downs += 1
        self._fail("link_down")

    def tick(self):
        self._fail("tick")

    def _fail(self, method):
        if method == self._method and self._times > 0:
            self._times -= 1
            raise ZeroDivisionError(method)


class Alarm(logging.Handler):
    """Sets an event when a line of the log holds some words."""

    def __init__(self, words, event):
        super().__init__()
        self._words, self._event = words, event

    def emit(self, record):
        if self._words in record.getMessage():
            self._event.set()


@pytest.fixture
async def connect():
    """Give a coroutine that connects with settings and listeners."""
    opened = []

    async def connect_with(settings, *listeners):
        connection = Connection(settings)
        opened.append(connection)
        for listener in listeners:
            connection.add(listener)
        async with asyncio.timeout(SOON):
            await connection.connect()
        return connection

    yield connect_with
    for connection in opened:
        await connection.close()


def settings_for(port, folder, host="127.0.0.1"):
    return NatsSettings((Server(host, port, tls=False),), folder)


@pytest.mark.parametrize("method", ["link_up", "tick"])
async def test_a_part_that_fails_costs_the_link_and_nothing_else(connect, nats_server, tmp_path, caplog, method):
    failing, other = Witness(method, times=1), Witness()
    connection = await connect(settings_for(nats_server.port, tmp_path), failing, other)
    async with asyncio.timeout(SOON):
        await failing.came_back.wait()
        await other.came_back.wait()
    assert (failing.downs, other.downs) == (1, 1)
    assert connection.is_up
    (record,) = [each for each in caplog.records if each.levelno == logging.ERROR]
    assert isinstance(record.exc_info[1], ZeroDivisionError)


async def test_a_part_that_fails_when_told_of_the_end_does_not_keep_the_others_from_it(connect, nats_server, tmp_path):
    failing, other = Witness("link_down", times=1), Witness()
    connection = await connect(settings_for(nats_server.port, tmp_path), failing, other)
    await connection.close()
    assert (failing.downs, other.downs) == (1, 1)


async def test_a_failure_that_nobody_foresaw_is_told_to_who_connects(connect, nats_server, caplog):
    with pytest.raises(TransportRefusedError, match="can't be used: ValueError: embedded null byte"):
        await connect(settings_for(nats_server.port, Path("\0")))
    assert any(each.exc_info and isinstance(each.exc_info[1], ValueError) for each in caplog.records)


async def test_a_failure_that_nobody_foresaw_does_not_end_the_attempts(connect, nats_server, tmp_path, request):
    witness = Witness("tick", times=1)
    connection = await connect(settings_for(nats_server.port, tmp_path), witness)
    connection._settings = settings_for(nats_server.port, Path("\0"))
    failed = asyncio.Event()
    handler = Alarm("nobody foresaw", failed)
    logging.getLogger("asya_core").addHandler(handler)
    request.addfinalizer(lambda: logging.getLogger("asya_core").removeHandler(handler))
    async with asyncio.timeout(SOON):
        await failed.wait()
        connection._settings = settings_for(nats_server.port, tmp_path)
        await witness.came_back.wait()
    assert connection.is_up


async def test_a_host_whose_name_can_not_be_is_refused(connect, tmp_path):
    with pytest.raises(TransportRefusedError, match="is no name of a host"):
        await connect(settings_for(4222, tmp_path, host="x" * 64))


async def test_closing_ends_the_wait_for_a_first_connection(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as silent:
        connection = Connection(settings_for(silent.getsockname()[1], tmp_path))
        waiting = asyncio.create_task(connection.connect())
        client, _ = await asyncio.to_thread(silent.accept)
        with client:
            await connection.close()
        with pytest.raises(TransportUnavailableError, match="closed by this process"):
            async with asyncio.timeout(SOON):
                await waiting
