"""The end of every message that could not be processed."""

from __future__ import annotations

from typing import Any

from asya_core.objects import open_store
from asya_crew.end import End


class ErrorEnd:
    """Keeps errors, each with all that a replay needs; `ASYA_STORE_URL` and `ASYA_STORE_PREFIX` say where."""

    def __init__(self, asya_store_url: str = "file:///data", asya_store_prefix: str = "error-asya/") -> None:
        self._end = End("error", open_store(asya_store_url), asya_store_prefix)

    def process(self, envelope: dict[str, Any]) -> None:
        """Store the envelope. Raises ObjectStoreError when the store fails; the message is then to be given again."""
        self._end.keep(envelope)
