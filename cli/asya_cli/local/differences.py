"""In what a local run differs from a cluster, for the person who wants to rely on it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from asya_cli.local.planning import Planned

_HEADING = """\
What stands for a cluster in this run. Everything else is as the charts render it.

For all containers:
  one process for each container, one pod for each actor, whatever scaling says
  the environment of images -> this shell's, without ASYA_*
  broker -> {broker}
  Secrets -> files .asya/secrets/<secret>/<key>
  restarts -> at once the first time, then after {first:g} s, doubled up to {longest:g} s (Kubernetes: 10 s to 5 min)
  readiness -> asked for every 0.1 s, and only while the run starts
"""


def write_differences(planned: Planned, file: Path) -> None:
    """Write every substitution, and every field of the rendered objects that is not honoured."""
    backoff = planned.plan.backoff
    heading = _HEADING.format(broker=planned.info.broker_url, first=backoff.first, longest=backoff.longest)
    lines = [
        heading,
        "Substituted:",
        *_indented(planned.notes),
        "",
        "Not honoured:",
        *_indented(_by_field(planned.unread)),
    ]
    file.write_text("\n".join(lines) + "\n", encoding="utf-8")


def unread_names(unread: Sequence[str]) -> list[str]:
    """Return the fields and kinds that are not honoured, each once and by its bare name."""
    return sorted({re.split(r"[ :\[]", line.rpartition(": ")[2])[0] for line in unread})


def _by_field(unread: Iterable[str]) -> Iterator[str]:
    """Turn lines `where: field` into one line for each field."""
    places: dict[str, list[str]] = {}
    for line in unread:
        where, _, name = line.rpartition(": ")
        places.setdefault(name, []).append(where)
    for name, where_all in sorted(places.items()):
        yield f"{name}: {', '.join(where_all)}" if where_all[0] else name


def _indented(lines: Iterable[str]) -> list[str]:
    return [f"  {line}" for line in lines]
