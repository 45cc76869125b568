"""Everything that can be set about a sidecar, read once from its environment."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import TypeVar

from msgspec import Struct

from asya_core.durations import parse_duration
from asya_core.errors import SettingsError
from asya_core.limits import Limits
from asya_core.policies import Resiliency, read_resiliency
from asya_core.route import ENDS, is_actor_name
from asya_core.transports import NAMES
from asya_sidecar import claim_settings
from asya_sidecar.claim_settings import ClaimSettings, read_claim_settings

_KNOWN = frozenset({
    *claim_settings.KNOWN,
    "ASYA_ACTOR_NAME", "ASYA_TRANSPORT", "ASYA_QUEUE_PREFIX", "ASYA_SOCKET_DIR", "ASYA_LOG_LEVEL",
    "ASYA_IS_END_ACTOR", "ASYA_METRICS_ADDR", "ASYA_PREFETCH", "ASYA_RUNTIME_TIMEOUT", "ASYA_RESILIENCY",
    "ASYA_MAX_BODY_BYTES", "ASYA_DRAIN_TIMEOUT", "ASYA_SECRETS_DIR", "ASYA_NATS_URL", "ASYA_RABBITMQ_URL",
    "ASYA_RABBITMQ_CONSUMER_TIMEOUT", "ASYA_RABBITMQ_MANAGEMENT_URL", "ASYA_RABBITMQ_VHOST",
    "ASYA_SQS_ENDPOINT", "ASYA_SQS_OWNER", "ASYA_SQS_REGION", "ASYA_SQS_TAGS", "ASYA_SQS_VISIBILITY_TIMEOUT",
    "ASYA_SQS_WAIT_TIME",
})  # fmt: skip
"""What this process reads, its transports included."""

_ALMOST = 0.9
_T = TypeVar("_T")
_HIGHEST_PORT = 65535
_LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR")


class Settings(Struct, frozen=True, kw_only=True):
    """One sidecar's settings; times in seconds. Each field's variable stands in `from_env`."""

    actor: str
    transport: str
    queue_prefix: str
    socket_dir: Path
    log_level: str
    is_end: bool
    metrics_host: str
    metrics_port: int
    prefetch: int | None
    timeout: float
    resiliency: Resiliency
    limits: Limits
    drain_timeout: float
    claims: ClaimSettings | None

    @property
    def queue(self) -> str:
        """The queue that this actor takes from."""
        return self.queue_of(self.actor)

    def queue_of(self, actor: str) -> str:
        """The queue of any actor."""
        return self.queue_prefix + actor

    @classmethod
    def from_env(cls, environ: Mapping[str, str]) -> Settings:
        """Read `ASYA_*` variables. Raises SettingsError with all mistakes at once, each naming its variable."""
        read = _Reader(environ)
        host, port = read("ASYA_METRICS_ADDR", ":8080", _address, ("", 8080))
        settings = cls(
            actor=read("ASYA_ACTOR_NAME", None, _actor_name, ""),
            transport=read("ASYA_TRANSPORT", None, _one_of(NAMES), ""),
            queue_prefix=read("ASYA_QUEUE_PREFIX", "asya-", str, ""),
            socket_dir=read("ASYA_SOCKET_DIR", "/var/run/asya", Path, Path()),
            log_level=read("ASYA_LOG_LEVEL", "INFO", _one_of(_LEVELS), ""),
            is_end=read("ASYA_IS_END_ACTOR", "false", _boolean, False),
            metrics_host=host,
            metrics_port=port,
            prefetch=read("ASYA_PREFETCH", "auto", _prefetch, None),
            timeout=read("ASYA_RUNTIME_TIMEOUT", "5m", _above_zero, 0.0),
            resiliency=read("ASYA_RESILIENCY", "{}", read_resiliency, Resiliency()),
            limits=Limits(size=read("ASYA_MAX_BODY_BYTES", str(Limits().size), _positive, 1)),
            drain_timeout=read("ASYA_DRAIN_TIMEOUT", "330s", parse_duration, 0.0),
            claims=read_claim_settings(read),
        )
        read.check(settings)
        return settings


def likely_mistakes(environ: Mapping[str, str]) -> Iterator[str]:
    """Yield a sentence for each variable that nothing reads and whose name is almost one that something does."""
    for name in sorted(environ):
        if name.startswith("ASYA_") and name not in _KNOWN:
            for meant in difflib.get_close_matches(name, _KNOWN, n=1, cutoff=_ALMOST):
                yield f"{name}: nothing reads it; is {meant} meant?"


class _Reader:
    """Reads one variable after the other and remembers every mistake."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        self.environ = environ
        self.problems: list[str] = []

    def __call__(self, name: str, default: str | None, convert: Callable[[str], _T], instead: _T) -> _T:
        written = self.environ.get(name, default)
        if written is None:
            self.problems.append(f"{name}: not set; it has no default, so set it")
            return instead
        try:
            return convert(written)
        except SettingsError as error:
            self.problems += error.problems
        except ValueError as error:
            self.problems.append(f"{name}: {error}")
        return instead

    def check(self, settings: Settings) -> None:
        """Raise everything found, the rules that join two variables included."""
        if not self.problems and settings.is_end != (settings.actor in ENDS):
            self.problems.append(
                f"ASYA_IS_END_ACTOR: {str(settings.is_end).lower()} for actor {settings.actor!r}; "
                f"it is true for {' and '.join(ENDS)}, and for no other"
            )
        if self.problems:
            raise SettingsError(self.problems)


def _actor_name(written: str) -> str:
    if not is_actor_name(written):
        raise ValueError(f"{written!r} can't be an actor's name; use at most 63 lower-case letters, digits and -")
    return written


def _one_of(known: tuple[str, ...]) -> Callable[[str], str]:
    def check(written: str) -> str:
        if written not in known:
            raise ValueError(f"{written!r} is unknown; use one of: {', '.join(known)}")
        return written

    return check


def _boolean(written: str) -> bool:
    if written not in ("true", "false"):
        raise ValueError(f"{written!r} is neither true nor false")
    return written == "true"


def _positive(written: str) -> int:
    if not written.isdecimal() or int(written) < 1:
        raise ValueError(f"{written!r} is no whole number above 0; write digits alone")
    return int(written)


def _above_zero(written: str) -> float:
    seconds = parse_duration(written)
    if seconds <= 0:
        raise ValueError(f"{written!r} leaves no time at all; write it like 30s or 5m")
    return seconds


def _prefetch(written: str) -> int | None:
    return None if written == "auto" else _positive(written)


def _address(written: str) -> tuple[str, int]:
    host, colon, port = written.rpartition(":")
    if not colon or not port.isdecimal() or int(port) > _HIGHEST_PORT:
        raise ValueError(f"{written!r} is no host:port; write it like :8080 or 127.0.0.1:8080")
    return host.strip("[]"), int(port)
