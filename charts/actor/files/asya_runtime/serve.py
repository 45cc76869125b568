"""From settings to a served handler: load, listen, serve, clean up."""

from __future__ import annotations

import faulthandler
import io
import logging
import os
import sys
import time
from collections.abc import Mapping

from asya_runtime.connection import Listener, not_made, remove_stale
from asya_runtime.errors import StartError
from asya_runtime.handler import Handler
from asya_runtime.lifetime import RUNNING_NAME, Running, leave_at_signal
from asya_runtime.loader import load
from asya_runtime.serve_sync import serve as serve_sync
from asya_runtime.settings import Settings, from_env

log = logging.getLogger("asya_runtime")


def run(environ: Mapping[str, str]) -> int:
    """Load the handler, serve it until the drain is over, and return the exit code."""
    began = time.monotonic()
    leave_at_signal()
    faulthandler.enable()
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(line_buffering=True)  # so that a user's print is seen when it is made
    try:
        settings = from_env(environ)
        _start_log(settings.log_level)
        remove_stale(settings.socket_dir)
        handler = load(settings.handler, environ, settings.mode)
        log.info("loaded in %d ms: %s", (time.monotonic() - began) * 1000, _describe(handler, settings))
        _serve(handler, settings)
    except StartError as error:
        sys.stderr.write(f"{error.traceback}error: {error.message} [{error.code}]\n")
        return error.exit_code
    log.info("drained")
    return 0


def _serve(handler: Handler, settings: Settings) -> None:
    running = _make_running(settings)
    listener = Listener(settings.socket_dir)
    try:
        if handler.loop is None:
            serve_sync(handler, settings, listener, running)
        else:
            from asya_runtime.serve_async import serve as serve_async  # imports asyncio

            serve_async(handler, settings, listener, running)
    finally:
        listener.close()
        running.close()
        handler.close()


def _make_running(settings: Settings) -> Running:
    try:
        return Running(settings.socket_dir, settings.concurrency)
    except OSError as error:
        raise not_made(RUNNING_NAME, settings.socket_dir, error) from error


def _start_log(level: str) -> None:
    """Write our own lines to stderr, whatever the user's code does with the root logger."""
    output = logging.StreamHandler()
    form = logging.Formatter("%(asctime)s.%(msecs)03dZ %(levelname)s %(name)s: %(message)s", "%Y-%m-%dT%H:%M:%S")
    form.converter = time.gmtime
    output.setFormatter(form)
    log.addHandler(output)
    log.setLevel(level)
    log.propagate = False


def _describe(handler: Handler, settings: Settings) -> str:
    return (
        f"handler {settings.handler}, mode {settings.mode}, concurrency {settings.concurrency}, "
        f"JSON by {handler.codec.name}, Python {sys.version.split()[0]}, process {os.getpid()}"
    )
