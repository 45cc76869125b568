"""Settings of the runtime, read once from the environment, with every mistake told at once."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from asya_runtime.errors import EXIT_SETTINGS, StartError

MODES = ("payload", "envelope")
LOG_LEVELS = ("INFO", "DEBUG", "WARNING", "ERROR", "CRITICAL")

_SOCKET_DIR = "/var/run/asya"
_BODY_BYTES = 16 * 1024 * 1024


class Settings(NamedTuple):
    """What the environment says. Sizes are in bytes."""

    handler: str
    mode: str = "payload"
    socket_dir: str = _SOCKET_DIR
    concurrency: int = 1
    log_level: str = "INFO"
    max_body_bytes: int = _BODY_BYTES


def from_env(environ: Mapping[str, str]) -> Settings:
    """Return the settings in `environ`; an empty variable counts as absent.

    Raises StartError with the code of the mistake (`handler_missing`, `mode_invalid`, `setting_invalid`), or with
    `setting_invalid` and all sentences where there are several.
    """
    reader = _Reader(environ)
    settings = Settings(
        handler=reader.handler(),
        mode=reader.choice("ASYA_HANDLER_MODE", MODES, "mode_invalid"),
        socket_dir=environ.get("ASYA_SOCKET_DIR") or _SOCKET_DIR,
        concurrency=reader.number("ASYA_CONCURRENCY", 1, 1, 1024),
        log_level=reader.choice("ASYA_LOG_LEVEL", LOG_LEVELS, "setting_invalid"),
        max_body_bytes=reader.number("ASYA_MAX_BODY_BYTES", _BODY_BYTES, 4096, 2**31),
    )
    reader.finish()
    return settings


class _Reader:
    """Reads variables and collects what is wrong with them."""

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
        """Return one of `choices`, the first where the variable is absent; case does not matter."""
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

    def finish(self) -> None:
        if self._problems:
            code = self._problems[0][0] if len(self._problems) == 1 else "setting_invalid"
            sentences = "; ".join(sentence for _, sentence in self._problems)
            raise StartError(code, sentences, exit_code=EXIT_SETTINGS)
