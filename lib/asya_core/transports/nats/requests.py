"""Ask the server something and wait for the answer; for everything that is not done once per message."""

from __future__ import annotations

import asyncio
import secrets
from typing import Any

import msgspec

from asya_core.errors import QueueMissingError, TransportError, TransportRefusedError, TransportUnavailableError
from asya_core.transports.nats import wire
from asya_core.transports.nats.link import Link

ANSWER_SECONDS = 5.0
NO_RESPONDERS = 503
"""The status that comes back at once when nobody listens to a subject."""

SWITCHED_OFF = {10039, 10076}
"""The `err_code` of an account, and of a server, that has no JetStream."""


class NobodyListensError(TransportUnavailableError):
    """Nothing on the server answers to this subject."""


class Requests:
    """Requests and their answers over one inbox; a `Listener` of the connection."""

    def __init__(self) -> None:
        self._link: Link | None = None
        self._inbox = b""
        self._asked = 0
        self._waiting: dict[bytes, asyncio.Future[bytes]] = {}

    def link_up(self, link: Link) -> None:
        """Listen for answers on the new link."""
        self._link = link
        self._inbox = b"_INBOX.%b." % secrets.token_hex(12).encode()
        link.subscribe(self._inbox + b"*", self._answered)

    def link_down(self, reason: str) -> None:
        """Fail everything that waits."""
        self._link = None
        for answer in self._waiting.values():
            if not answer.done():
                answer.set_exception(TransportUnavailableError(f"the connection to NATS was lost: {reason}"))

    def tick(self) -> None:
        """Do nothing: each request has a deadline of its own."""

    async def ask(self, subject: bytes, body: bytes) -> bytes:
        """Return the answer's body. Raises NobodyListensError, TransportUnavailableError."""
        if self._link is None:
            raise TransportUnavailableError("there is no connection to NATS now")
        self._asked += 1
        token = b"%d" % self._asked
        answer: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()
        self._waiting[token] = answer
        self._link.publish(subject, self._inbox + token, body)
        try:
            async with asyncio.timeout(ANSWER_SECONDS):
                return await answer
        except TimeoutError as error:
            raise TransportUnavailableError(f"NATS did not answer within {ANSWER_SECONDS:g} s") from error
        finally:
            del self._waiting[token]

    async def call(self, api: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
        """Use JetStream's API, `api` being the subject after `$JS.API.`; returns the answer.

        Raises QueueMissingError for what is not there, TransportUnavailableError for what may work later,
        TransportRefusedError for everything else.
        """
        try:
            raw = await self.ask(f"$JS.API.{api}".encode(), msgspec.json.encode(body) if body else b"")
        except NobodyListensError as error:
            raise TransportUnavailableError(
                "JetStream does not answer; start the NATS servers with JetStream switched on (-js)"
            ) from error
        try:
            answer = msgspec.json.decode(raw, type=dict[str, Any])
        except msgspec.DecodeError as error:
            raise TransportUnavailableError(
                f"something answered {api} that is not JetStream ({error}); check who else uses its subjects"
            ) from error
        if isinstance(answer.get("error"), dict):
            raise _error_of(api, answer["error"])
        return answer

    def _answered(self, subject: bytes, _reply: bytes, header: bytes, body: bytes) -> None:
        answer = self._waiting.get(subject[len(self._inbox) :])
        if answer is None or answer.done():
            return
        if header and wire.read_status(header)[0] == NO_RESPONDERS:
            answer.set_exception(NobodyListensError("nothing on the NATS server answers to this"))
        else:
            answer.set_result(body)


def _error_of(api: str, error: dict[str, Any]) -> TransportError:
    """Choose the error by JetStream's numbers."""
    sentence = f"JetStream refused {api}: {error.get('description', 'it gave no reason')}"
    if error.get("err_code") in SWITCHED_OFF:
        return TransportRefusedError(f"{sentence}; switch JetStream on for this account and server")
    match error.get("code"):
        case 404:
            return QueueMissingError(f"{sentence}; install its actor first, whose hook Job makes the queue")
        case 503:
            return TransportUnavailableError(sentence)
        case _:
            return TransportRefusedError(sentence)
