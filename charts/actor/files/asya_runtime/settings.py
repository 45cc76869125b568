

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from asya_runtime.errors import EXIT_SETTINGS, StartError

MODES = ("payload", "envelope")
LOG_LEVELS = ("INFO", "DEBUG", "WARNING", "ERROR", "CRITICAL")

_SOCKET_DIR = "/var/run/asya"
_BODY_BYTES = 16 * 1024 * 1024
_AT_ONCE = 65535
_WAIT_SECONDS = 3600.0

_UNITS = {"ns": 1e-9, "us": 1e-6, "µs": 1e-6, "\u03bcs": 1e-6, "ms": 1e-3, "s": 1.0, "m": 60.0, "h": 3600.0}


class Settings(NamedTuple):


    handler: str
    mode: str = "payload"
    socket_dir: str = _SOCKET_DIR
    concurrency: int = 1
    log_level: str = "INFO"
    max_body_bytes: int = _BODY_BYTES
    batch_max_size: int = 1
    batch_max_wait: float = 0.0

    @property
    def at_once(self) -> int:

        return self.concurrency * self.batch_max_size


def from_env(environ: Mapping[str, str]) -> Settings:





    reader = _Reader(environ)
    settings = Settings(
        handler=reader.handler(),
        mode=reader.choice("ASYA_HANDLER_MODE", MODES, "mode_invalid"),
        socket_dir=environ.get("ASYA_SOCKET_DIR") or _SOCKET_DIR,
        concurrency=reader.number("ASYA_CONCURRENCY", 1, 1, 1024),
        log_level=reader.choice("ASYA_LOG_LEVEL", LOG_LEVELS, "setting_invalid"),
        max_body_bytes=reader.number("ASYA_MAX_BODY_BYTES", _BODY_BYTES, 4096, 2**31),
        batch_max_size=reader.number("ASYA_BATCH_MAX_SIZE", 1, 1, 1024),
        batch_max_wait=reader.duration("ASYA_BATCH_MAX_WAIT", _WAIT_SECONDS),
    )
    reader.limit_at_once(settings)
    reader.finish()
    return settings


class _Reader:


    def __init__(self, environ: Mapping[str, str]) -> None:
        self._environ = environ
        self._problems: list[tuple[str, str]] = []

    def handler(self) -> str:
        path = self._environ.get("ASYA_HANDLER", "").strip()
        if not path:
            sentence = "ASYA_HANDLER is not set; set it to module.function or module.Class.method"
            self._problems.append(("handler_missing", sentence))
        return path

    def choice(self, name: str, choices: tuple[str, ...], code: str) -> str:

        value = self._environ.get(name, "").strip()
        for choice in choices:
            if value.lower() == choice.lower():
                return choice
        if value:
            self._problems.append((code, f'{name} is "{value}"; it must be {", ".join(choices[:-1])} or {choices[-1]}'))
        return choices[0]

    def number(self, name: str, default: int, least: int, most: int) -> int:
        value = self._environ.get(name, "").strip()
        if not value:
            return default
        if value.isascii() and value.isdigit() and least <= int(value[:20]) <= most:
            return int(value)
        sentence = f'{name} is "{value}"; it must be a whole number from {least} to {most}'
        self._problems.append(("setting_invalid", sentence))
        return default

    def duration(self, name: str, most: float) -> float:

        value = self._environ.get(name, "").strip()
        seconds = _seconds(value) if value else 0.0
        if 0 <= seconds <= most:
            return seconds
        sentence = f'{name} is "{value}"; it must be a time up to {most:g} s, written like 50ms, 1.5s or 0.05'
        self._problems.append(("setting_invalid", sentence))
        return 0.0

    def limit_at_once(self, settings: Settings) -> None:
        if settings.at_once > _AT_ONCE:
            sentence = (
                f"ASYA_CONCURRENCY times ASYA_BATCH_MAX_SIZE is {settings.at_once} messages at once; "
                f"lower one of them, so that it is at most {_AT_ONCE}"
            )
            self._problems.append(("setting_invalid", sentence))

    def finish(self) -> None:
        if self._problems:
            code = self._problems[0][0] if len(self._problems) == 1 else "setting_invalid"
            sentences = "; ".join(sentence for _, sentence in self._problems)
            raise StartError(code, sentences, exit_code=EXIT_SETTINGS)


def _seconds(value: str) -> float:

    total, rest = 0.0, f"{value}s" if _is_number(value) else value
    while rest:
        number = rest[: len(rest) - len(rest.lstrip("0123456789."))]
        rest = rest[len(number) :]
        unit = next((unit for unit in _UNITS if rest.startswith(unit)), "")
        if not (unit and _is_number(number)):
            return -1.0
        total += float(number) * _UNITS[unit]
        rest = rest[len(unit) :]
    return total


def _is_number(text: str) -> bool:
    return text.isascii() and text.replace(".", "", 1).isdigit()
