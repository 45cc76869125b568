"""Where the NATS servers are and with which secrets to enter, from the environment and a folder of mounted files."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from asya_core.errors import SettingsError, TransportRefusedError
from asya_core.transports.servers import DEFAULT_SECRETS_DIR, Server, read_secret, read_server, require_pair

DEFAULT_URL = "nats://nats:4222"
PLAIN, ENCRYPTED = {"nats": 4222}, {"tls": 4222}


@dataclass(frozen=True, slots=True)
class NatsSettings:
    """All that is set for NATS."""

    servers: tuple[Server, ...]
    secrets_dir: Path


@dataclass(frozen=True, slots=True)
class Secrets:
    """What the secrets' folder held when it was read; None for a file that is not there."""

    username: str | None = None
    password: str | None = field(default=None, repr=False)
    token: str | None = field(default=None, repr=False)
    creds: str | None = field(default=None, repr=False)
    ca: str | None = field(default=None, repr=False)


def settings_from(environ: Mapping[str, str]) -> NatsSettings:
    """Read the settings. Raises SettingsError with every mistake, those in the secrets' folder included."""
    problems: list[str] = []
    servers = []
    for url in environ.get("ASYA_NATS_URL", DEFAULT_URL).split(","):
        try:
            servers.append(read_server(url.strip(), PLAIN, ENCRYPTED))
        except ValueError as error:
            problems.append(f"ASYA_NATS_URL: {error}; write nats://host:4222 or tls://host:4222")
    secrets_dir = Path(environ.get("ASYA_SECRETS_DIR", DEFAULT_SECRETS_DIR))
    try:
        read_secrets(secrets_dir)
    except TransportRefusedError as error:
        problems.append(f"ASYA_SECRETS_DIR: {error}")
    if problems:
        raise SettingsError(problems)
    return NatsSettings(tuple(servers), secrets_dir)


def read_secrets(folder: Path) -> Secrets:
    """Read the files `username`, `password`, `token`, `user.creds` and `ca.crt`, as far as they are there.

    Raises TransportRefusedError when one can't be read or they don't fit together.
    """
    files = ("username", "password", "token", "user.creds", "ca.crt")
    secrets = Secrets(*(read_secret(folder / name) for name in files))
    require_pair(secrets.username, secrets.password, folder)
    ways = [secrets.username, secrets.token, secrets.creds]
    if len(ways) - ways.count(None) > 1:
        raise TransportRefusedError(f"{folder} holds more than one of username, token and user.creds; keep one")
    return secrets
