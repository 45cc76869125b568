"""Where RabbitMQ is and with which secrets to enter, from the environment and a folder of mounted files."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from asya_core.durations import parse_duration
from asya_core.errors import SettingsError, TransportRefusedError
from asya_core.transports.servers import DEFAULT_SECRETS_DIR, Server, read_secret, read_server, require_pair

DEFAULT_URL = "amqp://rabbitmq:5672"
DEFAULT_VHOST = "/"
DEFAULT_CONSUMER_TIMEOUT = "30m"
"""RabbitMQ's own default; it tells nobody what it is set to."""


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


def settings_from(environ: Mapping[str, str]) -> RabbitmqSettings:
    """Read the settings. Raises SettingsError with every mistake, those in the secrets' folder included."""
    problems: list[str] = []
    servers = []
    for url in environ.get("ASYA_RABBITMQ_URL", DEFAULT_URL).split(","):
        try:
            servers.append(_amqp_server(url.strip()))
        except ValueError as error:
            problems.append(f"ASYA_RABBITMQ_URL: {error}; write amqp://host:5672 or amqps://host:5671")
    management = None
    if environ.get("ASYA_RABBITMQ_MANAGEMENT_URL"):
        try:
            management = read_server(environ["ASYA_RABBITMQ_MANAGEMENT_URL"], {"http": 15672}, {"https": 15671})
        except ValueError as error:
            problems.append(f"ASYA_RABBITMQ_MANAGEMENT_URL: {error}; write http://host:15672 or https://host:15671")
    problems += _timeout_problems(environ)
    secrets_dir = Path(environ.get("ASYA_SECRETS_DIR", DEFAULT_SECRETS_DIR))
    try:
        read_secrets(secrets_dir)
    except TransportRefusedError as error:
        problems.append(f"ASYA_SECRETS_DIR: {error}")
    if problems:
        raise SettingsError(problems)
    vhost = environ.get("ASYA_RABBITMQ_VHOST") or DEFAULT_VHOST
    return RabbitmqSettings(tuple(servers), vhost, secrets_dir, management)


def _timeout_problems(environ: Mapping[str, str]) -> Iterator[str]:
    """Compare how long a handler may take with how long the server lets a message be in hand."""
    name = "ASYA_RABBITMQ_CONSUMER_TIMEOUT"
    limit, longest = environ.get(name, DEFAULT_CONSUMER_TIMEOUT), environ.get("ASYA_RUNTIME_TIMEOUT", "0")
    try:
        seconds = parse_duration(limit)
    except ValueError as error:
        yield f"{name}: {error}"
        return
    with suppress(ValueError):  # of the other variable, which is not ours to judge
        if parse_duration(longest) >= seconds:
            yield (
                f"ASYA_RUNTIME_TIMEOUT: {longest} is not shorter than RabbitMQ's consumer_timeout, {limit}, after "
                f"which the broker takes a running message back; lower it, or raise the server's setting, and {name} "
                "with it"
            )


def _amqp_server(url: str) -> Server:
    server = read_server(url, {"amqp": 5672}, {"amqps": 5671})
    if urlsplit(url).path not in ("", "/"):
        raise ValueError(f"{url!r} has a path; the virtual host is named by ASYA_RABBITMQ_VHOST")
    return server


def read_secrets(folder: Path) -> Secrets:
    """Read the files `username`, `password` and `ca.crt`, as far as they are there.

    Raises TransportRefusedError when one can't be read or one of the first two is missing.
    """
    username, password, ca = (read_secret(folder / name) for name in ("username", "password", "ca.crt"))
    require_pair(username, password, folder)
    if username is None or password is None:
        return Secrets(ca=ca)
    return Secrets(username, password, ca)
