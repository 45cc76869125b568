"""From settings to a served handler: load, listen, serve, clean up."""

from __future__ import annotations

import faulthandler
import logging
import os
import sys
import time
from collections.abc import Mapping

from asya_runtime import serve_sync
from asya_runtime.connection import Listener, remove_stale
from asya_runtime.errors import StartError
from asya_runtime.loader import load
from asya_runtime.settings import Settings, from_env
from asya_runtime.shutdown import before_ready

log = logging.getLogger("asya_runtime")


def run(environ: Mapping[str, str]) -> int:
    """Load the handler, serve it until the drain is over, and return the exit code."""
    before_ready()
    faulthandler.enable()
    sys.stdout.reconfigure(line_buffering=True)
    try:
        settings = from_env(environ)
        _start_log(settings.log_level)
        remove_stale(settings.socket_dir)
        _put_working_directory_first()
        handler = load(settings.handler, environ, settings.mode)
        listener = Listener(settings.socket_dir)
    except StartError as error:
        sys.stderr.write(f"{error.traceback}error: {error.code}: {error.message}\n")
        return error.exit_code
    log.info("ready")
    try:
        serve_sync.serve(handler, settings, listener)
    finally:
        listener.close()
    return 0


def _start_log(level):
    h = logging.StreamHandler()
    log.addHandler(h)
    log.setLevel(level)
    log.propagate = False


def _put_working_directory_first() -> None:
    here = os.getcwd()
    sys.path[:] = [here, *(entry for entry in sys.path if entry not in ("", here))]
