"""Taskiq as a user who loses nothing sets it up: quorum queues, confirmed persistent messages, acks after execution."""

import asyncio
import os

from aio_pika.abc import AbstractChannel
from taskiq.serializers import ORJSONSerializer
from taskiq_aio_pika import AioPikaBroker
from taskiq_aio_pika.queue import Queue, QueueType

IN, OUT = Queue(name="in", type=QueueType.QUORUM), Queue(name="out", type=QueueType.QUORUM)


class OneQueueBroker(AioPikaBroker):
    """Publishes to both queues, but takes messages from one: a worker of the next step would be another deployment."""

    async def _declare_queues(self, channel: AbstractChannel) -> list:
        declared = await super()._declare_queues(channel)
        if channel is not self.read_channel:
            return declared
        return [(queue, arguments) for queue, arguments in declared if queue.name == IN.name]


broker = OneQueueBroker(os.environ["BENCH_URL"], qos=100, task_queues=[IN, OUT])
if os.environ.get("BENCH_CODEC") == "orjson":
    broker = broker.with_serializer(ORJSONSerializer())


@broker.task(task_name="bench.step")
async def step(payload: dict) -> None:
    """Do next to nothing and pass the result on."""
    await sink.kicker().with_labels(queue_name="out").kiq({**payload, "x": 1})


@broker.task(task_name="bench.sink")
async def sink(payload: dict) -> None:
    """Stand for the next step; its queue is only counted."""


def send_each(payloads: list[dict]) -> None:
    """Send messages as a producer of this framework does, and make both queues."""
    asyncio.run(_send(payloads))


async def _send(payloads: list[dict]) -> None:
    await broker.startup()
    for payload in payloads:
        await step.kicker().with_labels(queue_name="in").kiq(payload)
    await broker.shutdown()
