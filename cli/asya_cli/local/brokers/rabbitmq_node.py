"""One RabbitMQ node for this user's machine alone: its name, ports, data and configuration share nothing with others.

Source: rabbitmq.com/docs/configure, for both the variables and the two configuration files.
"""

from __future__ import annotations

import secrets
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from asya_cli.local.brokers.rabbitmq_programs import Programs

NAME = "asya@localhost"
"""Name of every node. It is known to the node's own epmd alone, and its data can be read under this name alone."""

CONFIRM_MS = 2000
"""How long a delayed message that moves on may wait for a confirmation before it is sent once more."""

_CONFIGURATION = """\
listeners.tcp.1 = 127.0.0.1:{port}
management.tcp.ip = 127.0.0.1
management.tcp.port = {management_port}
collect_statistics_interval = {statistics_ms}
"""

# By default a queue tells its statistics every 5 seconds, a channel looks after consumer timeouts every minute, the
# management API keeps one sample for 5 seconds, and a message whose delay was over when the server died moves on after
# three minutes.
_ADVANCED = """\
[{{rabbit, [{{channel_tick_interval, {statistics_ms}}}, {{quorum_tick_interval, {statistics_ms}}},
            {{dead_letter_worker_publisher_confirm_timeout, {confirm_ms}}}]}},
 {{rabbitmq_management, [{{sample_retention_policies, [
   {{global, [{{60, 1}}]}}, {{basic, [{{60, 1}}]}}, {{detailed, [{{60, 1}}]}}]}}]}}].
"""


@dataclass(frozen=True, slots=True)
class Node:
    """A node whose data and configuration are in `folder`; all its ports are open on the loopback address alone."""

    folder: Path
    port: int
    management_port: int
    epmd_port: int
    distribution_port: int

    @classmethod
    def on_free_ports(cls, folder: Path, free_port: Callable[[], int]) -> Node:
        """Return a node on ports that nobody listens on."""
        return cls(folder, free_port(), free_port(), free_port(), free_port())

    @property
    def environ(self) -> dict[str, str]:
        """The variables that make RabbitMQ's programs start this node, or speak to it."""
        data = self.folder / "data"
        return {
            "HOME": str(self.folder),  # where Erlang keeps the cookie that lets one node speak to another
            "ERL_EPMD_PORT": str(self.epmd_port),
            "ERL_EPMD_ADDRESS": "127.0.0.1",
            "RABBITMQ_NODENAME": NAME,
            "RABBITMQ_USE_LONGNAME": "false",
            "RABBITMQ_DIST_PORT": str(self.distribution_port),
            "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": "-kernel inet_dist_use_interface {127,0,0,1}",
            "RABBITMQ_MNESIA_BASE": str(data),
            "RABBITMQ_MNESIA_DIR": str(data / "node"),
            "RABBITMQ_LOG_BASE": str(self.folder / "log"),
            "RABBITMQ_LOGS": "-",
            "RABBITMQ_CONF_ENV_FILE": str(self._file("rabbitmq-env.conf")),
            "RABBITMQ_CONFIG_FILE": str(self._file("rabbitmq.conf")),
            "RABBITMQ_ADVANCED_CONFIG_FILE": str(self._file("advanced.config")),
            "RABBITMQ_ENABLED_PLUGINS_FILE": str(self._file("enabled_plugins")),
            "RABBITMQ_PID_FILE": str(self.folder / "pid"),
            # Its scripts' word for: become the server, do not stay as a shell that waits for it.
            "RUNNING_UNDER_SYSTEMD": "true",
        }

    def argv(self, programs: Programs) -> list[str]:
        """Return the command that becomes the server; it needs `environ`."""
        module = "asya_cli.local.brokers.rabbitmq_start"
        return [sys.executable, "-P", "-m", module, str(programs.epmd), str(programs.server)]

    def configure(self, more: Sequence[str] = (), *, statistics_ms: int) -> None:
        """Write the node's configuration: `more` are further lines of rabbitmq.conf.

        Its statistics, depths of queues among them, are never older than `statistics_ms`.
        """
        (self.folder / "data").mkdir(parents=True, exist_ok=True)
        own = _CONFIGURATION.format(port=self.port, management_port=self.management_port, statistics_ms=statistics_ms)
        self._file("rabbitmq.conf").write_text(own + "".join(f"{line}\n" for line in more), encoding="utf-8")
        self._file("advanced.config").write_text(
            _ADVANCED.format(statistics_ms=statistics_ms, confirm_ms=CONFIRM_MS), encoding="utf-8"
        )
        self._file("enabled_plugins").write_text("[rabbitmq_management].\n", encoding="utf-8")
        self._file("rabbitmq-env.conf").write_text("", encoding="utf-8")
        self._keep_cookie()

    def _keep_cookie(self) -> None:
        """Make the cookie, since one that Erlang makes can be guessed; and close one that a copy of the folder opened.

        Erlang refuses to start with a cookie that others may read.
        """
        cookie = self._file(".erlang.cookie")
        cookie.touch(mode=0o600)
        cookie.chmod(0o600)
        if not cookie.stat().st_size:
            cookie.write_text(secrets.token_hex(), encoding="ascii")

    def _file(self, name: str) -> Path:
        return self.folder / name
