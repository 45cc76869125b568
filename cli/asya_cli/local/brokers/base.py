"""What a local run has to know of a broker that it starts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from asya_cli.local.plan import Check, ProcessPlan


@dataclass(frozen=True, slots=True)
class Broker:
    """A broker: its transport's name and URL, its process (None where somebody else runs it), and when it is ready.

    `chart_values` are the chart's values that lead to it, by their dotted path; `environ` are the settings that lead
    our own clients to it. `notes` say in what it differs from a cluster's, a line each. One that `is_forgetful` loses
    its messages when it ends.
    """

    transport: str
    url: str
    process: ProcessPlan | None
    check: Check
    chart_values: Mapping[str, str]
    environ: Mapping[str, str]
    notes: Sequence[str] = ()
    is_forgetful: bool = False
