"""Sending messages to actors and waiting for their ends."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, suppress

from asya_cli.connecting import connect
from asya_cli.errors import CliError
from asya_cli.local.results import End, Results
from asya_core.envelope import Envelope, encode
from asya_core.errors import MessageTooLargeError, QueueMissingError, TransportError
from asya_core.transports import Depth, Transport, publish

_BATCH = 500
"""Messages that wait for their confirmation at a time."""

_LOOK_EVERY = 0.5

Progress = Callable[[dict[str, Depth]], None]


@asynccontextmanager
async def connected(transport: Transport) -> AsyncIterator[Transport]:
    """Connect for the length of a block. Raises CliError when the broker does not answer."""
    await connect(transport, "the broker", "it may be starting again; look at `asya local status` and try again")
    try:
        yield transport
    finally:
        await transport.close()


async def send(transport: Transport, queue: str, envelopes: Sequence[Envelope]) -> None:
    """Publish messages and wait until the broker has stored them all.

    Raises CliError; messages before the one that failed may have been stored.
    """
    for start in range(0, len(envelopes), _BATCH):
        batch = envelopes[start : start + _BATCH]
        try:
            await asyncio.gather(*(publish(transport, queue, encode(each)) for each in batch))
        except QueueMissingError:
            raise CliError(f"there is no queue {queue}; no actor of that name was started; check its name") from None
        except MessageTooLargeError as error:
            raise CliError(f"a message is too large; {error}; send less, or a reference to it") from None
        except TransportError as error:
            raise CliError(f"a message was not stored; {error}; look at `asya local status` and try again") from None


async def follow(results: Results, envelope: Envelope, within: float) -> End | None:
    """Wait until the message has ended and return its end, or None after `within` seconds."""
    created_at = str(envelope.status.created_at) if envelope.status else None
    return await results.wait(envelope.id, within, created_at=created_at)


async def watch(transport: Transport, queues: dict[str, str], progress: Progress) -> None:
    """Tell `progress` twice a second how deep the queues are, by actor, until cancelled."""
    while True:
        depths = {}
        for actor, queue in queues.items():
            with suppress(TransportError):
                depths[actor] = await transport.depth(queue)
        progress(depths)
        await asyncio.sleep(_LOOK_EVERY)
