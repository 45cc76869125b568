"""Where the NATS servers are and with which secrets to enter, from the environment and a folder of mounted files."""

from __future__ import annotations

import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import SplitResult, urlsplit

from asya_core.errors import SettingsError, TransportRefusedError

DEFAULT_URL = "nats://nats:4222"
DEFAULT_SECRETS_DIR = "/var/run/secrets/asya"
DEFAULT_PORT = 4222


@dataclass(frozen=True, slots=True)
class Server:
    """One address to try; `tls` when its URL demands an encrypted connection."""

    host: str
    port: int
    tls: bool

    def __str__(self) -> str:
        return f"{self.host}:{self.port}"


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

    def tls_context(self) -> ssl.SSLContext:
        """Trust the given authority, or else the system's. Raises TransportRefusedError."""
        try:
            return ssl.create_default_context(cadata=self.ca)
        except (ssl.SSLError, ValueError, TypeError, OSError) as error:  # an empty or non-ASCII text is no SSLError
            raise TransportRefusedError(f"ca.crt is no usable certificate ({error}); put a PEM file there") from error


def settings_from(environ: Mapping[str, str]) -> NatsSettings:
    """Read the settings. Raises SettingsError with every mistake, those in the secrets' folder included."""
    problems: list[str] = []
    servers = []
    for url in environ.get("ASYA_NATS_URL", DEFAULT_URL).split(","):
        try:
            servers.append(_server(url.strip()))
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


def _server(url: str) -> Server:
    """Read one URL. Raises ValueError with what is wrong in it, but never with a password that it may hold."""
    parts = urlsplit(url)
    if parts.username is not None or parts.password is not None:
        raise ValueError("credentials in a URL end up in logs; put them into the Secret")
    if parts.scheme not in ("nats", "tls"):
        raise ValueError(f"{url!r} does not begin with nats:// or tls://")
    if not parts.hostname:
        raise ValueError(f"{url!r} names no host")
    try:
        parts.hostname.encode("idna")
    except UnicodeError as error:
        raise ValueError(f"the host of {url!r} is no name that can be looked up ({error})") from error
    return Server(parts.hostname, _port(parts), tls=parts.scheme == "tls")


def _port(parts: SplitResult) -> int:
    try:
        return parts.port or DEFAULT_PORT
    except ValueError as error:
        raise ValueError(f"the port of {parts.geturl()!r} is no number up to 65535") from error


def read_secrets(folder: Path) -> Secrets:
    """Read the files `username`, `password`, `token`, `user.creds` and `ca.crt`, as far as they are there.

    Raises TransportRefusedError when one can't be read or they don't fit together.
    """
    files = ("username", "password", "token", "user.creds", "ca.crt")
    secrets = Secrets(*(_read(folder / name) for name in files))
    if (secrets.username is None) != (secrets.password is None):
        raise TransportRefusedError(f"{folder} holds only one of username and password; put both there")
    ways = [secrets.username, secrets.token, secrets.creds]
    if len(ways) - ways.count(None) > 1:
        raise TransportRefusedError(f"{folder} holds more than one of username, token and user.creds; keep one")
    return secrets


def _read(path: Path) -> str | None:
    try:
        return path.read_text(encoding="utf-8").strip()
    except FileNotFoundError:
        return None
    except (OSError, UnicodeDecodeError) as error:
        raise TransportRefusedError(f"{path} can't be read ({error}); check the mounted Secret") from error
