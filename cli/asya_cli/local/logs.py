"""Reading the log files of a run's processes as they grow."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from asya_cli.local.state import ProcessState

INTERVAL = 0.1
"""Seconds between two looks while logs are followed."""

_OWN_FIELDS = ("time", "level", "actor", "message", "event", "exception")


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a log; `source` is `actor/container`."""

    source: str
    text: str


class LogReader:
    """Gives what came into several files since the last look; whole lines, except at the end."""

    def __init__(self, files: Mapping[str, Path]) -> None:
        self._files = files
        self._offsets = dict.fromkeys(files, 0)

    def read(self, *, rest: bool = False) -> Iterator[Line]:
        """Yield the new lines, file by file; with `rest` a last one without its end, too."""
        for source, file in self._files.items():
            yield from (Line(source, text) for text in self._new_lines(source, file, rest=rest))

    def _new_lines(self, source: str, file: Path, *, rest: bool) -> list[str]:
        try:
            with file.open("rb") as opened:
                opened.seek(self._offsets[source])
                data = opened.read()
        except FileNotFoundError:
            return []
        if not rest:
            data = data[: data.rfind(b"\n") + 1]
        self._offsets[source] += len(data)
        return data.decode("utf-8", "replace").splitlines()


def log_files(processes: Iterable[ProcessState], actor: str | None, broker: str) -> dict[str, Path]:
    """Return the logs of one actor's processes, or of all but the broker's, by `actor/container`."""
    return {
        f"{process.actor}/{process.container}": Path(process.log)
        for process in processes
        if process.actor == actor or (actor is None and process.actor != broker)
    }


def readable(text: str) -> str:
    """Turn a line of JSON, as sidecars write it, into words: the message, then whatever else it says."""
    if not text.startswith("{"):
        return text
    try:
        fields = json.loads(text)
        message = f"{fields['level']}: {fields['message']}"
    except (ValueError, KeyError, TypeError):
        return text
    others = " ".join(f"{name}={value}" for name, value in fields.items() if name not in _OWN_FIELDS)
    exception = f"\n{fields['exception'].rstrip()}" if fields.get("exception") else ""
    return f"{message}{f' ({others})' if others else ''}{exception}"
