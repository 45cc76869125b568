"""Read the flavors: what each says of itself, what it sets, and which two can't agree."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import yaml

from tools.outputs import ROOT, GenerateError

FOLDER = ROOT / "flavors"
CHARTS = ("actor", "crew")
_CREW_KEYS = {"store"}
_HEAD = re.compile(r"(?P<does>.+?)(?: Needs (?P<needs>.+?))?(?: Not with (?P<not_with>[a-z0-9, -]+)\.)?")


@dataclass(frozen=True, slots=True)
class Flavor:
    """One flavor: its sentences, its text, and its settings as paths to values; `chart` is the one that takes it."""

    name: str
    chart: str
    does: str
    needs: str
    not_with: tuple[str, ...]
    text: str
    settings: Mapping[str, Any]


def read_flavors() -> list[Flavor]:
    """Return the flavors by name. Raises GenerateError for one that does not begin with what it does and needs."""
    return [_read(path.stem, path.read_text(encoding="utf-8")) for path in sorted(FOLDER.glob("*.yaml"))]


def conflicts(flavors: list[Flavor]) -> dict[tuple[str, str], list[str]]:
    """Return the pairs of one chart's flavors that set the same key to two values, with these keys."""
    found = {}
    for one, other in combinations(flavors, 2):
        shared = one.settings.keys() & other.settings.keys() if one.chart == other.chart else ()
        if keys := sorted(key for key in shared if one.settings[key] != other.settings[key]):
            found[one.name, other.name] = keys
    return found


def _read(name: str, text: str) -> Flavor:
    head = " ".join(line.removeprefix("#").strip() for line in _comment(text))
    said = _HEAD.fullmatch(head)
    if said is None or not said["needs"]:
        raise GenerateError(f"flavors/{name}.yaml does not say in its first lines what it does and what it Needs")
    values = yaml.safe_load(text)
    not_with = tuple(each.strip() for each in (said["not_with"] or "").split(",") if each.strip())
    chart = "crew" if _CREW_KEYS & values.keys() else "actor"
    return Flavor(name, chart, said["does"], said["needs"], not_with, text, dict(_leaves(values)))


def _comment(text: str) -> Iterator[str]:
    for line in text.splitlines():
        if not line.startswith("#"):
            return
        yield line


def _leaves(values: Mapping[str, Any], at: str = "") -> Iterator[tuple[str, Any]]:
    """Yield the keys that hold no map, with their values; lists are one value."""
    for key, value in values.items():
        if isinstance(value, dict) and value:
            yield from _leaves(value, f"{at}{key}.")
        else:
            yield f"{at}{key}", value
