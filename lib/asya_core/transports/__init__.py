"""The transports by name, each imported only when it is chosen, since each has its own dependencies."""

from __future__ import annotations

import importlib
from collections.abc import Mapping

from asya_core.errors import SettingsError
from asya_core.transports.base import Confirmed, Consumer, Delivery, Depth, Transport, publish

__all__ = [
    "NAMES",
    "Confirmed",
    "Consumer",
    "Delivery",
    "Depth",
    "Transport",
    "check_statistics",
    "open_transport",
    "publish",
]

NAMES = ("memory", "nats", "rabbitmq", "sqs")
"""Every transport that `open_transport` knows."""

_STATISTICS = {"rabbitmq": "asya_core.transports.rabbitmq.statistics"}
"""Brokers that can be set up not to tell how deep their queues are."""


def open_transport(name: str, environ: Mapping[str, str]) -> Transport:
    """Build the transport called `name` from `ASYA_*` settings in `environ`, not connected yet.

    Raises SettingsError with every mistake in its settings.
    """
    if name not in NAMES:
        known = ", ".join(NAMES)
        raise SettingsError([f"ASYA_TRANSPORT: {name!r} is no transport of this version; use one of: {known}"])
    module = importlib.import_module(f"asya_core.transports.{name}")
    transport: Transport = module.from_env(environ)
    return transport


def check_statistics(name: str, environ: Mapping[str, str], queue: str) -> str:
    """Look whether an autoscaler can see how deep a queue is; return what was found, empty where nothing can be amiss.

    Blocking, for some seconds at most. Raises TransportRefusedError where it would see nothing, SettingsError.
    """
    if name not in _STATISTICS:
        return ""
    found: str = importlib.import_module(_STATISTICS[name]).check_statistics(environ, queue)
    return found
