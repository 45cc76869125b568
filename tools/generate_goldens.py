"""Render the charts with their defaults, every flavor and every scenario, so that a change of what they render shows.

The runtime's files, their mounts and their checksum are left out: every change of the runtime would change every file.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from tools.flavors import read_flavors
from tools.helm import render
from tools.outputs import ROOT, Output, run

GOLDENS = ROOT / "tests" / "chart" / "golden"
HEADER = "# What Helm renders; made by `make generate`, do not edit.\n"
DUMPER = getattr(yaml, "CSafeDumper", yaml.SafeDumper)
RUNTIME_FILES = "/opt/asya/asya_runtime/"
RELEASES = {"actor": "my-model", "crew": "crew", "pipeline": "text"}


@dataclass(frozen=True, slots=True)
class Case:
    """One golden file: its name, and the arguments of `helm template`."""

    name: str
    arguments: tuple[str, ...]


def make(program: Path | None = None) -> Iterator[Output]:
    """Yield the golden renders of each chart, by our Helm unless another `program` is given."""
    for chart, release in RELEASES.items():
        objects = {case.name: render(chart, release, *case.arguments, program=program) for case in cases(chart)}
        files = {f"{name}.yaml": _text(rendered) for name, rendered in objects.items()}
        yield Output(GOLDENS / chart, "*.yaml", files)


def cases(chart: str) -> Iterator[Case]:
    """Yield the defaults, the local values, the chart's flavors, and its scenarios."""
    yield Case("default", ())
    yield Case("local", ("-f", "values/local.yaml"))
    for flavor in read_flavors():
        if flavor.chart == chart:
            yield Case(f"flavor-{flavor.name}", ("-f", f"flavors/{flavor.name}.yaml"))
    for path in sorted((ROOT / "charts" / chart / "ci").glob("*-values.yaml")):
        yield Case(f"ci-{path.name.removesuffix('-values.yaml')}", ("-f", f"charts/{chart}/ci/{path.name}"))


def _text(objects: list[dict[str, Any]]) -> str:
    for each in objects:
        _leave_out(each)
    return HEADER + yaml.dump_all(objects, Dumper=DUMPER, sort_keys=False, width=120, explicit_start=True)


def _leave_out(rendered: dict[str, Any]) -> None:
    if rendered["kind"] == "ConfigMap":
        rendered["data"] = {"(left out)": "(left out)"}
    template = rendered.get("spec", {}).get("template", {})
    annotations = template.get("metadata", {}).get("annotations", {})
    if "checksum/runtime" in annotations:
        annotations["checksum/runtime"] = "(left out)"
    for container in template.get("spec", {}).get("containers", ()):
        mounts = container["volumeMounts"]
        container["volumeMounts"] = [mount for mount in mounts if not mount["mountPath"].startswith(RUNTIME_FILES)]


if __name__ == "__main__":
    sys.exit(run([make]))
