"""Render the charts with their defaults, every flavor and every scenario, so that a change of what they render shows.

The runtime's files and their checksum are left out: every change of the runtime would change every file.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import yaml

from tools.helm import render
from tools.outputs import ROOT, Output, run

GOLDENS = ROOT / "tests" / "chart" / "golden"
HEADER = "# What Helm renders; made by `make generate`, do not edit.\n"
RELEASES = {"actor": "my-model", "crew": "crew", "pipeline": "text"}


@dataclass(frozen=True, slots=True)
class Case:
    """One golden file: its name, and the arguments of `helm template`."""

    name: str
    arguments: tuple[str, ...]


def make() -> Iterator[Output]:
    """Yield the golden renders of each chart."""
    for chart, release in RELEASES.items():
        files = {f"{case.name}.yaml": _text(render(chart, release, *case.arguments)) for case in cases(chart)}
        yield Output(GOLDENS / chart, "*.yaml", files)


def cases(chart: str) -> Iterator[Case]:
    """Yield the defaults, the local values, the flavors (which are the actor's), and the chart's scenarios."""
    is_actor = chart == "actor"
    yield Case("default", ())
    yield Case("local", ("-f", "values/local.yaml"))
    for path in sorted((ROOT / "flavors").glob("*.yaml")) if is_actor else ():
        yield Case(f"flavor-{path.stem}", ("-f", f"flavors/{path.name}"))
    for path in sorted((ROOT / "charts" / chart / "ci").glob("*-values.yaml")):
        yield Case(f"ci-{path.name.removesuffix('-values.yaml')}", ("-f", f"charts/{chart}/ci/{path.name}"))


def _text(objects: list[dict[str, Any]]) -> str:
    for each in objects:
        _leave_out(each)
    return HEADER + yaml.safe_dump_all(objects, sort_keys=False, width=120, explicit_start=True)


def _leave_out(rendered: dict[str, Any]) -> None:
    if rendered["kind"] == "ConfigMap":
        rendered["data"] = dict.fromkeys(rendered["data"], "(left out)")
    annotations = rendered.get("spec", {}).get("template", {}).get("metadata", {}).get("annotations", {})
    if "checksum/runtime" in annotations:
        annotations["checksum/runtime"] = "(left out)"


if __name__ == "__main__":
    sys.exit(run([make]))
