"""The transport that values ask for where the local run's broker is another one, and what the chart thinks of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from asya_cli.errors import CliError
from asya_cli.local.render import Release, render
from asya_cli.local.wanted import wanted

_SET = "transport="


@dataclass(frozen=True, slots=True)
class Overruled:
    """An actor whose values name another transport than the run's; `refusal` is the chart's sentence, or empty."""

    actor: str
    wanted: str
    used: str
    refusal: str = ""

    @property
    def note(self) -> str:
        """Return it as a line about what is substituted."""
        return f"{self.actor}: transport: {self.wanted} -> {self.used}"

    @property
    def warning(self) -> str:
        """Return it as a sentence for whoever starts the run."""
        sentence = f"warning: {self.actor} has transport {self.wanted}; this run uses {self.used}"
        return f"{sentence}; on a cluster {self.refusal}" if self.refusal else sentence


def find_overruled(release: Release, used: str, scratch: Path) -> Overruled | None:
    """Return what the run's transport overrules in the release, or None.

    Only then the release is rendered once more, as a cluster would, to hear whether the chart takes it at all.
    """
    named = wanted_transport(release.values, release.sets)
    if named is None or named == used:
        return None
    own = [each for each in release.set_strings if not each.startswith(_SET)]
    as_given = Release(release.name, release.chart, release.values, release.sets, own)
    try:
        render(as_given, scratch)
    except CliError as error:
        return Overruled(release.name, named, used, str(error))
    return Overruled(release.name, named, used)


def wanted_transport(values: Sequence[Path | Mapping[str, Any]], sets: Sequence[str]) -> str | None:
    """Return the transport that the strongest of the values names, else the strongest flavor; None where none does."""
    said = wanted(values, sets, "transport")
    return None if said is None else str(said)
