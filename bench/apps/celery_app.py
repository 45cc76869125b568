"""Celery as a user who loses nothing sets it up: late acks, confirmed persistent messages, quorum queues."""

import os

from celery import Celery
from kombu import Queue

QUORUM = {"x-queue-type": "quorum"}

app = Celery("bench", broker=os.environ["BENCH_URL"])
app.conf.update(
    task_acks_late=True,
    task_ignore_result=True,
    worker_prefetch_multiplier=64,
    worker_concurrency=1,
    worker_send_task_events=False,
    task_send_sent_event=False,
    broker_transport_options={"confirm_publish": True},
    broker_connection_retry_on_startup=True,
    task_default_queue="in",
    task_queues=[
        Queue("in", routing_key="in", queue_arguments=QUORUM),
        Queue("out", routing_key="out", queue_arguments=QUORUM),
    ],
)


@app.task(name="bench.step", queue="in")
def step(payload: dict) -> None:
    """Do next to nothing and pass the result on. Faster than a chain, which carries the rest of itself along."""
    sink.apply_async(({**payload, "x": 1},), queue="out")


@app.task(name="bench.sink", queue="out")
def sink(payload: dict) -> dict:
    """Stand for the next step; its queue is only counted."""
    return payload


def send_each(payloads: list[dict]) -> None:
    """Send messages as a producer of this framework does, and make both queues."""
    with app.connection_for_write() as connection:
        for each in app.conf.task_queues:
            each(connection.default_channel).declare()
    for payload in payloads:
        step.apply_async((payload,), queue="in")
