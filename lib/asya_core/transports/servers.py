"""Addresses of servers and the secrets to enter them with, and what is told when one can't be reached."""

from __future__ import annotations

import ssl
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import SplitResult, urlsplit

from asya_core.errors import TransportRefusedError, TransportUnavailableError

DEFAULT_SECRETS_DIR = "/var/run/secrets/asya"


@dataclass(frozen=True, slots=True)
class Server:
    """One address to try; `tls` when its URL demands an encrypted connection."""

    host: str
    port: int
    tls: bool

    def __str__(self) -> str:
        return f"{self.host}:{self.port}"


def read_server(url: str, plain: Mapping[str, int], encrypted: Mapping[str, int]) -> Server:
    """Read one URL; the maps hold the port of each scheme that is understood, for URLs without one.

    Raises ValueError with what is wrong in it, but never with a password that it may hold.
    """
    parts = urlsplit(url)
    if parts.username is not None or parts.password is not None:
        raise ValueError("credentials in a URL end up in logs; put them into the Secret")
    ports = {**plain, **encrypted}
    if parts.scheme not in ports:
        schemes = " or ".join(f"{scheme}://" for scheme in ports)
        raise ValueError(f"{url!r} does not begin with {schemes}")
    if not parts.hostname:
        raise ValueError(f"{url!r} names no host")
    try:
        parts.hostname.encode("idna")
    except UnicodeError as error:
        raise ValueError(f"the host of {url!r} is no name that can be looked up ({error})") from error
    return Server(parts.hostname, _port(parts, ports[parts.scheme]), tls=parts.scheme in encrypted)


def _port(parts: SplitResult, default: int) -> int:
    try:
        return parts.port or default
    except ValueError as error:
        raise ValueError(f"the port of {parts.geturl()!r} is no number up to 65535") from error


def read_secret(path: Path) -> str | None:
    """Return what a mounted file holds, or None where there is none. Raises TransportRefusedError."""
    try:
        return path.read_text(encoding="utf-8").strip()
    except FileNotFoundError:
        return None
    except (OSError, UnicodeDecodeError) as error:
        raise TransportRefusedError(f"{path} can't be read ({error}); check the mounted Secret") from error


def require_pair(username: str | None, password: str | None, folder: Path) -> None:
    """Raise TransportRefusedError when only one of these two is in the folder of secrets."""
    if (username is None) != (password is None):
        raise TransportRefusedError(f"{folder} holds only one of username and password; put both there")


def tls_context(ca: str | None) -> ssl.SSLContext:
    """Trust the given authority, or else the system's. Raises TransportRefusedError."""
    try:
        return ssl.create_default_context(cadata=ca)
    except (ssl.SSLError, ValueError, TypeError, OSError) as error:  # an empty or non-ASCII text is no SSLError
        raise TransportRefusedError(f"ca.crt is no usable certificate ({error}); put a PEM file there") from error


@contextmanager
def connecting(server: Server, variable: str, seconds: float) -> Iterator[None]:
    """Turn what keeps a block from connecting into a sentence; `variable` is where the address comes from.

    Raises TransportRefusedError where waiting can't help, TransportUnavailableError elsewhere.
    """
    way = f"check the address in {variable}, and that a network policy lets this pod reach it"
    try:
        yield
    except TimeoutError as error:
        raise TransportUnavailableError(f"{server} did not answer within {seconds:g} s; {way}") from error
    except ssl.SSLCertVerificationError as error:
        raise TransportRefusedError(
            f"the certificate of {server} can't be trusted ({error.verify_message}); put its authority into ca.crt"
        ) from error
    except OSError as error:
        raise TransportUnavailableError(f"{server} can't be reached: {error}; {way}") from error
    except UnicodeError as error:
        raise TransportRefusedError(f"{server} is no name of a host ({error}); mend {variable}") from error
