"""What only RabbitMQ's management API tells: how many messages of a queue are delivered but not settled. Blocking."""

from __future__ import annotations

import base64
import http.client
import json
from typing import Any
from urllib.parse import quote

from asya_core.errors import TransportRefusedError, TransportUnavailableError
from asya_core.transports.base import is_queue_name
from asya_core.transports.rabbitmq.settings import Secrets
from asya_core.transports.servers import Server, tls_context

ANSWER_SECONDS = 5.0
UNAUTHORIZED = (401, 403)
NOT_FOUND, OK = 404, 200
PAGE_SIZE = 500
"""Queues in one answer; the most that RabbitMQ gives."""


class Management:
    """The API of one server, entered with the secrets that the broker itself is entered with."""

    def __init__(self, server: Server, secrets: Secrets) -> None:
        self._server = server
        self._secrets = secrets

    def __str__(self) -> str:
        return f"RabbitMQ's management API at {self._server}"

    def queue(self, vhost: str, queue: str) -> dict[str, Any]:
        """Return what is known of a queue; empty where the API does not know it (yet).

        Raises TransportUnavailableError, TransportRefusedError.
        """
        return self.get(f"queues/{quote(vhost, safe='')}/{quote(queue, safe='')}")

    def get(self, path: str) -> dict[str, Any]:
        """Return the answer to one question, `path` being what follows `/api/`; empty for what is not there.

        Raises TransportUnavailableError, TransportRefusedError.
        """
        status, raw = self._ask(f"/api/{path}")
        if status in UNAUTHORIZED:
            raise TransportRefusedError(f"{self} refuses this user; give it the tag `monitoring`")
        if status == NOT_FOUND:
            return {}
        if status != OK:
            raise TransportUnavailableError(f"{self} answered with status {status}")
        try:
            found = json.loads(raw)
        except ValueError as error:
            raise TransportUnavailableError(f"{self} answered with what is no JSON: {error}") from error
        return found if isinstance(found, dict) else {}

    def _ask(self, path: str) -> tuple[int, bytes]:
        login = base64.b64encode(f"{self._secrets.username}:{self._secrets.password}".encode()).decode()
        connection = self._connection()
        try:
            connection.request("GET", path, headers={"Authorization": f"Basic {login}"})
            answer = connection.getresponse()
            return answer.status, answer.read()
        except (OSError, http.client.HTTPException) as error:
            raise TransportUnavailableError(f"{self} can't be reached: {error}") from error
        finally:
            connection.close()

    def _connection(self) -> http.client.HTTPConnection:
        host, port = self._server.host, self._server.port
        if self._server.tls:
            context = tls_context(self._secrets.ca)
            return http.client.HTTPSConnection(host, port, timeout=ANSWER_SECONDS, context=context)
        return http.client.HTTPConnection(host, port, timeout=ANSWER_SECONDS)


def count_in_flight(server: Server, vhost: str, queue: str, secrets: Secrets) -> int:
    """Ask; the server's numbers are a few seconds old, and 0 also stands for a queue without statistics yet.

    Raises TransportUnavailableError, TransportRefusedError.
    """
    count = Management(server, secrets).queue(vhost, queue).get("messages_unacknowledged", 0)
    return count if isinstance(count, int) else 0


def queue_names(server: Server, vhost: str, prefix: str, secrets: Secrets) -> list[str]:
    """Return the names of the virtual host's queues that begin with `prefix`, but none of the delay ladder.

    Raises TransportUnavailableError, TransportRefusedError.
    """
    management, names, page = Management(server, secrets), set[str](), 1
    question = f"queues/{quote(vhost, safe='')}?columns=name&page_size={PAGE_SIZE}&page="
    while True:
        found = management.get(f"{question}{page}")
        names.update(str(item["name"]) for item in found.get("items", ()))
        page += 1
        if page > found.get("page_count", 0):
            break
    return [name for name in names if name.startswith(prefix) and is_queue_name(name)]
