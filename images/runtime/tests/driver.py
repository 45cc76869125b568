"""A runtime as a process, and the sidecar's end of its socket, with a limit to every wait."""

from __future__ import annotations

import contextlib
import json
import os
import select
import signal
import socket
import struct
import subprocess
import time
from pathlib import Path

from asya_runtime import frames

PACKAGE = Path(frames.__file__).parent
PATIENCE = 20.0
FROM_RUNTIME = frozenset(
    {
        frames.HELLO,
        frames.ITEM,
        frames.END,
        frames.ERROR,
        frames.DRAIN,
        frames.PING,
        frames.PONG,
    }
)


class Answer:
    """What a request came to: its items as values, and either the microseconds of END or the fields of ERROR."""

    def __init__(self):
        self.items = []
        self.microseconds = None
        self.error = None

    @property
    def over(self):
        return self.error is not None or self.microseconds is not None


class Client:
    """One connection to a runtime. Frames that are waited for by others are kept."""

    def __init__(self, path):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(PATIENCE)
        try:
            self.socket.connect(str(path))
        except OSError:
            self.socket.close()
            raise
        self.decoder = frames.Decoder(FROM_RUNTIME)
        self.answers = {}
        self.others = []
        self.closed = False
        self.file = -1
        self.inode = 0

    def hello(self):
        return json.loads(self.other(frames.HELLO))

    def send(self, kind, request=0, body=b""):
        self.socket.sendall(frames.encode(kind, request, body))

    def invoke(self, request, payload, *, timeout_ms=0, meta=None):
        self.socket.sendall(invoke_frame(request, payload, timeout_ms=timeout_ms, meta=meta))

    def call(self, request, payload, **options):
        self.invoke(request, payload, **options)
        return self.answer(request)

    def answer(self, request):
        """Wait until the request is over."""
        while not (request in self.answers and self.answers[request].over):
            self.receive()
        return self.answers.pop(request)

    def item(self, request, index):
        """Wait for one item of a request that may go on."""
        while not (request in self.answers and len(self.answers[request].items) > index):
            self.receive()
        return self.answers[request].items[index]

    def other(self, kind):
        """Wait for a frame that belongs to no request, and return its body."""
        while True:
            for index, (got, body) in enumerate(self.others):
                if got == kind:
                    del self.others[index]
                    return body
            self.receive()

    def running(self):
        """Return, in order, the requests that the worker's file names, 0 for a place that is free."""
        return sorted(request for request, _ in self.slots())

    def slots(self):
        """Return request and deadline of every place."""
        data = os.pread(self.file, 1 << 20, 0)
        assert len(data) == 1024 + 16 * self.greeting["concurrency"]
        return list(struct.iter_unpack("=QQ", data[1024:]))

    def late(self):
        """Return the requests that a report of a timeout charges."""
        return [request for request, deadline in self.slots() if request and 0 < deadline <= self.report()["at"]]

    def report(self):
        """Wait for the end of the worker, and return what the supervisor says of it; None where it says nothing."""
        self.wait_until_closed()
        text = os.pread(self.file, 1024, 0).rstrip(b"\0")
        return json.loads(text) if text else None

    def wait_until_closed(self):
        with contextlib.suppress(EOFError):
            while True:
                self.receive()

    def receive(self):
        """Take in what comes next; raise EOFError where nothing comes any more."""
        try:
            data = self.socket.recv(1 << 20)
        except ConnectionResetError:
            data = b""
        if not data:
            self.closed = True
            raise EOFError
        for kind, request, body in self.decoder.feed(data):
            self._keep(kind, request, body)
        assert self.decoder.error is None

    def _keep(self, kind, request, body):
        if request == 0:
            self.others.append((kind, body))
            return
        answer = self.answers.setdefault(request, Answer())
        assert not answer.over
        if kind == frames.ITEM:
            answer.items.append(json.loads(body))
        elif kind == frames.END:
            answer.microseconds = int.from_bytes(body, "big")
        else:
            answer.error = json.loads(body)

    def close(self):
        self.socket.close()
        if self.file >= 0:
            os.close(self.file)
            self.file = -1


class Runtime:
    """A runtime in a process of its own, whose working directory is `folder`."""

    def __init__(self, python, folder, environ, *, prefix=(), cgroup=None):
        self.socket_dir = Path(environ["ASYA_SOCKET_DIR"])
        base = {"PATH": os.environ["PATH"], "PYTHONDONTWRITEBYTECODE": "1"}
        self.is_confined = bool(prefix)
        command = [*prefix, str(python), str(PACKAGE)]
        if cgroup is not None:  # the shell moves itself there, and then becomes the runtime
            command = ["sh", "-c", 'echo $$ > "$0" && exec "$@"', str(cgroup), *command]
        self.process = subprocess.Popen(
            command,
            cwd=folder,
            env={**base, **environ},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        self.printed = b""
        self.clients = []

    @property
    def socket_path(self):
        return self.socket_dir / "asya-runtime.sock"

    def wait_until_ready(self):
        """Wait for the ready file, or raise AssertionError with what a runtime said that has ended instead."""
        self.wait_for((self.socket_dir / "runtime-ready").exists)

    def wait_until_restarted(self):
        """Wait until there is another worker than the one that the latest client has known."""
        before = self.clients[-1].inode
        self.wait_for(lambda: (self.socket_dir / "runtime-running").stat().st_ino != before)
        self.wait_until_ready()

    def wait_for(self, condition):
        deadline = time.monotonic() + PATIENCE
        while not condition():
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.process.wait(0.005)
                raise AssertionError(self.process.stderr.read().decode())
            assert time.monotonic() < deadline

    def connect(self):
        """Return a client that has been greeted."""
        client = Client(self.socket_path)
        self.clients.append(client)
        client.greeting = client.hello()
        client.file = os.open(self.socket_dir / "runtime-running", os.O_RDONLY)
        client.inode = os.fstat(client.file).st_ino
        return client

    def connect_to_next(self):
        """Return a client that has been greeted by the worker after this one, where this one can't greet any more."""
        stranger = Client(self.socket_path)
        with contextlib.suppress(EOFError):
            raise AssertionError(stranger.hello())
        stranger.close()
        self.wait_until_restarted()
        return self.connect()

    def line(self):
        """Return the next line that the handler prints."""
        while b"\n" not in self.printed:
            ready, _, _ = select.select([self.process.stdout], [], [], PATIENCE)
            assert ready
            more = os.read(self.process.stdout.fileno(), 65536)
            assert more
            self.printed += more
        line, _, self.printed = self.printed.partition(b"\n")
        return line.decode()

    def terminate(self):
        self.process.send_signal(signal.SIGTERM)

    def finish(self):
        """Wait for the end; return exit code and stderr."""
        _, errors = self.process.communicate(timeout=PATIENCE)
        return self.process.returncode, errors.decode()

    def kill(self):
        for client in self.clients:
            client.close()
        if self.process.poll() is None:
            self.kill_confined()
            self.process.kill()
        self.process.wait()
        self.process.stdout.close()
        self.process.stderr.close()

    def kill_confined(self):
        """End a runtime that stands behind another program: with a user of its own it outlives that."""
        pid = self.process.pid
        for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split() if self.is_confined else ():
            os.kill(int(child), signal.SIGKILL)


def invoke_frame(request, payload, *, timeout_ms=0, meta=None):
    """Return an INVOKE; `payload` is a value, or bytes that are sent as they are."""
    body = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
    head = json.dumps({"id": f"message-{request}"} if meta is None else meta).encode()
    return frames.encode(frames.INVOKE, request, invoke_body(timeout_ms, head, body))


def invoke_body(timeout_ms, meta, payload):
    """Return the body of an INVOKE; `meta` and `payload` are bytes of JSON."""
    return struct.pack(">II", timeout_ms, len(meta)) + meta + payload
