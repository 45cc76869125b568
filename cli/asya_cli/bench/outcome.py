"""What a benchmark of an actor came to, for a person and for a program. Pure."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from rich.table import Table

from asya_cli.bench.figures import rounded, spread
from asya_cli.bench.limit import Limit, Setting, find_limit
from asya_cli.bench.reading import Sample

PARTS = ("runtime", "sidecar", "broker")

_WHOLE = 100  # from there on digits behind the point tell nothing


@dataclass(frozen=True, slots=True)
class Outcome:
    """The rounds of an actor and of an empty handler beside it, on a transport, with a payload of so many bytes."""

    actor: str
    transport: str
    payload_bytes: int
    setting: Setting
    rounds: Sequence[Sample]
    empty: Sequence[Sample]

    @property
    def limit(self) -> Limit:
        """What limits the actor, by the medians of its rounds."""
        return find_limit(middle(self.rounds), middle(self.empty).inside, self.setting)


def middle(samples: Sequence[Sample]) -> Sample:
    """Return the median of each figure."""
    return Sample(
        rate=statistics.median(each.rate for each in samples),
        inside=statistics.median(each.inside for each in samples),
        in_hand=statistics.median(each.in_hand for each in samples),
        cpu={part: statistics.median(each.cpu[part] for each in samples) for part in samples[0].cpu},
        idle=statistics.median(each.idle for each in samples),
    )


def as_json(outcome: Outcome) -> dict[str, Any]:
    """Return it as one object; times in microseconds a message, rates in messages a second."""
    limit = outcome.limit
    return {
        "actor": outcome.actor,
        "transport": outcome.transport,
        "payload_bytes": outcome.payload_bytes,
        **_figures(outcome.rounds),
        "empty_handler": _figures(outcome.empty),
        "limit": limit.name,
        "because": limit.because,
        "remedy": limit.remedy,
    }


def _figures(samples: Sequence[Sample]) -> dict[str, Any]:
    rates, sample = spread([each.rate for each in samples]), middle(samples)
    return {
        "rounds": len(samples),
        "rate": rounded(rates.median),
        "rate_min": rounded(rates.least),
        "rate_max": rounded(rates.most),
        "handler_us": rounded(sample.inside * 1e6),
        "in_hand": rounded(sample.in_hand),
        "cpu_us": {part: rounded(used * 1e6) for part, used in sample.cpu.items()},
    }


def as_table(outcome: Outcome) -> Table:
    """Return a line for the actor and one for the empty handler: rates, then microseconds a message.

    `HANDLER` is the time of a call, with the reading and writing of JSON; the others are processor time.
    """
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("", no_wrap=True)
    for name in ("MESSAGES/S", "LEAST", "MOST", "HANDLER", *(part.upper() for part in PARTS)):
        table.add_column(name, justify="right", no_wrap=True)
    for name, samples in ((outcome.actor, outcome.rounds), ("empty handler", outcome.empty)):
        table.add_row(name, *_cells(_figures(samples)))
    return table


def _cells(figures: dict[str, Any]) -> list[str]:
    times = (figures["handler_us"], *(figures["cpu_us"][part] for part in PARTS))
    return [_text(figures[name]) for name in ("rate", "rate_min", "rate_max")] + [_text(each) for each in times]


def _text(value: float) -> str:
    return f"{value:,.0f}" if value >= _WHOLE else f"{value:.3g}"
