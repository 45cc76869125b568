"""Queues of moto's that stay quick when they hold thousands of messages.

As they come, each message that is sent counts all others three times, and each that is deleted is looked for twice;
ten messages take a tenth of a second in a queue of a few hundred.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterable
from typing import Any

from moto.core.utils import camelcase_to_underscores
from moto.sqs import models
from moto.sqs.exceptions import ReceiptHandleIsInvalid
from moto.sqs.models import Message, Queue

COUNTS = {
    "ApproximateNumberOfMessages": "approximate_number_of_messages",
    "ApproximateNumberOfMessagesDelayed": "approximate_number_of_messages_delayed",
    "ApproximateNumberOfMessagesNotVisible": "approximate_number_of_messages_not_visible",
}


class _Attributes(dict[str, Any]):
    """A queue's attributes, of which the counts are taken when they are asked for."""

    def __init__(self, queue: Queue, others: dict[str, Any]) -> None:
        super().__init__(dict.fromkeys(COUNTS) | others)
        self._queue = queue

    def get(self, name: str, default: Any = None) -> Any:
        """Return one."""
        return getattr(self._queue, COUNTS[name]) if name in COUNTS else super().get(name, default)

    def items(self) -> Any:
        """Return all."""
        return [(name, self.get(name)) for name in self]


class QuickQueue(Queue):
    """What moto does, but for FIFO queues and encrypted ones in the time that a local run has."""

    __module__ = Queue.__module__

    @property
    def attributes(self) -> dict[str, Any]:
        """Return the attributes, without counting yet."""
        return _Attributes(self, dict(self._others()))

    @property
    def messages(self) -> list[Message]:
        """Return what can be received now."""
        now = time.time() * 1000
        return [each for each in self._messages if each.visible_at < now and each.delayed_until <= now]

    def delete_message(self, receipt_handle: str) -> None:
        """Remove the message that was received under this handle, once or more often."""
        if receipt_handle in self.deleted_messages:
            return
        for index, message in enumerate(self._messages):
            if message.had_receipt_handle(receipt_handle):
                del self._messages[index]
                self.pending_messages.discard(message)
                self.deleted_messages.update(each for each in message.all_receipt_handles if each)
                return
        raise ReceiptHandleIsInvalid

    def _others(self) -> Iterable[tuple[str, Any]]:
        """Yield the attributes that are no counts, as moto writes them."""
        names = [name for name in self.BASE_ATTRIBUTES if name not in COUNTS]
        if self.fifo_queue:
            names += self.FIFO_ATTRIBUTES
        for name in names:
            if name == "RedrivePolicy":
                yield name, json.dumps(self.redrive_policy) if self.redrive_policy else None
                continue
            value = getattr(self, camelcase_to_underscores(name))
            yield name, str(value).lower() if isinstance(value, bool) else value


def use_quick_queues() -> None:
    """Let moto make these, and read the clock ten times as fast."""
    vars(models).update(Queue=QuickQueue, unix_time_millis=lambda: time.time() * 1000)
