"""Whether RabbitMQ tells how deep a queue is: an autoscaler reads a number that is not there as 0, and never starts.

KEDA asks `/api/queues/<virtual host>/<queue>` for these fields (pkg/scalers/rabbitmq_scaler.go of KEDA 2.21).
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

from asya_core.errors import TransportError, TransportRefusedError
from asya_core.transports.rabbitmq.management import Management
from asya_core.transports.rabbitmq.settings import read_secrets, settings_from

FIELDS = ("messages", "messages_unacknowledged")
PATIENCE_SECONDS = 15.0
"""A queue that was just made has no numbers until its second tick, 5 seconds each by default."""
INTERVAL_SECONDS = 0.25

_MEANING = "KEDA would read that as 0 messages and leave the actor without pods"
_SWITCH = "set management_agent.disable_metrics_collector = false and management.disable_stats = false in rabbitmq.conf"
_HASTEN = "look whether the server is overloaded, lower its collect_statistics_interval, and install again"


def check_statistics(environ: Mapping[str, str], queue: str) -> str:
    """Look for the numbers of a queue that exists and say what was found; empty where no management API is set.

    Blocking, for up to PATIENCE_SECONDS. Raises TransportRefusedError where the API tells no numbers, SettingsError.
    """
    settings = settings_from(environ)
    if settings.management is None:
        return ""
    management = Management(settings.management, read_secrets(settings.secrets_dir))
    try:
        missing = _missing(management, settings.vhost, queue)
        overview = management.get("overview") if missing else {}
    except TransportError as error:
        return f"not checked: {error}; KEDA has to read it, so see to it that it can"
    if missing:
        raise TransportRefusedError(f"{management} {_why(queue, missing, overview)}")
    return f"found at {management}"


def _missing(management: Management, vhost: str, queue: str) -> list[str]:
    """Return the fields that are not there, after having given them time to come."""
    until = time.monotonic() + PATIENCE_SECONDS
    while missing := missing_fields(management.queue(vhost, queue)):
        if time.monotonic() >= until:
            break
        time.sleep(INTERVAL_SECONDS)
    return missing


def missing_fields(found: Mapping[str, Any]) -> list[str]:
    """Return which of the numbers are not among what the API says of a queue."""
    return [field for field in FIELDS if not isinstance(found.get(field), int)]


def _why(queue: str, missing: list[str], overview: Mapping[str, Any]) -> str:
    if overview.get("disable_stats"):
        return f"has its statistics switched off; {_MEANING}; {_SWITCH}"
    fields = " and ".join(missing)
    return f"told no {fields} of {queue} within {PATIENCE_SECONDS:g} s; {_MEANING}; {_HASTEN}"
