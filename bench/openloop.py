"""Messages at fixed moments, whatever becomes of those before them, and how long each took to come out.

A message that is late because the system was busy counts from the moment at which it was due, not from when there was
room for it. Source: Gil Tene, "How NOT to Measure Latency", on coordinated omission.
"""

from __future__ import annotations

import re
import select
import time
from collections.abc import Sequence
from dataclasses import dataclass, field

from pamqp import commands

from asya_core.transports.rabbitmq import wire
from bench.amqp import CHANNEL, Client, Message, content
from bench.payloads import MARK
from bench.systems.base import System

LEAD_SHARE = 0.1
"""The part of the messages that only warm up."""

PATIENCE = 5.0
"""Seconds after the last message was due, for those that have not come out."""

_LEAD_SECONDS = 0.05
_TICK = 0.01
_NUMBER = re.compile(rb"#(\d{%d})#" % (len(MARK) - 2))


@dataclass(slots=True)
class Outcome:
    """Seconds that each message took, without the first ones, and how many never came out in time."""

    latencies: list[float] = field(default_factory=list)
    missing: int = 0


class Receiver(Client):
    """Takes all messages of a queue and notes when each came, by the number in its payload."""

    def __init__(self, url: str, queue: str) -> None:
        self.came: dict[int, float] = {}
        super().__init__(url)
        self.call(commands.Basic.Consume(queue=queue, no_ack=True), commands.Basic.ConsumeOk)

    def receive(self) -> None:
        """Read what has come."""
        self._read()

    def _on_content(self, _channel: int, _method: bytes, _properties: bytes, body: bytes) -> None:
        if found := _NUMBER.search(body):
            self.came.setdefault(int(found[1]), time.monotonic())


def marked(message: Message, number: int) -> Message:
    """Return the message with a number in its payload, by which it is known when it comes out."""
    mark = b"#%0*d#" % (len(MARK) - 2, number)
    return Message(message.properties, message.body.replace(MARK.encode(), mark))


def drive(system: System, size: int, rate: float, seconds: float) -> Outcome:
    """Send `rate` messages a second for some seconds, evenly, and return how long they took."""
    sender, receiver = _clients(system)
    total = max(10, round(rate * seconds))
    prefix = wire.publish_method(CHANNEL, b"", system.queue_in.encode())
    frames = [
        prefix + content(marked(message, number), sender.frame_max)
        for number, message in enumerate(system.messages(size, total))
    ]
    begin = _send_evenly(sender, receiver, frames, rate)
    sender.close()
    receiver.close()
    return judge(receiver.came, begin, rate, total)


def judge(came: dict[int, float], begin: float, rate: float, total: int) -> Outcome:
    """Compare when messages came with when they were due: the n-th at `begin` + n / `rate`."""
    counted = range(int(total * LEAD_SHARE), total)
    latencies = sorted(came[number] - (begin + number / rate) for number in counted if number in came)
    return Outcome(latencies, len(counted) - len(latencies))


def _clients(system: System) -> tuple[Client, Receiver]:
    """Open two connections to a system on RabbitMQ."""
    sender = system.access()
    if not isinstance(sender, Client):
        raise TypeError(f"{system.name}: latency is measured on RabbitMQ alone")
    return sender, Receiver(sender.url, system.queue_out)


def _send_evenly(sender: Client, receiver: Receiver, frames: Sequence[bytes], rate: float) -> float:
    """Send each frame when it is due and take what comes out; return when the first was due."""
    begin = time.monotonic() + _LEAD_SECONDS
    until = begin + len(frames) / rate + PATIENCE
    sent = 0
    while len(receiver.came) < len(frames) and (now := time.monotonic()) < until:
        due = min(len(frames), int((now - begin) * rate) + 1) if now >= begin else 0
        if due > sent:
            sender.socket.sendall(b"".join(frames[sent:due]))
            sent = due
        pause = begin + sent / rate - time.monotonic() if sent < len(frames) else _TICK
        ready, _, _ = select.select([receiver.socket, sender.socket], [], [], min(max(pause, 0.0), _TICK))
        if receiver.socket in ready:
            receiver.receive()
        if sender.socket in ready:
            sender.drop()
    return begin
