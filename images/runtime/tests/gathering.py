"""A runtime whose handler takes batches, and whose calls can be kept busy while a batch gathers."""

from __future__ import annotations

import os

from asya_runtime import frames
from images.runtime.tests.driver import invoke_frame

KINDS = {"serial": ("", "1"), "threads": ("", "2"), "tasks": ("_later", "2")}


class Batches:
    """A runtime of one kind, and the pipes that keep its calls busy."""

    def __init__(self, start, folder, kind):
        self.start_one = start
        self.folder = folder
        self.suffix, self.concurrency = KINDS[kind]
        self.pipes = []

    def start(self, handler, size=8, wait="0", **environ):
        environ = {"ASYA_CONCURRENCY": self.concurrency, **environ}
        environ.update(ASYA_BATCH_MAX_SIZE=str(size), ASYA_BATCH_MAX_WAIT=wait)
        self.runtime = self.start_one(f"batches.{handler}{self.suffix}", **environ)
        self.client = self.runtime.connect()
        return self.client

    def occupy(self):
        """Keep every call busy with one message, so that what comes next gathers; their requests are 1001, 1002."""
        for number in range(int(self.concurrency)):
            pipe = self.folder / f"pipe-{number}"
            os.mkfifo(pipe)
            self.pipes.append(pipe)
            self.client.invoke(1001 + number, {"pipe": str(pipe)})
            assert self.runtime.line() == "batch of 1"

    def gather(self, *payloads, **options):
        """Send messages, numbered from 1, to calls that are busy, and let the calls end once all have come."""
        self.occupy()
        self.send(*payloads, **options)
        self.client.send(frames.PING)
        self.client.other(frames.PONG)
        self.release()

    def send(self, *payloads, first=1, **options):
        frames_ = [invoke_frame(request, payload, **options) for request, payload in enumerate(payloads, start=first)]
        self.client.socket.sendall(b"".join(frames_))

    def release(self, count=None):
        for number in range(count or len(self.pipes)):
            self.pipes.pop(0).write_text("")
            self.client.answer(1001 + number)

    def answers(self, count):
        return [self.client.answer(request) for request in range(1, count + 1)]

    def items(self, count):
        return [answer.items for answer in self.answers(count)]

    def codes(self, count):
        return [answer.error and answer.error["code"] for answer in self.answers(count)]
