"""What only RabbitMQ's management API tells: how many messages of a queue are delivered but not settled."""

from __future__ import annotations

import base64
import http.client
import json
from urllib.parse import quote

from asya_core.errors import TransportRefusedError, TransportUnavailableError
from asya_core.transports.rabbitmq.settings import Secrets, Server

ANSWER_SECONDS = 5.0
UNAUTHORIZED = (401, 403)
NOT_FOUND, OK = 404, 200


def count_in_flight(server: Server, vhost: str, queue: str, secrets: Secrets) -> int:
    """Ask, blocking. The server's numbers are a few seconds old; 0 also stands for a queue without statistics yet.

    Raises TransportUnavailableError, TransportRefusedError.
    """
    path = f"/api/queues/{quote(vhost, safe='')}/{quote(queue, safe='')}?columns=messages_unacknowledged"
    login = base64.b64encode(f"{secrets.username}:{secrets.password}".encode()).decode()
    connection = _connection(server, secrets)
    try:
        connection.request("GET", path, headers={"Authorization": f"Basic {login}"})
        answer = connection.getresponse()
        raw = answer.read()
    except (OSError, http.client.HTTPException) as error:
        raise TransportUnavailableError(f"RabbitMQ's management API at {server} can't be reached: {error}") from error
    finally:
        connection.close()
    if answer.status in UNAUTHORIZED:
        raise TransportRefusedError(
            f"RabbitMQ's management API at {server} refuses this user; give it the tag `monitoring`"
        )
    if answer.status == NOT_FOUND:
        return 0
    if answer.status != OK:
        raise TransportUnavailableError(f"RabbitMQ's management API at {server} answered with status {answer.status}")
    found = json.loads(raw)
    return int(found["messages_unacknowledged"]) if found else 0


def _connection(server: Server, secrets: Secrets) -> http.client.HTTPConnection:
    if server.tls:
        return http.client.HTTPSConnection(
            server.host, server.port, timeout=ANSWER_SECONDS, context=secrets.tls_context()
        )
    return http.client.HTTPConnection(server.host, server.port, timeout=ANSWER_SECONDS)
