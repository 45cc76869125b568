"""A stand-in for SQS and S3, in memory: moto's server. `python -m asya_cli.local.brokers.sqs_server PORT [CERT KEY]`.

moto answers each request in a thread of its own, and what it holds is not made for that: a message that is sent while
another is deleted can vanish, one that two consumers ask for can go to both, and two writers can both be the first. A
consumer that was killed while it waited still gets the next message. So here one request is worked on at a time, and
nothing is taken for somebody who is gone.
"""

from __future__ import annotations

import io
import select
import sys
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from flask import request
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, MotoRequestHandler, create_backend_app
from moto.sqs.models import Message, SQSBackend, sqs_backends
from werkzeug.serving import run_simple

from asya_cli.local.brokers.quick_queues import use_quick_queues

LOOK_EVERY = 0.1
"""Seconds between two looks for messages that have become visible; those that are sent wake whoever waits for them."""

_FAILED = 400
_GONE = select.POLLHUP | select.POLLERR | getattr(select, "POLLRDHUP", 0)

_turn = threading.Condition()
"""Held by the request that is worked on; notified after each, since that may have been what others wait for."""

Environ = dict[str, Any]
Application = Callable[[Environ, Any], Iterable[bytes]]


class PatientQueues(SQSBackend):
    """Queues whose consumers wait without keeping others from their turn."""

    __module__ = SQSBackend.__module__  # moto looks beside it for the paths that are served

    def receive_message(
        self,
        queue_name: str,
        count: int,
        wait_seconds_timeout: int,
        visibility_timeout: int,
        message_attribute_names: list[str] | None = None,
    ) -> list[Message]:
        """Take what is visible, or wait for it as long as the client does."""
        until = time.monotonic() + wait_seconds_timeout
        while not is_client_gone():
            found = super().receive_message(queue_name, count, 0, visibility_timeout, message_attribute_names)
            left = until - time.monotonic()
            if found or left <= 0:
                return found
            _turn.wait(min(LOOK_EVERY, left))
        return []


class QuietHandler(MotoRequestHandler):
    """Logs what failed, and not each look into a queue."""

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Log a request that was refused."""
        if int(code) >= _FAILED:
            super().log_request(code, size)


def is_client_gone() -> bool:
    """Whether whoever sent the request at hand has hung up."""
    poll = select.poll()
    poll.register(request.environ["werkzeug.socket"], _GONE)
    return bool(poll.poll(0))


def one_at_a_time(application: Application) -> Application:
    """Return an application that works on a request once it is there whole, however slow its sender is."""

    def call(environ: Environ, start_response: Any) -> Iterable[bytes]:
        environ["wsgi.input"] = io.BytesIO(read_body(environ))
        with _turn:
            try:
                return application(environ, start_response)
            finally:
                _turn.notify_all()

    return call


def read_body(environ: Environ) -> bytes:
    """Return a request's body; where its length is not given, it is marked where it ends."""
    if environ.get("wsgi.input_terminated"):
        return bytes(environ["wsgi.input"].read())
    return bytes(environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0)))


def main(arguments: Sequence[str]) -> None:
    """Serve on the loopback address until killed; with a certificate and its key, by TLS."""
    port, *certificate = arguments
    use_quick_queues()
    sqs_backends.backend = PatientQueues
    run_simple(
        "127.0.0.1",
        int(port),
        one_at_a_time(DomainDispatcherApplication(create_backend_app)),
        threaded=True,
        ssl_context=(certificate[0], certificate[1]) if certificate else None,
        request_handler=QuietHandler,
    )


if __name__ == "__main__":
    main(sys.argv[1:])
