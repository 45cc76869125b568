"""The brokers that can run on this machine, by the name of their transport."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from pathlib import Path

from asya_cli.errors import MisuseError
from asya_cli.local.brokers.base import Broker

__all__ = ["NAMES", "Broker", "check_broker", "prepare_broker"]

NAMES = ("nats", "rabbitmq", "sqs")
"""Transports whose broker `asya local` can start."""


def check_broker(name: str) -> None:
    """Raise MisuseError for a transport whose broker can't be started here."""
    if name not in NAMES:
        raise MisuseError(f"no local broker for the transport {name!r}; it is not built yet; use {' or '.join(NAMES)}")


def prepare_broker(name: str, folder: Path, logs: Path, free_port: Callable[[], int]) -> Broker:
    """Write the broker's configuration under `folder`, which keeps its messages, and say how to run it.

    Raises MisuseError for a transport without a local broker, CliError when its program is missing.
    """
    check_broker(name)
    broker: Broker = importlib.import_module(f"asya_cli.local.brokers.{name}").prepare(folder, logs, free_port)
    return broker
