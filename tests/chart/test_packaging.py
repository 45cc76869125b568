"""Charts are complete as a plain clone and as a package, and each says in its notes what it has done."""

from __future__ import annotations

import shutil
import tarfile

import pytest
import yaml

from asya_core import transports
from tests.chart.rendering import HANDLER, ROOT
from tools.flavors import read_flavors
from tools.values_comments import read_keys, walk

CHARTS = ("actor", "crew", "pipeline")


def chart_yaml(name):
    return yaml.safe_load((ROOT / f"charts/{name}/Chart.yaml").read_text())


@pytest.fixture(scope="module")
def packages(helm, tmp_path_factory):
    folder = tmp_path_factory.mktemp("packages")
    for chart in CHARTS:
        done = helm.run("package", f"charts/{chart}", "--destination", folder)
        assert done.returncode == 0, done.stderr
    return {chart: folder / f"{chart}-{chart_yaml(chart)['version']}.tgz" for chart in CHARTS}


def names(package):
    with tarfile.open(package) as archive:
        return set(archive.getnames())


@pytest.mark.parametrize("chart", CHARTS)
def test_a_package_renders_what_the_folder_does(helm, packages, chart):
    from_folder = helm.template(chart=f"charts/{chart}").objects

    assert helm.template(chart=packages[chart]).objects == from_folder


def test_the_package_brings_the_runtime_and_the_flavors_but_no_scenarios(packages):
    inside = names(packages["actor"])

    for flavor in read_flavors():
        assert f"{flavor.chart}/flavors/{flavor.name}.yaml" in names(packages[flavor.chart])
    assert {
        f"actor/files/asya_runtime/{path.name}" for path in (ROOT / "images/runtime/asya_runtime").glob("*.py")
    } <= inside
    assert not [name for name in inside if "/ci/" in name]


def test_the_package_of_crew_holds_the_actor_chart(packages):
    assert "crew/charts/actor/Chart.yaml" in names(packages["crew"])


@pytest.mark.parametrize("chart", CHARTS)
def test_helm_lint_finds_nothing(helm, chart):
    done = helm.run("lint", "--strict", f"charts/{chart}")

    assert done.returncode == 0, done.stdout


def test_dependency_build_changes_nothing_that_is_rendered(helm, tmp_path):
    shutil.copytree(ROOT / "charts", tmp_path / "charts", symlinks=True)
    done = helm.run("dependency", "build", tmp_path / "charts/crew")

    assert done.returncode == 0, done.stderr
    assert sorted(path.name for path in (tmp_path / "charts/crew/charts").iterdir()) == ["actor"]
    assert helm.template(chart=tmp_path / "charts/crew").objects == helm.template(chart="charts/crew").objects


def test_both_charts_have_one_version_and_the_images_tag():
    versions = {(chart_yaml(chart)["version"], chart_yaml(chart)["appVersion"]) for chart in CHARTS}
    dependency = chart_yaml("crew")["dependencies"][0]

    assert len(versions) == 1
    assert dependency["version"] == chart_yaml("actor")["version"]


def test_every_value_is_used_by_a_template():
    templates = [path.read_text() for chart in CHARTS for path in (ROOT / f"charts/{chart}/templates").rglob("*.*")]
    text = "\n".join(templates)
    keys = {key.path for chart in CHARTS for key in walk(read_keys(ROOT / f"charts/{chart}/values.yaml"))}

    assert [path for path in sorted(keys) if path.split(".")[-1] not in text] == []


def test_the_transports_of_the_values_are_those_that_the_sidecar_has():
    keys = {
        key.path.split(".")[1]
        for key in walk(read_keys(ROOT / "charts/actor/values.yaml"))
        if "transports." in key.path
    }

    assert keys == set(transports.NAMES) - {"memory"}


def notes(helm, tmp_path, chart, values):
    """Render NOTES.txt, which `helm template` leaves out, as the text of an object."""
    copy = tmp_path / "charts" / chart
    shutil.copytree(ROOT / "charts" / chart, copy)
    text = (copy / "templates/NOTES.txt").read_text()
    (copy / "templates/_shown.tpl").write_text(f'{{{{ define "shown" }}}}{text}{{{{ end }}}}')
    template = '{kind: Notes, metadata: {name: n}, text: {{ include "shown" . | toJson }}}\n'
    (copy / "templates/shown.yaml").write_text(template)
    return helm.template(values, chart=copy, release="mine").one("Notes")["text"]


def test_notes_say_first_that_the_echo_handler_runs(helm, tmp_path):
    text = notes(helm, tmp_path, "actor", {})

    assert text.startswith("NO IMAGE AND NO HANDLER WERE GIVEN: this release runs the built-in echo handler")
    assert "--reset-then-reuse-values" in text


def test_notes_say_what_keeps_pods_from_starting(helm, tmp_path):
    warning = "imageRegistry IS EMPTY: pods start only on nodes that have asya-"

    assert f"{warning}sidecar:0.1.0 already" in notes(helm, tmp_path / "1", "actor", HANDLER)
    assert f"{warning}crew:0.1.0 and asya-sidecar:0.1.0 already" in notes(helm, tmp_path / "2", "crew", {})
    given = {"imageRegistry": "registry.example.com/asya"}
    assert "imageRegistry" not in notes(helm, tmp_path / "3", "actor", {**HANDLER, **given})
    assert "imageRegistry" not in notes(helm, tmp_path / "4", "crew", given)
    own = {**HANDLER, "sidecar": {"image": "registry.example.com/own-sidecar:1"}}
    assert "imageRegistry" not in notes(helm, tmp_path / "5", "actor", own)


@pytest.mark.parametrize(
    ("enabled", "replicas", "sentence"),
    [
        (False, 0, "It runs no pods until replicas is raised:"),
        (False, 1, "It runs 1 pod all the time:"),
        (False, 3, "It runs 3 pods all the time:"),
        (True, 3, "replicas: 3 does not count while scaling.enabled is true; set scaling.minReplicaCount."),
    ],
)
def test_notes_say_how_many_pods_run(helm, tmp_path, enabled, replicas, sentence):
    values = {**HANDLER, "scaling": {"enabled": enabled}, "replicas": replicas}

    assert sentence in notes(helm, tmp_path, "actor", values)


def test_notes_name_queue_pods_and_old_names(helm, tmp_path):
    values = {**HANDLER, "scaling": {"minReplicas": 1, "maxReplicas": 9}, "timeout": {"processing": 60}}
    text = notes(helm, tmp_path, "actor", values)

    assert text.startswith("Actor mine takes messages from queue asya-mine (nats).")
    assert "KEDA runs 1 to 9 pods" in text
    assert "scaling.minReplicas is an old name; write scaling.minReplicaCount." in text
    assert "replicas: " not in text
    assert "timeout.processing is an old name; write timeout.actor." in text


def test_notes_say_which_of_two_names_counts(helm, tmp_path):
    values = {**HANDLER, "scaling": {"maxReplicas": 50, "maxReplicaCount": 3}}

    assert "beats scaling.maxReplicaCount: 50 counts, 3 does not" in notes(helm, tmp_path, "actor", values)


def test_notes_of_crew_say_where_results_are(helm, tmp_path):
    text = notes(helm, tmp_path, "crew", {"queues": {"prefix": "dev-"}})

    assert text.startswith("The end actors take messages from queues dev-happy-end and dev-error-end and keep them")
    assert "keep them in file:///data" in text
    assert "delete pvc mine-store" in text
