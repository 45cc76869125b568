"""Coroutines that do not end when they are told to, and so take the process with them; this takes seconds."""

from __future__ import annotations

import json

from asya_runtime import frames
from asya_runtime.errors import EXIT_TIMEOUT
from images.runtime.tests.driver import invoke_frame


def test_a_coroutine_that_can_not_be_ended_ends_the_process(start, tmp_path):
    runtimes = []
    for handler in ("coroutines.refuse_to_end", "coroutines.block"):
        (tmp_path / handler).mkdir()
        runtimes.append(start(handler, ASYA_SOCKET_DIR=str(tmp_path / handler)))
        client = runtimes[-1].connect()
        client.socket.sendall(invoke_frame(1, {}, timeout_ms=50) + invoke_frame(2, {}))

    for runtime in runtimes:
        (client,) = runtime.clients
        assert client.answer(1).error["code"] == "timeout_error"
        told = json.loads(client.other(frames.WORKER))
        assert (told["reason"], told["started"], told["waiting"]) == ("timeout", [], [2])
        client.wait_until_closed()
        code, errors = runtime.finish()
        assert code == EXIT_TIMEOUT
        assert "request 1, message message-1 ran past its timeout" in errors
        assert not (runtime.socket_dir / "runtime-ready").exists()
