"""Which SQS is meant and with which keys to enter, from the environment and a folder of mounted files."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

import msgspec

from asya_core.durations import parse_duration
from asya_core.errors import SettingsError, TransportRefusedError
from asya_core.transports.servers import DEFAULT_SECRETS_DIR, read_secret, read_server, tls_context

DEFAULT_REGION = "us-east-1"
DEFAULT_VISIBILITY, DEFAULT_WAIT = "60s", "20s"
SHORTEST_VISIBILITY, LONGEST_VISIBILITY = 5, 12 * 3600
"""Seconds. The sidecar looks at leases every two seconds, which has to be often enough; 12 hours are SQS' limit."""
LONGEST_WAIT = 20
"""Seconds; SQS' limit."""
OWNER_TAG = "asya.sh/owner"

_REGION = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class SqsSettings:
    """All that is set for SQS; times in whole seconds. An empty endpoint is AWS' own, an empty owner nobody's."""

    region: str
    endpoint: str
    secrets_dir: Path
    visibility: int
    wait: int
    owner: str = ""
    tags: Mapping[str, str] = field(default_factory=dict)

    @property
    def address(self) -> str:
        """What logs call the place."""
        return self.endpoint or f"SQS in {self.region}"


@dataclass(frozen=True, slots=True)
class Secrets:
    """What the secrets' folder held when it was read; without keys, the SDK looks for some itself."""

    key: str | None = None
    secret: str | None = field(default=None, repr=False)
    token: str | None = field(default=None, repr=False)
    ca: Path | None = None


def settings_from(environ: Mapping[str, str]) -> SqsSettings:
    """Read the settings. Raises SettingsError with every mistake, those in the secrets' folder included."""
    problems: list[str] = []

    def read(name: str, default: str, convert: Callable[[str], _T], instead: _T) -> _T:
        try:
            return convert(environ.get(name) or default)
        except (ValueError, TransportRefusedError) as error:
            problems.append(f"{name}: {error}")
        return instead

    region = environ.get("AWS_REGION") or environ.get("AWS_DEFAULT_REGION") or DEFAULT_REGION
    settings = SqsSettings(
        region=read("ASYA_SQS_REGION", region, _region, ""),
        endpoint=read("ASYA_SQS_ENDPOINT", "", _endpoint, ""),
        secrets_dir=read("ASYA_SECRETS_DIR", DEFAULT_SECRETS_DIR, _secrets_dir, Path()),
        visibility=read("ASYA_SQS_VISIBILITY_TIMEOUT", DEFAULT_VISIBILITY, _visibility, 0),
        wait=read("ASYA_SQS_WAIT_TIME", DEFAULT_WAIT, _wait, 0),
        owner=read("ASYA_SQS_OWNER", "", str, ""),
        tags=read("ASYA_SQS_TAGS", "{}", _tags, {}),
    )
    if problems:
        raise SettingsError(problems)
    return settings


def read_secrets(folder: Path) -> Secrets:
    """Read the files named like the SDK's variables, and `ca.crt`, as far as they are there.

    Raises TransportRefusedError when one can't be used or they don't fit together.
    """
    names = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN")
    key, secret, token = (read_secret(folder / name) or None for name in names)
    if (key is None) != (secret is None):
        raise TransportRefusedError(f"{folder} holds only one of {names[0]} and {names[1]}; put both there")
    if token is not None and key is None:
        raise TransportRefusedError(f"{folder} holds {names[2]} without {names[0]}; put both there")
    ca = read_secret(folder / "ca.crt")
    if ca is not None:
        tls_context(ca)
    return Secrets(key, secret, token, None if ca is None else folder / "ca.crt")


def _region(written: str) -> str:
    if _REGION.fullmatch(written) is None:
        raise ValueError(f"{written!r} is no region; write one like eu-central-1")
    return written


def _endpoint(written: str) -> str:
    if not written:
        return ""
    try:
        server = read_server(written, {"http": 80}, {"https": 443})
    except ValueError as error:
        raise ValueError(f"{error}; write http://host:port or https://host:port, or leave it empty for AWS") from error
    return f"{'https' if server.tls else 'http'}://{server}"


def _secrets_dir(written: str) -> Path:
    folder = Path(written)
    read_secrets(folder)
    return folder


def _visibility(written: str) -> int:
    return _seconds(written, SHORTEST_VISIBILITY, LONGEST_VISIBILITY)


def _wait(written: str) -> int:
    return _seconds(written, 0, LONGEST_WAIT)


def _seconds(written: str, least: int, most: int) -> int:
    seconds = parse_duration(written)
    if not least <= seconds <= most or seconds != int(seconds):
        raise ValueError(f"{written!r} is not a whole number of seconds from {least} to {most}; use one of these")
    return int(seconds)


def _tags(written: str) -> dict[str, str]:
    try:
        tags = msgspec.json.decode(written, type=dict[str, str])
    except (msgspec.DecodeError, UnicodeError) as error:
        raise ValueError(f'{written!r} is no JSON object of texts ({error}); write {{"team": "vision"}}') from error
    if OWNER_TAG in tags:
        raise ValueError(f"{OWNER_TAG} is what ASYA_SQS_OWNER sets; set it there")
    return tags
