"""`python -m asya_sidecar`: reads the settings, runs the sidecar, ends with one of `exit_codes`."""

from __future__ import annotations

import logging
import os
import sys

import uvloop

from asya_core.errors import SettingsError, TransportError
from asya_core.transports import open_transport
from asya_sidecar import exit_codes
from asya_sidecar.log import configure_logging
from asya_sidecar.settings import Settings
from asya_sidecar.sidecar import Sidecar

log = logging.getLogger(__name__)


def main() -> int:
    """Run until told to stop; return the exit code."""
    configure_logging("INFO", os.environ.get("ASYA_ACTOR_NAME", ""))
    try:
        settings = Settings.from_env(os.environ)
        transport = open_transport(settings.transport, os.environ)
    except SettingsError as error:
        for problem in error.problems:
            log.critical("%s", problem, extra={"event": "bad_setting"})
        return exit_codes.BAD_SETTINGS
    configure_logging(settings.log_level, settings.actor)

    async def run() -> int:
        return await Sidecar(settings, transport).run()

    try:
        return uvloop.run(run())
    except* TransportError as refusals:
        log.critical("%s", "; ".join(map(str, refusals.exceptions)), extra={"event": "transport_failed"})
    return exit_codes.TRANSPORT_FAILED


if __name__ == "__main__":
    sys.exit(main())
