"""The examples for Argo CD fit its schemas, and their charts and values render as it would render them."""

from __future__ import annotations

import json
from typing import Any

import jsonschema
import pytest
import yaml

from tests.chart.rendering import HANDLER, ROOT, RUNTIME, SIDECAR, Rendered
from tools.versions import version

EXAMPLES = ROOT / "examples" / "argocd"
REPOSITORY = EXAMPLES / "repository"
GIT, CHARTS = "https://git.example.com/ml/actors.git", "https://charts.example.com/asya"
HOOKS = {"pre-install", "pre-upgrade", "post-delete", "test"}
MANIFESTS = {
    str(path.relative_to(EXAMPLES)): yaml.safe_load(path.read_text())
    for path in sorted(EXAMPLES.rglob("*.yaml"))
    if REPOSITORY not in path.parents
}
APPLICATIONS = {name: each for name, each in MANIFESTS.items() if each["kind"] == "Application"}
OF_CHARTS = {name: each for name, each in APPLICATIONS.items() if "path" not in each["spec"].get("source", {})}


def sources(application: dict[str, Any]) -> list[dict[str, Any]]:
    spec = application["spec"]
    return spec.get("sources") or [spec["source"]]


def render(helm, application) -> Rendered:
    """Render as Argo CD does: value files of the chart or of the source that `$values` names, then valuesObject."""
    charts = [source for source in sources(application) if "chart" in source]
    assert len(charts) == 1
    source = charts[0]
    chart = ROOT / "charts" / source["chart"]
    files = [
        REPOSITORY / name.removeprefix("$values/") if name.startswith("$values/") else chart / name
        for name in source["helm"]["valueFiles"]
    ]
    if source["helm"].get("ignoreMissingValueFiles"):
        files = [file for file in files if file.is_file()]
    release = source["helm"]["releaseName"]
    return helm.template(source["helm"].get("valuesObject"), chart=chart, release=release, files=files)


@pytest.fixture(scope="module")
def generate(helm, tmp_path_factory):
    """Give what the ApplicationSet makes of a file; Helm runs its templates, Go's with the same functions."""
    spec = MANIFESTS["applicationset.yaml"]["spec"]
    chart = tmp_path_factory.mktemp("engine")
    (chart / "templates").mkdir()
    (chart / "Chart.yaml").write_text("apiVersion: v2\nname: engine\nversion: 1.0.0\n")
    (chart / "templates" / "all.yaml").write_text("{{ tpl .Values.text .Values.file }}\n")

    def generate(name, values):
        about = {"path": {"path": "actors", "filename": name, "basename": "actors"}}
        parameters = {**values, **about, "Template": {"BasePath": ""}}
        template = {"kind": "Application", **spec["template"]}
        made = _run(helm, chart, yaml.safe_dump(template, width=1000), parameters)
        patch = _run(helm, chart, f"kind: Patch\n{spec['templatePatch']}", parameters)
        made["spec"].update(patch["spec"])
        return {"apiVersion": "argoproj.io/v1alpha1", **made}

    return generate


@pytest.fixture(scope="module")
def generated(generate):
    files = sorted(REPOSITORY.glob("actors/*.yaml"))
    return {file.stem: generate(file.name, yaml.safe_load(file.read_text())) for file in files}


def _run(helm, chart, text, parameters):
    return helm.template({"text": text, "file": parameters}, chart=chart).objects[0]


@pytest.mark.parametrize("name", MANIFESTS)
def test_a_manifest_fits_argo_cds_schema(name):
    manifest = MANIFESTS[name]
    schema = json.loads((ROOT / f"tests/chart/schemas/argocd/{manifest['kind'].lower()}.json").read_text())

    jsonschema.validate(manifest, schema)


def test_the_schemas_refuse_what_they_do_not_know():
    schema = json.loads((ROOT / "tests/chart/schemas/argocd/application.json").read_text())
    wrong = {**MANIFESTS["actor.yaml"], "spec": {**MANIFESTS["actor.yaml"]["spec"], "sorce": {}}}

    with pytest.raises(jsonschema.ValidationError, match="sorce"):
        jsonschema.validate(wrong, schema)


@pytest.mark.parametrize("name", OF_CHARTS)
def test_an_application_renders(helm, name):
    application = OF_CHARTS[name]
    rendered = render(helm, application)

    assert rendered.all("Deployment")
    assert {each["metadata"]["namespace"] for each in rendered.objects} == {"asya"}  # as the destination says


def test_flavors_of_the_chart_and_of_the_team_count(helm):
    classifier = render(helm, OF_CHARTS["actor.yaml"])
    judge = render(helm, OF_CHARTS["actor-with-values-in-git.yaml"])

    for rendered in (classifier, judge):
        assert rendered.container(RUNTIME)["resources"]["limits"]["nvidia.com/gpu"] == 1
    assert classifier.one("ScaledObject")["spec"]["maxReplicaCount"] == 4
    assert judge.pod()["nodeSelector"] == {"pool": "team-a"}
    assert judge.env(SIDECAR)["ASYA_QUEUE_PREFIX"] == "ml-"


def test_the_application_set_makes_an_application_for_each_file(generated, helm):
    schema = json.loads((ROOT / "tests/chart/schemas/argocd/application.json").read_text())

    assert sorted(generated) == ["classifier", "llm-judge", "preprocessor"]
    for name, application in generated.items():
        jsonschema.validate(application, schema)
        assert application["metadata"]["name"] == name
    assert render(helm, generated["classifier"]).container(RUNTIME)["resources"]["limits"]["nvidia.com/gpu"] == 1
    assert "resources" not in render(helm, generated["preprocessor"]).container(RUNTIME)
    assert render(helm, generated["llm-judge"]).pod()["nodeSelector"] == {"pool": "team-a"}


@pytest.mark.parametrize(
    ("values", "flavors"),
    [
        ({}, []),
        ({"flavors": None}, []),
        ({"flavor": "gpu"}, ["gpu"]),
        ({"flavors": "gpu"}, ["gpu"]),
        ({"flavor": "gpu", "flavors": ["spot", "own"]}, ["gpu", "spot", "own"]),
    ],
)
def test_the_application_set_gives_the_flavors_however_a_file_names_them(generate, values, flavors):
    given = sources(generate("a.yaml", values))[0]["helm"]["valueFiles"]

    assert given == [
        "$values/environment.yaml",
        *(f"{place}flavors/{flavor}.yaml" for flavor in flavors for place in ("", "$values/")),
        "$values/actors/a.yaml",
    ]


def test_a_flavor_that_nobody_has_is_refused_by_the_chart(generated, helm):
    values = {**HANDLER, "flavors": ["nonesuch"]}

    assert sources(generated["classifier"])[0]["helm"]["ignoreMissingValueFiles"] is True
    assert 'ERROR: flavors: "nonesuch" is no flavor of this chart' in helm.refusal(values)


def test_the_end_actors_come_before_the_others():
    waves = {
        name: int(each["metadata"]["annotations"]["argocd.argoproj.io/sync-wave"])
        for name, each in APPLICATIONS.items()
        if name.startswith("pipeline/")
    }

    assert waves.pop("pipeline/crew.yaml") < min(waves.values())


def test_the_app_of_apps_reads_the_folder_of_its_children():
    source = MANIFESTS["app-of-apps.yaml"]["spec"]["source"]

    assert (EXAMPLES / source["path"]).is_dir()
    assert source["repoURL"] == GIT


def test_all_come_from_the_projects_sources_and_take_this_version():
    project = MANIFESTS["project.yaml"]
    allowed = {(each["server"], each["namespace"]) for each in project["spec"]["destinations"]}
    for application in APPLICATIONS.values():
        spec = application["spec"]
        assert {source["repoURL"] for source in sources(application)} <= set(project["spec"]["sourceRepos"])
        assert (spec["destination"]["server"], spec["destination"]["namespace"]) in allowed
        assert spec["project"] == project["metadata"]["name"]
        assert {source["targetRevision"] for source in sources(application) if "chart" in source} <= {version()}


def test_no_difference_has_to_be_ignored():
    assert not [name for name, each in APPLICATIONS.items() if "ignoreDifferences" in each["spec"]]


@pytest.mark.parametrize("name", OF_CHARTS)
def test_hooks_are_those_that_argo_cd_knows_or_leaves_alone(helm, name):
    for each in render(helm, OF_CHARTS[name]).objects:
        hooks = each["metadata"].get("annotations", {}).get("helm.sh/hook", "")
        assert set(filter(None, hooks.split(","))) <= HOOKS
        if "pre-upgrade" in hooks:  # every sync runs it, so it must be in the way of no later one
            assert "before-hook-creation" in each["metadata"]["annotations"]["helm.sh/hook-delete-policy"]
