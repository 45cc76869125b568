"""Where large payloads lie in a local run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from asya_cli.local.wanted import wanted

CLAIM = "asya-payloads"
"""Large payloads lie on a claim that the run brings, whatever store the values name: that is for clusters."""

STORE = {
    "claimCheck.url": "file:///var/lib/asya-payloads",
    "claimCheck.prefix": "payloads-asya/",
    "claimCheck.existingClaim": CLAIM,
    "claimCheck.existingSecret": "",
}
"""Values of the run's store, by their paths; all of them are texts."""

_THRESHOLD = 65536  # bytes; the chart's own


def threshold_below(values: Sequence[Path | Mapping[str, Any]], sets: Sequence[str]) -> Sequence[str]:
    """Return what to `--set` for an actor with these values, so that payloads are stored before they are refused.

    An actor without a store of its own may take smaller messages than the threshold, which the chart refuses beside a
    store: for such a one the threshold is lowered. What is wrong beside a store of its own is told as ever.
    """
    limit = _whole(wanted(values, sets, "maxBodyBytes"))
    threshold = _whole(wanted(values, sets, "claimCheck.threshold")) or _THRESHOLD
    if wanted(values, sets, "claimCheck.url") or limit is None or not 1 < limit <= threshold:
        return ()
    return (f"claimCheck.threshold={limit - 1}",)


def _whole(given: object) -> int | None:
    """Return a number of bytes; None for what is none, of which the chart's schema says what is wrong."""
    if isinstance(given, int):
        return given
    return int(given) if isinstance(given, str) and given.isdecimal() else None
