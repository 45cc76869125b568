"""What is set about large payloads, which go to an object store instead of through the broker."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Protocol, TypeVar

from msgspec import Struct

from asya_core.claim_check import Place

KNOWN = (
    "ASYA_CLAIM_CHECK_URL", "ASYA_CLAIM_CHECK_PREFIX", "ASYA_CLAIM_CHECK_THRESHOLD", "ASYA_CLAIM_CHECK_SECRETS_DIR",
)  # fmt: skip
"""The variables that are read here."""

_ANY_STORE = "file:///"
_T = TypeVar("_T")


class ClaimSettings(Struct, frozen=True):
    """Where payloads of more than `threshold` bytes go; a folder with credentials, a file for each variable."""

    url: str
    prefix: str
    threshold: int
    secrets_dir: Path

    def credentials(self) -> dict[str, str]:
        """Return what the files say, by name; nothing where there are none. Raises OSError and UnicodeDecodeError."""
        if not self.secrets_dir.is_dir():
            return {}
        files = sorted(path for path in self.secrets_dir.iterdir() if path.is_file() and not path.name.startswith("."))
        return {path.name: path.read_text(encoding="utf-8").strip() for path in files}


class Reader(Protocol):
    """Reads one variable, and remembers what is wrong with it."""

    def __call__(self, name: str, default: str | None, convert: Callable[[str], _T], instead: _T) -> _T:
        """Return the variable's value as `convert` makes it, or `instead` where it raises ValueError."""


def read_claim_settings(read: Reader) -> ClaimSettings | None:
    """Read `ASYA_CLAIM_CHECK_*`; None where no URL is set."""
    url = read("ASYA_CLAIM_CHECK_URL", "", _url, "")
    settings = ClaimSettings(
        url,
        read("ASYA_CLAIM_CHECK_PREFIX", "payloads-asya/", _prefix, ""),
        read("ASYA_CLAIM_CHECK_THRESHOLD", "65536", _bytes, 0),
        read("ASYA_CLAIM_CHECK_SECRETS_DIR", "/var/run/secrets/asya-claim-check", Path, Path()),
    )
    return settings if url else None


def _url(written: str) -> str:
    if written:
        Place(written, "any")
    return written


def _prefix(written: str) -> str:
    return Place(_ANY_STORE, written).prefix


def _bytes(written: str) -> int:
    if not written.isdecimal() or int(written) < 1:
        raise ValueError(f"{written!r} is no number of bytes above 0; write digits alone")
    return int(written)
