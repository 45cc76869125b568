"""How many messages a broker keeps back for later where it does not count them with their queue."""

from __future__ import annotations

import base64
import http.client
import json
from collections.abc import Mapping
from contextlib import closing
from typing import Any
from urllib.parse import urlsplit

from asya_core.transports.rabbitmq.ladder import name_of

_LADDER = name_of(0).removesuffix("0")
_PATH = "/api/queues?columns=name,messages"
_SECONDS = 5.0
_LOGIN = base64.b64encode(b"guest:guest").decode()


def count_delayed(environ: Mapping[str, str]) -> int | None:
    """Return the messages in RabbitMQ's delay ladder, 0 for another broker; None while the server does not say.

    Those are counted, too, whose time is up and which could not be passed on: after a restart RabbitMQ tries that again
    only after three minutes (`dead_letter_worker_publisher_confirm_timeout`).
    """
    url = environ.get("ASYA_RABBITMQ_MANAGEMENT_URL")
    if url is None:
        return 0
    with closing(http.client.HTTPConnection(urlsplit(url).netloc, timeout=_SECONDS)) as connection:
        try:
            connection.request("GET", _PATH, headers={"Authorization": f"Basic {_LOGIN}"})
            return total_of(json.load(connection.getresponse()))
        except (OSError, http.client.HTTPException, ValueError, KeyError):
            return None


def total_of(queues: list[dict[str, Any]]) -> int:
    """Return how many messages the ladder's queues hold. Raises KeyError where the server has not counted one yet."""
    ladder = [queue for queue in queues if queue["name"].startswith(_LADDER)]
    return sum(queue["messages"] for queue in ladder if queue["name"][len(_LADDER) :].isdigit())
