"""What writers that were killed have left in a folder: files that stores do not list."""

from __future__ import annotations

from contextlib import suppress
from datetime import datetime
from pathlib import Path

from asya_cli.gc.expired import is_half_written, is_half_written_marker, is_past


def remove_past_days(payloads: Path, before: datetime) -> None:
    """Remove what is half written in the folders of days before that time, and those folders that are empty then."""
    with suppress(OSError):
        for day in payloads.iterdir():
            if is_past(day.name, before):
                _remove_rest(day)


def remove_half_written_markers(markers: Path, before: datetime) -> None:
    """Remove markers that are half written and were so before that time."""
    with suppress(OSError):
        for path in markers.iterdir():
            if is_half_written_marker(path.name) and path.stat().st_mtime < before.timestamp():
                path.unlink(missing_ok=True)


def _remove_rest(day: Path) -> None:
    with suppress(OSError):
        for path in day.iterdir():
            if is_half_written(path.name):
                path.unlink(missing_ok=True)
        day.rmdir()
