"""Dramatiq as a user who loses nothing sets it up: confirmed persistent messages, quorum queues; it acks late."""

import os

import dramatiq
from dramatiq.brokers.rabbitmq import RabbitmqBroker


class QuorumBroker(RabbitmqBroker):
    """The broker offers no setting for the type of its queues."""

    def _build_queue_arguments(self, queue_name: str) -> dict:
        return {**super()._build_queue_arguments(queue_name), "x-queue-type": "quorum"}


broker = QuorumBroker(url=os.environ["BENCH_URL"], confirm_delivery=True)
dramatiq.set_broker(broker)


@dramatiq.actor(queue_name="in")
def step(payload: dict) -> None:
    """Do next to nothing and pass the result on."""
    sink.send({**payload, "x": 1})


@dramatiq.actor(queue_name="out")
def sink(payload: dict) -> None:
    """Stand for the next step; its queue is only counted."""


def send_each(payloads: list[dict]) -> None:
    """Send messages as a producer of this framework does, and make both queues."""
    broker.declare_queue("out", ensure=True)
    for payload in payloads:
        step.send(payload)
    broker.close()
