"""Many values files at once: one run of Helm tells what the chart `actor` makes of each.

Helm's start costs more than a render, so whoever has many values to try gives them together. They are laid over the
chart's defaults and held against its schema here, as Helm does for one release; everything else is done by Helm.
"""

from __future__ import annotations

import functools
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jsonschema
import yaml

from tests.chart.rendering import LOADER, ROOT, Helm, Rendered

ACTOR = ROOT / "charts" / "actor"
OBJECTS = (
    "serviceaccount", "deployment", "scaledobject", "triggerauthentication", "hpa", "poddisruptionbudget",
    "networkpolicy", "podmonitor", "queue-job", "queue-delete-job", "queue-serviceaccount", "queue-test",
)  # fmt: skip
"""All but the ConfigMap with the runtime's files, which is the same for every case."""
_CHART = "{apiVersion: v2, name: many, version: 0.0.0, appVersion: 0.1.0}\n"
_VALUES = "{actor: {enabled: false}, cases: {}}\n"
_TEMPLATE = """\
{{- range $case, $values := .Values.cases }}
{{- $made := include "actor.values" $values | fromJson }}
{{- $name := $values.actor | default "my-model" }}
{{- $parts := dict "root" $ "files" $.Files "name" $name "raw" $values "values" $made "shared" dict }}
{{- $refused := include "actor.guards" $parts | trim }}
{{- $objects := list }}
{{- if not $refused }}
{{- range $.Values.objects }}
{{- $objects = append $objects (include (printf "actor.%s" .) $parts) }}
{{- end }}
{{- end }}
---
{{ dict "kind" "Case" "case" $case "refused" $refused "objects" $objects | toJson }}
{{- end }}
"""


@dataclass(frozen=True)
class Case:
    """What became of one values file: the guards' lines, or else the objects, read once somebody asks for them."""

    refused: list[str]
    texts: list[str]

    @functools.cached_property
    def rendered(self) -> Rendered:
        return Rendered([each for text in self.texts for each in yaml.load_all(text, Loader=LOADER) if each])


def tell(helm: Helm, cases: Mapping[str, Mapping[str, Any]], *, check: bool = True) -> dict[str, Case]:
    """Return what the chart makes of values, by the name of each case; `check` holds them against the schema."""
    files = {case: laid_over(defaults(), values) for case, values in cases.items()}
    for case, values in files.items() if check else ():
        errors = [f"{case}: {error.json_path}: {error.message}" for error in schema().iter_errors(values)]
        assert not errors, errors
    done = helm.template({"cases": files, "objects": OBJECTS}, chart=chart(helm.folder))
    return {each["case"]: _case(each) for each in done.objects}


def _case(found: dict[str, Any]) -> Case:
    return Case([line for line in found["refused"].splitlines() if line.strip()], found["objects"])


@functools.cache
def chart(folder: Path) -> Path:
    """Make the chart that renders the cases, once, with the chart `actor` inside."""
    chart = folder / "many"
    (chart / "templates").mkdir(parents=True)
    (chart / "charts").mkdir()
    (chart / "Chart.yaml").write_text(_CHART)
    (chart / "values.yaml").write_text(_VALUES)
    (chart / "templates" / "cases.yaml").write_text(_TEMPLATE)
    (chart / "charts" / "actor").symlink_to(ACTOR)
    for name in ("files", "flavors"):
        (chart / name).symlink_to(ACTOR / name)
    return chart


@functools.cache
def defaults() -> dict[str, Any]:
    """The chart's own values."""
    values: dict[str, Any] = yaml.safe_load((ACTOR / "values.yaml").read_text(encoding="utf-8"))
    return values


@functools.cache
def schema() -> jsonschema.Draft7Validator:
    """The chart's schema."""
    return jsonschema.Draft7Validator(json.loads((ACTOR / "values.schema.json").read_text(encoding="utf-8")))


def laid_over(below: Any, values: Any) -> Any:
    """Values over others as Helm lays them: maps key by key, null takes a key away, everything else whole."""
    if not isinstance(below, dict) or not isinstance(values, Mapping):
        return values
    laid = below | {key: laid_over(below.get(key), value) for key, value in values.items()}
    return {key: value for key, value in laid.items() if value is not None or below.get(key) is None}


def merged(*layers: Mapping[str, Any]) -> dict[str, Any]:
    """Several values files in one, the last one strongest."""
    result: dict[str, Any] = {}
    for layer in layers:
        result = laid_over(result, layer)
    return result
