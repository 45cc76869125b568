"""A stand-in for SQS and S3, in memory: moto's server. `python -m asya_cli.local.brokers.sqs_server PORT [CERT KEY]`.

moto answers each request in a thread of its own, and what it holds is not made for that: a message that is sent while
another is deleted can vanish, one that two consumers ask for can go to both, and two writers can both be the first. A
consumer that was killed while it waited still gets the next message. So here one request is worked on at a time, and
nothing is taken for somebody who is gone. moto counts all messages again for each that comes or goes; here they are
counted for who wants to know.
"""

from __future__ import annotations

import io
import select
import sys
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime
from typing import Any

from flask import request
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, MotoRequestHandler, create_backend_app
from moto.sqs import models
from moto.sqs.models import Message, Queue, SQSBackend, sqs_backends
from werkzeug.serving import run_simple

from asya_cli.local.brokers.quick_queues import use_quick_queues

LOOK_EVERY = 0.1
"""Seconds between two looks for messages that have become visible; those that are sent wake whoever waits for them."""

_FAILED = 400
_GONE = select.POLLHUP | select.POLLERR | getattr(select, "POLLRDHUP", 0)

_COUNTS = "ApproximateNumberOf"
_ALL = list(Queue.BASE_ATTRIBUTES)
_UNCOUNTED = [name for name in _ALL if not name.startswith(_COUNTS)]

_turn = threading.RLock()
"""Held by the request that is worked on."""

Environ = dict[str, Any]
Application = Callable[[Environ, Any], Iterable[bytes]]


class PatientQueues(SQSBackend):
    """Queues whose consumers wait without keeping others from their turn."""

    __module__ = SQSBackend.__module__  # moto looks beside it for the paths that are served

    def __init__(self, region_name: str, account_id: str) -> None:
        super().__init__(region_name, account_id)
        self._sent: defaultdict[str, threading.Condition] = defaultdict(lambda: threading.Condition(_turn))

    def get_queue_attributes(self, queue_name: str, attribute_names: list[str]) -> dict[str, Any]:
        """Count messages only for who asks for that."""
        queue = self.get_queue(queue_name)
        if any(name == "All" or name.startswith(_COUNTS) for name in attribute_names):
            queue.BASE_ATTRIBUTES = _ALL
        try:
            return super().get_queue_attributes(queue_name, attribute_names)
        finally:
            queue.BASE_ATTRIBUTES = _UNCOUNTED

    def send_message(self, queue_name: str, *arguments: Any, **more: Any) -> Message:
        """Keep a message, and wake whoever waits for it."""
        message = super().send_message(queue_name, *arguments, **more)
        self._sent[queue_name].notify_all()
        return message

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
            self._sent[queue_name].wait(min(LOOK_EVERY, left))
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
            return application(environ, start_response)

    return call


def read_body(environ: Environ) -> bytes:
    """Return a request's body; where its length is not given, it is marked where it ends."""
    if environ.get("wsgi.input_terminated"):
        return bytes(environ["wsgi.input"].read())
    return bytes(environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0)))


def milliseconds(at: datetime | None = None) -> float:
    """Return the time since 1970; moto's own takes a hundred times as long, and is asked twice for each message."""
    return 1000 * (at.replace(tzinfo=UTC).timestamp() if at else time.time())


def main(arguments: Sequence[str]) -> None:
    """Serve on the loopback address until killed; with a certificate and its key, by TLS."""
    port, *certificate = arguments
    use_quick_queues()
    sqs_backends.backend = PatientQueues
    Queue.BASE_ATTRIBUTES = _UNCOUNTED
    vars(models)["unix_time_millis"] = milliseconds
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
