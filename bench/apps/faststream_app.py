"""FastStream as a user who loses nothing sets it up: quorum queues, confirmed persistent messages, acks at the end."""

import asyncio
import os

from faststream import AckPolicy, FastStream
from faststream.rabbit import Channel, QueueType, RabbitBroker, RabbitQueue

IN, OUT = (RabbitQueue(name, queue_type=QueueType.QUORUM, durable=True) for name in ("in", "out"))

broker = RabbitBroker(os.environ["BENCH_URL"], logger=None, default_channel=Channel(prefetch_count=100))
app = FastStream(broker)


@broker.subscriber(IN, ack_policy=AckPolicy.NACK_ON_ERROR)
@broker.publisher(OUT, persist=True)
async def step(payload: dict) -> dict:
    """Do next to nothing and pass the result on."""
    return {**payload, "x": 1}


def send_each(payloads: list[dict]) -> None:
    """Send messages as a producer of this framework does, and make both queues."""
    asyncio.run(_send(payloads))


async def _send(payloads: list[dict]) -> None:
    await broker.connect()
    for queue in (IN, OUT):
        await broker.declare_queue(queue)
    for payload in payloads:
        await broker.publish(payload, "in", persist=True)
    await broker.stop()
