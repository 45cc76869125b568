"""Coroutines that do not end when they are told to, and so take the worker with them; this takes seconds."""

from __future__ import annotations

from images.runtime.tests.driver import invoke_frame


def test_a_coroutine_that_can_not_be_ended_ends_the_worker(start, tmp_path):
    runtimes = []
    for handler in ("coroutines.refuse_to_end", "coroutines.block"):
        folder = tmp_path / str(len(runtimes))
        folder.mkdir()
        runtimes.append(start(handler, ASYA_SOCKET_DIR=str(folder)))
        client = runtimes[-1].connect()
        client.socket.sendall(invoke_frame(1, {}, timeout_ms=50) + invoke_frame(2, {}))

    for runtime in runtimes:
        (client,) = runtime.clients
        assert client.report()["reason"] == "timeout"
        assert (client.running(), client.late()) == ([1], [1])
        assert runtime.process.poll() is None
