"""AsyncActor manifests of 2025 and 2026: what stands under `spec` is a values file, and means what it meant."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml

from tests.chart.cases import merged, tell
from tests.chart.rendering import ROOT, RUNTIME, SIDECAR

FOLDER = Path(__file__).with_name("manifests")
MANIFESTS = {file.stem: list(yaml.safe_load_all(file.read_text())) for file in sorted(FOLDER.glob("*.yaml"))}


def values(name):
    """The values files that somebody gives for a manifest: the flavors that it names, then its spec."""
    manifest, facts = MANIFESTS[name]
    flavors = [yaml.safe_load((ROOT / f"flavors/{flavor}.yaml").read_text()) for flavor in facts.get("flavors", ())]
    return merged(*flavors, {"actor": manifest["metadata"]["name"]}, manifest["spec"])


def built(name):
    """The same without what is refused."""
    refused = {line.partition(":")[0] for line in MANIFESTS[name][1].get("refused", ())}
    return {key: value for key, value in values(name).items() if key not in refused}


@pytest.fixture(scope="module")
def told(helm):
    return tell(helm, {name: values(name) for name in MANIFESTS})


@pytest.fixture(scope="module")
def rendered(helm):
    return {name: case.rendered for name, case in tell(helm, {name: built(name) for name in MANIFESTS}).items()}


def meaning(rendered):
    """What is said of an actor, in the words of the facts."""
    pod, template = rendered.pod(), rendered.one("Deployment")["spec"]["template"]
    runtime, sidecar = rendered.container(RUNTIME), rendered.container(SIDECAR)
    resiliency = json.loads(rendered.env(SIDECAR)["ASYA_RESILIENCY"])
    return {
        "actor": rendered.one("Deployment")["metadata"]["name"],
        "transport": rendered.env(SIDECAR)["ASYA_TRANSPORT"],
        "image": runtime["image"],
        "handler": rendered.env(RUNTIME)["ASYA_HANDLER"],
        "mode": rendered.env(RUNTIME)["ASYA_HANDLER_MODE"],
        "python": runtime["command"][0],
        "timeout": seconds(rendered.env(SIDECAR)["ASYA_RUNTIME_TIMEOUT"]),
        "grace": pod["terminationGracePeriodSeconds"],
        "replicas": rendered.one("Deployment")["spec"].get("replicas"),
        "resources": runtime.get("resources"),
        "containers": [each["name"] for each in pod["containers"]],
        "initContainers": [each["name"] for each in pod.get("initContainers", ())],
        "sidecarImage": sidecar["image"],
        "scheduler": pod.get("schedulerName"),
        "dns": pod.get("dnsConfig"),
        "account": pod.get("serviceAccountName"),
        "nodeSelector": pod.get("nodeSelector"),
        "policies": resiliency["policies"],
        "rules": resiliency["rules"],
        "labels": template["metadata"]["labels"],
        "annotations": template["metadata"]["annotations"],
        "env": rendered.env(RUNTIME),
        "tolerations": pod.get("tolerations", []),
        "volumes": {each["name"]: {k: v for k, v in each.items() if k != "name"} for each in pod["volumes"]},
        "mounts": {each["mountPath"]: each["name"] for each in runtime["volumeMounts"]},
        **(scaling(rendered.one("ScaledObject")["spec"]) if rendered.all("ScaledObject") else {}),
    }


def scaling(spec):
    trigger = spec["triggers"][0]["metadata"]
    return {
        "min": spec["minReplicaCount"],
        "max": spec["maxReplicaCount"],
        "polling": spec["pollingInterval"],
        "cooldown": spec["cooldownPeriod"],
        "queueLength": int(next(trigger[key] for key in ("lagThreshold", "value", "queueLength") if key in trigger)),
        "modifiers": spec["advanced"].get("scalingModifiers"),
        "restore": spec["advanced"].get("restoreToOriginalReplicaCount"),
        "triggers": [each["name"] for each in spec["triggers"]],
    }


def seconds(text):
    units = {"s": 1, "m": 60, "h": 3600}
    return int(text) if text[-1].isdigit() else int(text[:-1]) * units[text[-1]]


JOINED = {"labels", "annotations", "env", "volumes", "mounts"}
"""Maps in which the chart has entries of its own; in tolerations flavors have theirs."""


@pytest.mark.parametrize("name", MANIFESTS)
def test_the_spec_is_taken_or_refused_in_a_sentence(told, name):
    expected = MANIFESTS[name][1].get("refused", [])

    assert [line.removeprefix("ERROR: ") for line in told[name].refused] == expected


FILES = [file for file in sorted((ROOT / "values").glob("*.yaml")) if file.stem != "local"]
"""All but the one that `asya local` gives, behind an actor's own."""
ENVIRONMENTS = {file.stem: yaml.safe_load(file.read_text()) for file in FILES}
SHARED = {"env": {"SHARED": "1"}, "resources": {"limits": {"memory": "1Gi"}}, "nodeSelector": {"pool": "actors"}}


@pytest.fixture(scope="module")
def in_environments(helm):
    environments = {**ENVIRONMENTS, "shared": SHARED}
    return tell(
        helm, {f"{at} {name}": merged(environments[at], values(name)) for at in environments for name in MANIFESTS}
    )


@pytest.mark.parametrize("environment", [*ENVIRONMENTS, "shared"])
@pytest.mark.parametrize("name", MANIFESTS)
def test_the_spec_is_taken_in_every_environment(told, in_environments, name, environment):
    assert in_environments[f"{environment} {name}"].refused == told[name].refused


@pytest.mark.parametrize(
    ("name", "fact"),
    [(name, fact) for name, (_, facts) in MANIFESTS.items() for fact in facts if fact not in ("refused", "flavors")],
)
def test_it_means_what_it_meant(rendered, name, fact):
    expected, found = MANIFESTS[name][1][fact], meaning(rendered[name])[fact]

    if fact in JOINED:
        assert expected.items() <= found.items()
    elif fact == "tolerations":
        assert [each for each in expected if each not in found] == []
    else:
        assert found == expected


@pytest.mark.parametrize("name", ["2025-every-field", "2026-every-field"])
def test_helm_takes_the_file_as_it_is(helm, tmp_path, name):
    file = tmp_path / "actor.yaml"
    file.write_text(yaml.safe_dump(MANIFESTS[name][0]["spec"]))

    assert helm.template(files=[file], release="mine").one("Deployment")


def test_each_year_has_its_manifests_and_every_manifest_its_facts():
    assert {name[:4] for name in MANIFESTS} == {"2025", "2026"}
    assert all(manifest["kind"] == "AsyncActor" and facts for manifest, facts in MANIFESTS.values())
