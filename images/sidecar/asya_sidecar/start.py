"""Reads the settings, runs the sidecar, ends with one of `exit_codes`."""

from __future__ import annotations

import logging
import os
import signal
from collections.abc import Mapping

import uvloop

from asya_core.errors import SettingsError
from asya_core.transports import NAMES, Transport, open_transport
from asya_sidecar import exit_codes
from asya_sidecar.log import configure_logging
from asya_sidecar.settings import Settings, likely_mistakes
from asya_sidecar.sidecar import Sidecar

log = logging.getLogger(__name__)


def main() -> int:
    """Run until told to stop; return the exit code."""
    configure_logging("INFO", os.environ.get("ASYA_ACTOR_NAME", ""))
    for sentence in likely_mistakes(os.environ):
        log.warning("%s", sentence, extra={"event": "unknown_setting"})
    try:
        settings, transport = read(os.environ)
        configure_logging(settings.log_level, settings.actor)
        return uvloop.run(_run(settings, transport))
    except SettingsError as error:
        for problem in error.problems:
            log.critical("%s", problem, extra={"event": "bad_setting"})
        return exit_codes.BAD_SETTINGS
    except Exception as error:
        log.critical("%s", type(error).__name__, exc_info=True, extra={"event": "internal_error"})
        return exit_codes.INTERNAL_ERROR


def read(environ: Mapping[str, str]) -> tuple[Settings, Transport]:
    """Read our settings and the transport's. Raises SettingsError with the mistakes in both."""
    problems: list[str] = []
    settings = transport = None
    try:
        settings = Settings.from_env(environ)
    except SettingsError as error:
        problems += error.problems
    if (name := environ.get("ASYA_TRANSPORT", "")) in NAMES:
        try:
            transport = open_transport(name, environ)
        except SettingsError as error:
            problems += error.problems
    if settings is None or transport is None:
        raise SettingsError(problems)
    return settings, transport


async def _run(settings: Settings, transport: Transport) -> int:
    code = await Sidecar(settings, transport).run()
    for number in (signal.SIGTERM, signal.SIGINT):  # whoever is told twice to end has ended well all the same
        signal.signal(number, signal.SIG_IGN)
    return code
