"""The transport over NATS JetStream."""

from __future__ import annotations

from collections.abc import Mapping

from asya_core.transports.nats.settings import settings_from
from asya_core.transports.nats.transport import NatsTransport

__all__ = ["NatsTransport", "from_env"]


def from_env(environ: Mapping[str, str]) -> NatsTransport:
    """Build the transport from `ASYA_NATS_URL` and `ASYA_SECRETS_DIR`. Raises SettingsError."""
    return NatsTransport(settings_from(environ))
