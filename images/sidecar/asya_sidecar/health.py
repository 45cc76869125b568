"""`/metrics`, `/healthz` and `/readyz`, answered by a thread of their own, so that a stuck event loop shows."""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from collections.abc import Callable, Iterable
from socketserver import ThreadingMixIn
from typing import TYPE_CHECKING
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer

from prometheus_client import CollectorRegistry, make_wsgi_app

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIEnvironment

STUCK_SECONDS = 30.0
"""An event loop that has not turned for this long is stuck."""

NO_CONSUMER_SECONDS = 300.0
"""A sidecar whose broker answers, but that has consumed nothing for this long, is better started again."""

_POLL_SECONDS = 0.1

Probe = Callable[[], str | None]


class Health:
    """What the probes ask: None from `why_not_ready` means ready. `beat` is called by the event loop."""

    def __init__(
        self,
        connected: Callable[[], bool],
        consuming: Callable[[], bool],
        runtime_ready: Callable[[], bool],
        serving: Callable[[], bool],
    ) -> None:
        self._connected, self._consuming = connected, consuming
        self._runtime_ready, self._serving = runtime_ready, serving
        self._beat = self._consumed = time.monotonic()

    def beat(self) -> None:
        """Note that the event loop turns, and whether there is nothing to complain of."""
        self._beat = time.monotonic()
        if self._consuming() or not self._connected() or not self._serving():
            self._consumed = self._beat

    def why_not_alive(self) -> str | None:
        """Say why the container should be started again, or None."""
        now = time.monotonic()
        if now - self._beat > STUCK_SECONDS:
            return f"the event loop has not turned for {now - self._beat:.0f} s"
        if now - self._consumed > NO_CONSUMER_SECONDS:
            return f"the broker answers, but there has been no consumer for {now - self._consumed:.0f} s"
        return None

    def why_not_ready(self) -> str | None:
        """Say why the actor does not take messages now, or None."""
        if not self._runtime_ready():
            return "the runtime is not ready; its log says why"
        if not self._connected():
            return "the broker is not reachable"
        if not self._consuming():
            return "the queue is not being consumed"
        return None if self._serving() else "the actor is stopping, or every handler is past its timeout"


class _Server(ThreadingMixIn, WSGIServer):
    daemon_threads = True

    def __init__(self, listening: socket.socket) -> None:
        super().__init__(listening.getsockname()[:2], _Quiet, bind_and_activate=False)
        self.socket.close()
        self.socket = listening
        self.server_name, self.server_port = "", listening.getsockname()[1]
        self.setup_environ()

    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing of clients that go away before they have their answer."""


class _Quiet(WSGIRequestHandler):
    timeout = 10.0

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Say nothing: probes come every few seconds."""


def serve_health(host: str, port: int, health: Health, registry: CollectorRegistry) -> _Server:
    """Answer probes and scrapes on `host:port` until the server's `shutdown`. Raises OSError when the port is taken."""
    metrics = make_wsgi_app(registry)
    probes: dict[str, Probe] = {"/healthz": health.why_not_alive, "/readyz": health.why_not_ready}

    def app(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        path = environ.get("PATH_INFO", "")
        if path == "/metrics":
            scrape: Iterable[bytes] = metrics(environ, start_response)
            return scrape
        if path not in probes:
            return _answer(start_response, "404 Not Found", "known: /metrics, /healthz, /readyz")
        why_not = probes[path]()
        return _answer(start_response, "503 Service Unavailable" if why_not else "200 OK", why_not or "ok")

    server = _Server(_listen(host, port))
    server.set_app(app)
    threading.Thread(target=server.serve_forever, args=(_POLL_SECONDS,), name="health", daemon=True).start()
    return server


def _listen(host: str, port: int) -> socket.socket:
    """Listen on every address of both families where no host is given, since probes come over the pod's own."""
    if not host and socket.has_dualstack_ipv6():
        with contextlib.suppress(OSError):
            return socket.create_server(("", port), family=socket.AF_INET6, dualstack_ipv6=True)
    return socket.create_server((host, port), family=socket.AF_INET6 if ":" in host else socket.AF_INET)


def _answer(start_response: StartResponse, status: str, text: str) -> list[bytes]:
    start_response(status, [("Content-Type", "text/plain; charset=utf-8")])
    return [f"{text}\n".encode()]
