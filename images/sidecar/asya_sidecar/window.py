"""How much the broker sends us, and how it learns what became of that."""

from __future__ import annotations

from collections.abc import Iterable

from asya_core.transports import Consumer, Delivery

_WORTH_SAYING = 5
"""A window is made smaller only by a fifth or more, since messages may be on their way that then have to go back."""


class Window:
    """The number of deliveries that may be in hand. It is closed until there is a consumer, and once it is `shut`."""

    def __init__(self) -> None:
        self._consumer: Consumer | None = None
        self._size = 0
        self._is_shut = False

    def attach(self, consumer: Consumer) -> None:
        """Use `consumer`, which has been made with a window of 0."""
        self._consumer = consumer
        self._size = 0

    def shut(self) -> None:
        """Change nothing any more: whoever stops the consumer says so himself."""
        self._is_shut = True

    def resize(self, size: int) -> None:
        """Tell the broker how much to send, when that has changed by enough to be worth saying."""
        was = self._size
        if self._consumer is None or self._is_shut or size == was:
            return
        if 0 < size < was and was - size < was // _WORTH_SAYING:
            return
        self._size = size
        self._consumer.resize(size)

    def settle(self, deliveries: Iterable[Delivery]) -> None:
        """Say that a message is done."""
        if self._consumer is not None:
            for delivery in deliveries:
                self._consumer.settle(delivery)

    def release(self, deliveries: Iterable[Delivery]) -> None:
        """Give a message back; where it is no longer ours, that only frees its place."""
        if self._consumer is not None:
            for delivery in deliveries:
                self._consumer.release(delivery)
