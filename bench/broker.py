"""The one RabbitMQ of a run: a node of our own, as `asya local` starts it, with a virtual host for each system."""

from __future__ import annotations

import base64
import http.client
import json
import time
from pathlib import Path
from urllib.parse import quote

from asya_cli.local.brokers.rabbitmq_given import MANAGEMENT_URL, URL
from asya_cli.local.brokers.rabbitmq_node import Node
from asya_cli.local.brokers.rabbitmq_programs import need_programs
from asya_cli.local.ports import FreePorts
from bench.processes import Program

READY = "Server startup complete"
READY_SECONDS = 90.0
MAX_MESSAGE_SIZE = 32 * 1024 * 1024
STATISTICS_MS = 5000  # the server's own default
_INTERVAL = 0.1


class Broker:
    """A node in `folder`, started at once. It ends with `close`, or with us."""

    def __init__(self, folder: Path) -> None:
        programs = need_programs(print)
        self._node = Node.on_free_ports(folder, FreePorts())
        self._node.configure([f"max_message_size = {MAX_MESSAGE_SIZE}"], statistics_ms=STATISTICS_MS)
        self._program = Program(self._node.argv(programs), self._node.environ, folder / "rabbitmq.log")
        self._wait()

    @property
    def environ(self) -> dict[str, str]:
        """The variables with which `asya local` uses this server instead of starting one."""
        return {
            URL: f"amqp://127.0.0.1:{self._node.port}",
            MANAGEMENT_URL: f"http://127.0.0.1:{self._node.management_port}",
        }

    def pids(self) -> list[int]:
        """Return the server itself; what it starts for a moment, to look at the disk, is left out."""
        return [self._program.pid]

    def url(self, vhost: str) -> str:
        """Return the address of a virtual host."""
        return f"amqp://guest:guest@127.0.0.1:{self._node.port}/{quote(vhost, safe='')}"

    def make_vhost(self, name: str) -> str:
        """Make a virtual host and return its address."""
        self._call("PUT", f"vhosts/{name}")
        self._call("PUT", f"permissions/{name}/guest", {"configure": ".*", "write": ".*", "read": ".*"})
        return self.url(name)

    def version(self) -> str:
        """Return the server's version."""
        overview = json.loads(self._call("GET", "overview"))
        return f"{overview['rabbitmq_version']} on Erlang {overview['erlang_version']}"

    def close(self) -> None:
        """End the server; nobody wants its messages any more."""
        self._program.end()

    def _wait(self) -> None:
        until = time.monotonic() + READY_SECONDS
        while READY not in self._program.log.read_text(encoding="utf-8", errors="replace"):
            if not self._program.is_running or time.monotonic() > until:
                raise RuntimeError(f"RabbitMQ did not start:\n{self._program.last_words()}")
            time.sleep(_INTERVAL)

    def _call(self, method: str, path: str, body: dict[str, str] | None = None) -> bytes:
        connection = http.client.HTTPConnection("127.0.0.1", self._node.management_port, timeout=30)
        login = base64.b64encode(b"guest:guest").decode()
        headers = {"Authorization": f"Basic {login}", "Content-Type": "application/json"}
        connection.request(method, f"/api/{path}", json.dumps(body) if body else None, headers)
        answer = connection.getresponse()
        raw = answer.read()
        connection.close()
        if answer.status >= http.client.BAD_REQUEST:
            raise RuntimeError(f"{method} {path}: {answer.status} {raw[:300]!r}")
        return raw
