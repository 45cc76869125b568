"""A real RabbitMQ on free ports of this machine, with data folder and epmd of its own, or one that is given by URL."""

from __future__ import annotations

import base64
import http.client
import json
import os
import secrets
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import IO, Any, NoReturn
from urllib.parse import quote, unquote, urlsplit

from asya_cli.errors import CliError
from asya_cli.local.brokers.rabbitmq_given import find_given
from asya_cli.local.brokers.rabbitmq_node import NAME, Node
from asya_cli.local.brokers.rabbitmq_programs import Programs, need_programs
from asya_cli.local.ports import FreePorts
from tools.needs import Need

READY_SECONDS = 90.0
STATISTICS_MS = 250
REMEDY = (
    "install it (on Debian: apt-get install rabbitmq-server), or give a server in ASYA_TEST_RABBITMQ_URL for tests of "
    "the transport and in ASYA_LOCAL_RABBITMQ_URL for local runs"
)
READY = "Server startup complete"
USER, PASSWORD = "asya", "secret"
Address = tuple[str, int]


def programs_or_skip(need: Need) -> Programs:
    """Return RabbitMQ's programs, installed where that is possible; where they can't be had, skip with the remedy."""
    found = _programs()
    if isinstance(found, str):
        need.missing(found, remedy=REMEDY)
    return found


def require_local(need: Need) -> None:
    """Skip with the remedy where a local run would find no RabbitMQ."""
    if find_given() is None:
        programs_or_skip(need)


@cache
def _programs() -> Programs | str:
    """Return the programs or why there are none; an installation is tried once in all."""
    try:
        return need_programs(say)
    except CliError as error:
        return str(error).partition(";")[0]


def say(line: str) -> None:
    """Tell the person at the terminal, whatever captures the output of tests."""
    if sys.__stderr__ is not None:
        sys.__stderr__.write(f"\n{line}\n")
        sys.__stderr__.flush()


class Management:
    """The management API of a RabbitMQ that tests use; `vhost` is for those that need no virtual host of their own."""

    vhost = "/"

    def __init__(self, server: Address, management: Address, user: str, password: str) -> None:
        self.host, self.port = server
        self.management_host, self.management_port = management
        self.user = user
        self.password = password

    def call(self, method: str, path: str, body: dict[str, Any] | None = None) -> Any:
        """Use the management API, `path` being what follows `/api/`."""
        connection = http.client.HTTPConnection(self.management_host, self.management_port, timeout=10)
        login = base64.b64encode(f"{self.user}:{self.password}".encode()).decode()
        headers = {"Authorization": f"Basic {login}", "Content-Type": "application/json"}
        connection.request(method, f"/api/{path}", None if body is None else json.dumps(body), headers)
        answer = connection.getresponse()
        raw = answer.read()
        connection.close()
        if answer.status >= 400:
            raise RuntimeError(f"{method} {path}: {answer.status} {raw[:500]!r}")
        return json.loads(raw) if raw else None

    def make_vhost(self) -> str:
        """Make a virtual host of its own for a test."""
        name = f"test-{secrets.token_hex(4)}"
        self.call("PUT", f"vhosts/{name}")
        self.call("PUT", f"permissions/{name}/{self.user}", {"configure": ".*", "write": ".*", "read": ".*"})
        return name

    def drop_vhost(self, name: str) -> None:
        self.call("DELETE", f"vhosts/{quote(name, safe='')}")


class GivenRabbitmq(Management):
    """A RabbitMQ that somebody else runs: it gets a virtual host, but is neither stopped nor changed.

    `ASYA_TEST_RABBITMQ_URL` is `amqp://user:password@host:port`, `ASYA_TEST_RABBITMQ_MANAGEMENT_URL` is
    `http://host:port`, by default port 15672 of the same host. `cannot` is called for what is not ours to do.
    """

    is_running = True
    is_refusing = False

    @property
    def tls_port(self) -> int:
        self._cannot()

    def __init__(self, url: str, management_url: str | None, cannot: Callable[[], NoReturn]) -> None:
        server, management = urlsplit(url), urlsplit(management_url or "")
        host = server.hostname or "127.0.0.1"
        super().__init__(
            (host, server.port or 5672),
            (management.hostname or host, management.port or 15672),
            unquote(server.username or "guest"),
            unquote(server.password or "guest"),
        )
        self._cannot = cannot

    @property
    def max_message_bytes(self) -> int:
        self._cannot()

    def start(self) -> None:
        self._cannot()

    def kill(self) -> None:
        self._cannot()

    def refuse(self) -> None:
        self._cannot()

    def accept(self) -> None:
        self._cannot()

    def close_connections(self) -> None:
        self._cannot()

    def evaluate(self, _expression: str) -> str:
        self._cannot()


class RabbitmqServer(Management):
    """One node with its data in `folder`; it keeps its ports and its messages over `kill` and `start`."""

    max_message_bytes = 1024 * 1024

    def __init__(self, programs: Programs, folder: Path, *, certificates: Path | None = None) -> None:
        free_port = FreePorts()
        node = Node.on_free_ports(folder, free_port)
        super().__init__(("127.0.0.1", node.port), ("127.0.0.1", node.management_port), USER, PASSWORD)
        self.tls_port = free_port()
        self._programs = programs
        self._command = node.argv(programs)
        self._environ = os.environ | node.environ
        self._running: _Running | None = None
        self.is_refusing = False
        node.configure(self._settings(certificates), statistics_ms=STATISTICS_MS)

    @property
    def is_running(self) -> bool:
        return self._running is not None

    def start(self) -> None:
        """Run, and return once clients are served. Raises RuntimeError with the log when that fails."""
        self._running = _Running(self._command, self._environ)
        log = self._running.wait_until_ready()
        if READY not in log:
            self._end()
            raise RuntimeError(f"RabbitMQ did not start:\n{log[-4000:]}")

    def refuse(self) -> None:
        """End all connections and take no more, until `accept`."""
        self.is_refusing = True
        self.evaluate("rabbit_maintenance:suspend_all_client_listeners()")
        self.close_connections()

    def accept(self) -> None:
        self.evaluate("rabbit_maintenance:resume_all_client_listeners()")
        self.is_refusing = False

    def close_connections(self) -> None:
        """End all connections; new ones are taken."""
        self.evaluate("rabbit_maintenance:close_all_client_connections()")

    def close(self) -> None:
        """End it for good; nobody wants its messages any more."""
        self._end()

    def kill(self) -> None:
        """End it as a failing machine would, but not within a second of making a queue.

        RabbitMQ 3.10 writes down a moment late which quorum queues there are. One that it has forgotten has no leader
        after a restart, does not answer, and stops the dead-lettering of whatever is on its way there.
        """
        if self._running is not None:
            self.evaluate("[dets:sync(Table) || Table <- dets:all()]")
        self._end()

    def evaluate(self, expression: str) -> str:
        """Evaluate an Erlang expression in the node; a hundred times faster than rabbitmqctl, which boots a node, too.

        Returns its value as Erlang writes it. Raises RuntimeError when it fails.
        """
        command = [str(self._programs.epmd.with_name("erl_call")), "-sname", NAME, "-e"]
        done = subprocess.run(
            command, env=self._environ, input=f"{expression}.\n", capture_output=True, text=True, check=True
        )
        if not done.stdout.startswith("{ok, "):
            raise RuntimeError(f"{expression}: {done.stdout}{done.stderr}")
        return done.stdout.removeprefix("{ok, ").removesuffix("}")

    def _end(self) -> None:
        self.is_refusing = False
        if self._running is not None:
            self._running.end()
            self._running = None

    def _settings(self, certificates: Path | None) -> list[str]:
        settings = [
            f"default_user = {USER}",
            f"default_pass = {PASSWORD}",
            f"max_message_size = {self.max_message_bytes}",
        ]
        if certificates is not None:
            settings += [
                f"listeners.ssl.1 = 127.0.0.1:{self.tls_port}",
                f"ssl_options.cacertfile = {certificates}/ca.crt",
                f"ssl_options.certfile = {certificates}/server.crt",
                f"ssl_options.keyfile = {certificates}/server.key",
            ]
        return settings


class _Running:
    """The processes of the node, a group of their own, and a thread that reads their log."""

    def __init__(self, command: list[str], environ: dict[str, str]) -> None:
        self._process = subprocess.Popen(
            command, env=environ, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, start_new_session=True
        )
        self._log: list[str] = []
        self._settled = threading.Event()
        self._reader = threading.Thread(target=self._read, args=(self._process.stdout,), name="RabbitMQ's log")
        self._reader.start()

    def wait_until_ready(self) -> str:
        """Return the log up to the moment at which it serves, has ended, or has taken too long."""
        self._settled.wait(READY_SECONDS)
        return "".join(self._log)

    def end(self) -> None:
        """Kill the server with all its group, and wait until nothing of it holds the log any more."""
        with suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        self._reader.join()

    def _read(self, lines: IO[str]) -> None:
        with lines:
            for line in lines:
                if not self._settled.is_set():
                    self._log.append(line)
                if READY in line:
                    self._settled.set()
        self._settled.set()
