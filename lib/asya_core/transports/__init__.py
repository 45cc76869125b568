"""The transports by name, each imported only when it is chosen, since each has its own dependencies."""

from __future__ import annotations

import importlib
from collections.abc import Mapping

from asya_core.errors import SettingsError
from asya_core.transports.base import Confirmed, Consumer, Delivery, Depth, Transport, publish

__all__ = ["NAMES", "Confirmed", "Consumer", "Delivery", "Depth", "Transport", "open_transport", "publish"]

NAMES = ("memory", "nats", "rabbitmq")
"""Every transport that `open_transport` knows."""


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
