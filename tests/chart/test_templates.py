"""Templates are small, and whoever reads a rendered object finds where it comes from by the names of files."""

from __future__ import annotations

import itertools
import re
from collections import Counter

import pytest

from tests.chart.rendering import ROOT

CHARTS = ("actor", "crew", "pipeline")
DEFINES = {
    chart: {file: file.read_text() for file in sorted((ROOT / f"charts/{chart}/templates").rglob("*.tpl"))}
    for chart in CHARTS
}
LONGEST_DEFINE = 30
_DEFINE = re.compile(
    r'^\{\{-? define "([^"]+)" -?\}\}\n(.*?)^\{\{-? end -?\}\}$(?=\n*(?:\{\{/\*|\{\{-? define |\Z))',
    re.MULTILINE | re.DOTALL,
)
_INCLUDE = re.compile(r'\{\{- include "(actor|crew|pipeline)\.[a-z]+" .*\}\}\n')


def defines(chart):
    for file, text in DEFINES[chart].items():
        for name, body in _DEFINE.findall(text):
            yield file, name, len(body.splitlines()) + 2


@pytest.mark.parametrize("chart", CHARTS)
def test_no_define_is_long(chart):
    assert {name: lines for _, name, lines in defines(chart) if lines > LONGEST_DEFINE} == {}


@pytest.mark.parametrize("chart", CHARTS)
def test_every_define_is_seen_here_once_and_bears_its_charts_name(chart):
    seen = Counter(name for _, name, _ in defines(chart))
    written = re.findall(r'\{\{-? define "([^"]+)"', "\n".join(DEFINES[chart].values()))

    assert sorted(seen.elements()) == sorted(written)
    assert set(seen.values()) == {1}
    assert all(name.startswith(f"{chart}.") for name in seen)


@pytest.mark.parametrize("chart", CHARTS)
def test_a_template_is_one_line_that_names_its_object(chart):
    files = (ROOT / f"charts/{chart}/templates").rglob("*.yaml")

    assert [file.name for file in files if not _INCLUDE.fullmatch(file.read_text())] == []


def test_an_object_of_the_actor_is_made_in_the_file_that_bears_its_name():
    places = {name: file.name for file, name, _ in defines("actor")}

    for template in (ROOT / "charts/actor/templates").rglob("*.yaml"):
        (made,) = re.findall(r'"object" "([a-z-]+)"', template.read_text())
        assert template.stem in (made, f"keda-{made}", "validate")
        assert places[f"actor.{made}"] in (f"_{made}.tpl", "_render.tpl")


def test_charts_that_render_actors_have_every_object_that_the_actor_chart_has():
    made = {
        chart: {file.relative_to(folder).as_posix() for file in folder.rglob("*.yaml")}
        for chart in CHARTS
        for folder in [ROOT / f"charts/{chart}/templates"]
    }

    assert made["actor"] - made["pipeline"] == set()
    assert made["actor"] - made["crew"] == {"configmap-runtime.yaml"}  # the image of the ends has the runtime


def test_the_namespace_is_written_in_one_place():
    text = "\n".join(itertools.chain.from_iterable(DEFINES["actor"][file].splitlines() for file in DEFINES["actor"]))

    assert len(re.findall(r"namespace: \{\{", text)) == 1


def test_the_values_of_the_actor_fit_on_a_few_screens():
    assert len((ROOT / "charts/actor/values.yaml").read_text().splitlines()) <= 450


def test_no_line_of_an_object_is_made_of_blanks(helm):
    done = helm.run("template", "my-model", "charts/actor", "--set", "runtime.inject=false")

    assert done.returncode == 0, done.stderr
    assert [line for line in done.stdout.splitlines() if line and not line.strip()] == []
