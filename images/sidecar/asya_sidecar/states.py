"""Where a message in hand is, and what makes two deliveries the same message."""

from __future__ import annotations

import enum

Key = tuple[str, int, int, int]
"""What makes two deliveries the same message: id, position, attempt and generation."""


class State(enum.Enum):
    """Where a message in hand is; `run` shows how one follows from another."""

    WAITING = enum.auto()
    RUNNING = enum.auto()
    PUBLISHING = enum.auto()
    SETTLED = enum.auto()
    RELEASED = enum.auto()
    LOST = enum.auto()


OVER = (State.SETTLED, State.RELEASED, State.LOST)
"""A message in one of these has left our hands."""
