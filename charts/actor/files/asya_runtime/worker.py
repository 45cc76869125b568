

from __future__ import annotations

import faulthandler
import io
import os
import sys
import time
from collections.abc import Mapping

from asya_runtime.channel import Channel
from asya_runtime.console import STDERR, log
from asya_runtime.descriptors import lift
from asya_runtime.errors import StartError
from asya_runtime.handler import Handler
from asya_runtime.loader import load
from asya_runtime.serve_sync import serve as serve_sync
from asya_runtime.settings import Settings
from asya_runtime.worker_process import DRAINED, DUMP_SIGNAL, FAILED, Post


def work(settings: Settings, post: Post, environ: Mapping[str, str]) -> int:

    began = time.monotonic()
    stderr = lift(os.dup(STDERR))
    faulthandler.enable(stderr)
    faulthandler.register(DUMP_SIGNAL, stderr)
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(line_buffering=True)
    log.begin(settings.log_level, stderr)
    channel = Channel(post)
    try:
        handler = load(settings.handler, environ, settings.mode, settings.batch_max_size)
    except StartError as error:
        error.tell()
        channel.tell(FAILED)
        return error.exit_code
    log.info("loaded in %d ms: %s", (time.monotonic() - began) * 1000, _describe(handler, settings))
    _serve(handler, settings, channel, post)
    log.info("drained")
    channel.tell(DRAINED)
    handler.close()
    return 0


def _serve(handler: Handler, settings: Settings, channel: Channel, post: Post) -> None:
    if handler.loop is None:
        serve_sync(handler, settings, channel, post.slots)
    else:
        from asya_runtime.serve_async import serve as serve_async

        serve_async(handler, settings, channel, post.slots)


def _describe(handler: Handler, settings: Settings) -> str:
    batches = f", batches of up to {settings.batch_max_size}" if handler.batched else ""
    return (
        f"handler {settings.handler}, mode {settings.mode}, concurrency {settings.concurrency}{batches}, "
        f"JSON by {handler.codec.name}, Python {sys.version.split()[0]}, process {os.getpid()}"
    )
