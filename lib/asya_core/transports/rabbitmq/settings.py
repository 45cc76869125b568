"""Where RabbitMQ is and with which secrets to enter, from the environment and a folder of mounted files."""

from __future__ import annotations

import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from asya_core.errors import SettingsError, TransportRefusedError

DEFAULT_URL = "amqp://rabbitmq:5672"
DEFAULT_VHOST = "/"
DEFAULT_SECRETS_DIR = "/var/run/secrets/asya"
PORTS = {"amqp": 5672, "amqps": 5671, "http": 15672, "https": 15671}


@dataclass(frozen=True, slots=True)
class Server:
    """One address to try; `tls` when its URL demands an encrypted connection."""

    host: str
    port: int
    tls: bool

    def __str__(self) -> str:
        return f"{self.host}:{self.port}"


@dataclass(frozen=True, slots=True)
class RabbitmqSettings:
    """All that is set for RabbitMQ. `management` is the address of the management API, None where none is set."""

    servers: tuple[Server, ...]
    vhost: str
    secrets_dir: Path
    management: Server | None = None


@dataclass(frozen=True, slots=True)
class Secrets:
    """What the secrets' folder held when it was read; without files, RabbitMQ's user for its own machine."""

    username: str = "guest"
    password: str = field(default="guest", repr=False)
    ca: str | None = field(default=None, repr=False)

    def tls_context(self) -> ssl.SSLContext:
        """Trust the given authority, or else the system's. Raises TransportRefusedError."""
        try:
            return ssl.create_default_context(cadata=self.ca)
        except ssl.SSLError as error:
            raise TransportRefusedError(f"ca.crt is no usable certificate ({error}); put a PEM file there") from error


def settings_from(environ: Mapping[str, str]) -> RabbitmqSettings:
    """Read the settings. Raises SettingsError with every mistake, those in the secrets' folder included."""
    problems: list[str] = []
    servers = []
    for url in environ.get("ASYA_RABBITMQ_URL", DEFAULT_URL).split(","):
        try:
            servers.append(_server(url.strip(), ("amqp", "amqps")))
        except ValueError as error:
            problems.append(f"ASYA_RABBITMQ_URL: {error}; write amqp://host:5672 or amqps://host:5671")
    management = None
    if environ.get("ASYA_RABBITMQ_MANAGEMENT_URL"):
        try:
            management = _server(environ["ASYA_RABBITMQ_MANAGEMENT_URL"], ("http", "https"))
        except ValueError as error:
            problems.append(f"ASYA_RABBITMQ_MANAGEMENT_URL: {error}; write http://host:15672 or https://host:15671")
    secrets_dir = Path(environ.get("ASYA_SECRETS_DIR", DEFAULT_SECRETS_DIR))
    try:
        read_secrets(secrets_dir)
    except TransportRefusedError as error:
        problems.append(f"ASYA_SECRETS_DIR: {error}")
    if problems:
        raise SettingsError(problems)
    vhost = environ.get("ASYA_RABBITMQ_VHOST") or DEFAULT_VHOST
    return RabbitmqSettings(tuple(servers), vhost, secrets_dir, management)


def _server(url: str, schemes: tuple[str, str]) -> Server:
    """Read one URL. Raises ValueError with what is wrong in it, but never with a password that it may hold."""
    parts = urlsplit(url)
    if parts.username is not None or parts.password is not None:
        raise ValueError("credentials in a URL end up in logs; put them into the Secret")
    if parts.scheme not in schemes:
        raise ValueError(f"{url!r} does not begin with {schemes[0]}:// or {schemes[1]}://")
    if not parts.hostname:
        raise ValueError(f"{url!r} names no host")
    if parts.path not in ("", "/") and schemes[0] == "amqp":
        raise ValueError(f"{url!r} has a path; the virtual host is named by ASYA_RABBITMQ_VHOST")
    try:
        port = parts.port or PORTS[parts.scheme]
    except ValueError as error:
        raise ValueError(f"the port of {url!r} is no number up to 65535") from error
    return Server(parts.hostname, port, tls=parts.scheme == schemes[1])


def read_secrets(folder: Path) -> Secrets:
    """Read the files `username`, `password` and `ca.crt`, as far as they are there.

    Raises TransportRefusedError when one can't be read or one of the first two is missing.
    """
    username, password, ca = (_read(folder / name) for name in ("username", "password", "ca.crt"))
    if username is None and password is None:
        return Secrets(ca=ca)
    if username is None or password is None:
        raise TransportRefusedError(f"{folder} holds only one of username and password; put both there")
    return Secrets(username, password, ca)


def _read(path: Path) -> str | None:
    try:
        return path.read_text(encoding="utf-8").strip()
    except FileNotFoundError:
        return None
    except (OSError, UnicodeDecodeError) as error:
        raise TransportRefusedError(f"{path} can't be read ({error}); check the mounted Secret") from error
