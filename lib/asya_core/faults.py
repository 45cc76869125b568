"""Why a message did not get through a handler, in the words that error records, rules and metrics use."""

from __future__ import annotations

import msgspec
from msgspec import Struct

MAY_PASS = frozenset({"processing_error", "timeout_error", "crash_error"})
"""Codes of faults that another attempt may not meet again; the others are certain to come back."""


class Fault(Struct, frozen=True, kw_only=True):
    """One failure: a stable `code`, a sentence, and for exceptions their class, bases and traceback.

    This is also the body of the ERROR frame. `type` is `module.Qualname`, builtins without module; `mro` the bases in
    order; `retry_after` seconds that the exception asked for.
    """

    code: str
    message: str
    type: str = ""
    mro: list[str] = msgspec.field(default_factory=list)
    traceback: str = ""
    retry_after: float | None = None

    @property
    def may_pass(self) -> bool:
        """Whether another attempt could end differently."""
        return self.code in MAY_PASS

    def names(self) -> set[str]:
        """Return everything that a rule may call this fault: its code, and class and bases in full and in short."""
        classes = [self.type, *self.mro]
        return {self.code, *classes, *(name.rpartition(".")[2] for name in classes)} - {""}
