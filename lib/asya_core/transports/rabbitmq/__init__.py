"""The transport over RabbitMQ's quorum queues."""

from __future__ import annotations

from collections.abc import Mapping

from asya_core.transports.rabbitmq.settings import settings_from
from asya_core.transports.rabbitmq.transport import RabbitmqTransport

__all__ = ["RabbitmqTransport", "from_env"]


def from_env(environ: Mapping[str, str]) -> RabbitmqTransport:
    """Build the transport from `ASYA_RABBITMQ_*` and `ASYA_SECRETS_DIR`. Raises SettingsError."""
    return RabbitmqTransport(settings_from(environ))
