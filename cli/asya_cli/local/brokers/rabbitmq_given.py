"""A RabbitMQ that somebody else runs: a run gets a virtual host of its own there, and nothing else is touched."""

from __future__ import annotations

import base64
import hashlib
import http.client
import os
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote, unquote, urlsplit

from asya_cli.errors import CliError
from asya_cli.local.brokers.base import Broker
from asya_cli.local.plan import Check

URL = "ASYA_LOCAL_RABBITMQ_URL"
"""Variable with the server's address, user and password included: amqp://user:password@host:5672."""

MANAGEMENT_URL = "ASYA_LOCAL_RABBITMQ_MANAGEMENT_URL"
"""Variable with the address of its management API; without it, port 15672 of the same host."""

MOUNTED = "asya-local-rabbitmq"
"""Name of the Secret that stands for user and password."""

_WITHIN = 10.0
_OK = range(200, 300)
_NOT_FOUND = 404


@dataclass(frozen=True, slots=True)
class Given:
    """The server's two addresses, without credentials, and who enters."""

    url: str
    management_url: str
    user: str
    password: str

    def call(self, method: str, path: str) -> None:
        """Use the management API; what is not there need not be removed. Raises CliError."""
        api = urlsplit(self.management_url)
        connection = http.client.HTTPConnection(api.hostname or "", api.port, timeout=_WITHIN)
        login = base64.b64encode(f"{self.user}:{self.password}".encode()).decode()
        headers = {"Authorization": f"Basic {login}", "Content-Type": "application/json"}
        body = '{"configure": ".*", "write": ".*", "read": ".*"}' if path.startswith("permissions/") else None
        try:
            connection.request(method, f"/api/{path}", body, headers)
            status = connection.getresponse().status
        except (OSError, http.client.HTTPException) as error:
            raise CliError(
                f"can't reach RabbitMQ's management API at {self.management_url} ({error}); it has to make a virtual "
                f"host for this run; correct {MANAGEMENT_URL}, or unset {URL}"
            ) from None
        finally:
            connection.close()
        if status not in _OK and (method, status) != ("DELETE", _NOT_FOUND):
            raise CliError(
                f"RabbitMQ's management API at {self.management_url} refuses {method} {path} with status {status}; "
                f"the user in {URL} has to be an administrator there; give another, or unset it"
            )


def find_given() -> Given | None:
    """Return the server that the environment names, or None. Raises CliError for an address that is none."""
    written = os.environ.get(URL)
    if not written:
        return None
    parts = urlsplit(written)
    if parts.scheme not in ("amqp", "amqps") or not parts.hostname or parts.path not in ("", "/"):
        raise CliError(f"{URL} is no address of a server; write it like amqp://user:password@host:5672")
    port = parts.port or (5671 if parts.scheme == "amqps" else 5672)
    management = os.environ.get(MANAGEMENT_URL) or f"http://{parts.hostname}:15672"
    if urlsplit(management).scheme != "http":
        raise CliError(f"{MANAGEMENT_URL} is no address that this command can use; write it like http://host:15672")
    user, password = unquote(parts.username or "guest"), unquote(parts.password or "guest")
    return Given(f"{parts.scheme}://{parts.hostname}:{port}", management.rstrip("/"), user, password)


def prepare_given(given: Given, folder: Path) -> Broker:
    """Make the run's virtual host, and keep in `folder` that it holds this run's messages. Raises CliError."""
    vhost = f"asya-local-{hashlib.sha256(str(folder).encode()).hexdigest()[:12]}"
    known = folder / "vhost"
    if not known.exists():  # nothing was kept of an earlier run, or it is to be forgotten
        given.call("DELETE", f"vhosts/{vhost}")
    given.call("PUT", f"vhosts/{vhost}")
    given.call("PUT", f"permissions/{vhost}/{quote(given.user, safe='')}")
    folder.mkdir(parents=True, exist_ok=True)
    known.write_text(vhost, encoding="ascii")
    secrets = _write_secret(folder.parent / "secrets" / MOUNTED, given)
    values = {"url": given.url, "managementUrl": given.management_url, "vhost": vhost, "existingSecret": MOUNTED}
    return Broker(
        transport="rabbitmq",
        url=given.url,
        process=None,
        check=Check(actor="rabbitmq", container="rabbitmq-server", url=given.management_url),
        chart_values={"transport": "rabbitmq"} | {f"transports.rabbitmq.{key}": each for key, each in values.items()},
        environ={
            "ASYA_RABBITMQ_URL": given.url,
            "ASYA_RABBITMQ_MANAGEMENT_URL": given.management_url,
            "ASYA_RABBITMQ_VHOST": vhost,
            "ASYA_SECRETS_DIR": str(secrets),
        },
        notes=[f"rabbitmq-server: one of this run's own -> virtual host {vhost} of {given.url}"],
    )


def _write_secret(folder: Path, given: Given) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for name, value in (("username", given.user), ("password", given.password)):
        file = folder / name
        file.touch(mode=0o600)
        file.write_text(value, encoding="utf-8")
    return folder
