"""A real RabbitMQ on free ports of this machine, with a node name, data folder and epmd of its own."""

from __future__ import annotations

import base64
import http.client
import json
import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import IO, Any, NoReturn
from urllib.parse import quote, unquote, urlsplit

READY_SECONDS = 90.0
END_SECONDS = 20.0
READY = "Server startup complete"
USER, PASSWORD = "asya", "secret"
Address = tuple[str, int]
PROGRAMS = Path("/usr/lib/rabbitmq/bin")
"""Where Debian's package puts the programs; those on its PATH change to another user first."""
INSTALL = ("apt-get", "install", "-y", "--no-install-recommends", "rabbitmq-server")
REMEDY = "install rabbitmq-server (on Debian: apt-get install rabbitmq-server)"


def find_programs() -> Path | None:
    """Return the folder of RabbitMQ's programs, or None."""
    if (PROGRAMS / "rabbitmq-server").is_file():
        return PROGRAMS
    found = shutil.which("rabbitmq-server")
    return Path(found).resolve().parent if found else None


def install_on_debian() -> bool:
    """Install Debian's package, as root only and unless `ASYA_NO_APT` declines; tell whether that worked."""
    if os.geteuid() != 0 or os.environ.get("ASYA_NO_APT") == "1" or shutil.which("apt-get") is None:
        return False
    say("RabbitMQ is not there: installing Debian's package (ASYA_NO_APT=1 declines)")
    environ = os.environ | {"DEBIAN_FRONTEND": "noninteractive", "RUNLEVEL": "1"}
    for command in (("apt-get", "update"), INSTALL):
        if subprocess.run(command, env=environ, capture_output=True, check=False).returncode != 0:
            return False
    return True


def say(line: str) -> None:
    """Tell the person at the terminal, whatever captures the output of tests."""
    if sys.__stderr__ is not None:
        sys.__stderr__.write(f"\n{line}\n")
        sys.__stderr__.flush()


def free_port() -> int:
    """Return a port that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


class Management:
    """The management API of a RabbitMQ that tests use."""

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
    """A RabbitMQ that somebody else runs: it is used, but neither stopped nor changed.

    `ASYA_TEST_RABBITMQ_URL` is `amqp://user:password@host:port`, `ASYA_TEST_RABBITMQ_MANAGEMENT_URL` is
    `http://host:port`, by default port 15672 of the same host. `cannot` is called for what is not ours to do.
    """

    is_running = True

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

    def evaluate(self, _expression: str) -> str:
        self._cannot()

    def control(self, *_arguments: str) -> str:
        self._cannot()

    def close(self) -> None:
        pass


class RabbitmqServer(Management):
    """One node with its data in `folder`; it keeps its ports and its messages over `stop` and `start`."""

    max_message_bytes = 1024 * 1024

    def __init__(self, programs: Path, folder: Path, *, certificates: Path | None = None) -> None:
        self._programs = programs
        self._folder = folder
        port, management_port, self._epmd_port, distribution, self.tls_port = (free_port() for _ in range(5))
        super().__init__(("127.0.0.1", port), ("127.0.0.1", management_port), USER, PASSWORD)
        self._environ = os.environ | {
            "HOME": str(folder),
            "ERL_EPMD_PORT": str(self._epmd_port),
            "ERL_EPMD_ADDRESS": "127.0.0.1",
            "RABBITMQ_NODENAME": f"asya-{secrets.token_hex(4)}@localhost",
            "RABBITMQ_DIST_PORT": str(distribution),
            "RABBITMQ_MNESIA_BASE": str(folder / "data"),
            "RABBITMQ_LOG_BASE": str(folder / "log"),
            "RABBITMQ_LOGS": "-",
            "RABBITMQ_CONFIG_FILE": str(folder / "rabbitmq.conf"),
            "RABBITMQ_ADVANCED_CONFIG_FILE": str(folder / "advanced.config"),
            "RABBITMQ_ENABLED_PLUGINS_FILE": str(folder / "enabled_plugins"),
            "RABBITMQ_PID_FILE": str(folder / "pid"),
        }
        self._write_configuration(certificates)
        self._epmd: subprocess.Popen[bytes] | None = None
        self._running: _Running | None = None

    @property
    def is_running(self) -> bool:
        return self._running is not None

    def start(self) -> None:
        """Run, and return once clients are served. Raises RuntimeError with the log when that fails."""
        if self._epmd is None:
            command = ["epmd", "-port", str(self._epmd_port), "-address", "127.0.0.1"]
            self._epmd = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self._running = _Running([str(self._programs / "rabbitmq-server")], self._environ)
        log = self._running.wait_until_ready()
        if READY not in log:
            self._end(signal.SIGKILL)
            raise RuntimeError(f"RabbitMQ did not start:\n{log[-4000:]}")

    def stop(self) -> None:
        """End it as an orchestrator would."""
        self._end(signal.SIGTERM)

    def kill(self) -> None:
        """End it as a failing machine would, but some seconds after its queues were made.

        RabbitMQ 3.10 writes down a moment late which quorum queues there are. One that it has forgotten has no leader
        after a restart, does not answer, and stops the dead-lettering of whatever is on its way there.
        """
        if self._running is not None:
            self.evaluate("[dets:sync(Table) || Table <- dets:all()].")
        self._end(signal.SIGKILL)

    def close(self) -> None:
        """End it for good, with its epmd."""
        self.stop()
        if self._epmd is not None:
            self._epmd.terminate()
            self._epmd.wait()
            self._epmd = None

    def evaluate(self, expression: str) -> str:
        """Evaluate an Erlang expression in the node."""
        return self.control("eval", expression)

    def control(self, *arguments: str) -> str:
        """Run rabbitmqctl."""
        command = [str(self._programs / "rabbitmqctl"), *arguments]
        done = subprocess.run(command, env=self._environ, capture_output=True, text=True, check=True)
        return done.stdout

    def _end(self, how: signal.Signals) -> None:
        if self._running is not None:
            self._running.end(how)
            self._running = None

    def _write_configuration(self, certificates: Path | None) -> None:
        encryption = (
            ""
            if certificates is None
            else (
                f"listeners.ssl.1 = 127.0.0.1:{self.tls_port}\n"
                f"ssl_options.cacertfile = {certificates}/ca.crt\n"
                f"ssl_options.certfile = {certificates}/server.crt\n"
                f"ssl_options.keyfile = {certificates}/server.key\n"
            )
        )
        (self._folder / "rabbitmq.conf").write_text(
            f"listeners.tcp.1 = 127.0.0.1:{self.port}\n"
            f"management.tcp.ip = 127.0.0.1\nmanagement.tcp.port = {self.management_port}\n"
            f"default_user = {USER}\ndefault_pass = {PASSWORD}\n"
            f"{encryption}"
            f"collect_statistics_interval = 250\nmax_message_size = {self.max_message_bytes}\n"
        )
        # At each tick a channel looks after consumer timeouts and a queue tells its statistics: by default once a
        # minute and every 5 seconds.
        ticks = "{channel_tick_interval, 500}, {quorum_tick_interval, 500}"
        # The management API keeps one sample each second, not each five.
        samples = ", ".join(f"{{{kind}, [{{60, 1}}]}}" for kind in ("global", "basic", "detailed"))
        (self._folder / "advanced.config").write_text(
            f"[{{rabbit, [{ticks}]}}, {{rabbitmq_management, [{{sample_retention_policies, [{samples}]}}]}}].\n"
        )
        (self._folder / "enabled_plugins").write_text("[rabbitmq_management].\n")


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

    def end(self, how: signal.Signals) -> None:
        """Signal the whole group and wait until nothing of it holds the log any more."""
        self._signal(how)
        self._reader.join(END_SECONDS)
        if self._reader.is_alive():
            self._signal(signal.SIGKILL)
            self._reader.join()
        self._process.wait()

    def _signal(self, how: signal.Signals) -> None:
        if self._process.poll() is None or self._reader.is_alive():
            try:
                os.killpg(self._process.pid, how)
            except ProcessLookupError:
                self._settled.set()

    def _read(self, lines: IO[str]) -> None:
        with lines:
            for line in lines:
                if not self._settled.is_set():
                    self._log.append(line)
                if READY in line:
                    self._settled.set()
        self._settled.set()
