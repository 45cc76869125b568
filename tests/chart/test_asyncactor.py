"""The spec of an AsyncActor manifest, of 2025 or of 2026, installs as it is."""

from __future__ import annotations

import json
import re

import pytest
import yaml

from tests.chart.cases import defaults, merged, tell
from tests.chart.rendering import HANDLER, ROOT, RUNTIME, SIDECAR

ENV = [{"name": "MODEL_PATH", "value": "/models/a"}]
RESOURCES = {"limits": {"nvidia.com/gpu": 1}}
VOLUMES = [{"name": "models", "emptyDir": {}}]
MOUNTS = [{"name": "models", "mountPath": "/models"}]
TOLERATIONS = [{"key": "gpu", "operator": "Exists"}]
SPEC_2026 = {
    "actor": "classifier",
    "image": "my-classifier:1",
    "handler": "classifier.TextClassifier.process",
    "pythonExecutable": "python3.12",
    "imagePullPolicy": "Always",
    "transport": "nats",
    "env": ENV,
    "resources": RESOURCES,
    "volumes": VOLUMES,
    "volumeMounts": MOUNTS,
    "tolerations": TOLERATIONS,
    "nodeSelector": {"disk": "ssd"},
    "podLabels": {"team": "ml"},
    "scaling": {"enabled": True, "minReplicaCount": 1, "maxReplicaCount": 100, "queueLength": 7},
    "timeout": {"actor": 120},
    "sidecar": {"image": "sidecar:1", "env": [{"name": "X", "value": "1"}]},
}
SPEC_2025 = {
    "actor": "classifier",
    "transport": "nats",
    "scaling": {"enabled": True, "minReplicas": 1, "maxReplicas": 100, "queueLength": 7},
    "timeout": {"processing": 120},
    "sidecar": {"image": "sidecar:1", "env": [{"name": "X", "value": "1"}]},
    "workload": {
        "kind": "Deployment",
        "pythonExecutable": "python3.12",
        "template": {
            "metadata": {"labels": {"team": "ml"}},
            "spec": {
                "nodeSelector": {"disk": "ssd"},
                "tolerations": TOLERATIONS,
                "volumes": VOLUMES,
                "containers": [
                    {
                        "name": "asya-runtime",
                        "image": "my-classifier:1",
                        "imagePullPolicy": "Always",
                        "env": [{"name": "ASYA_HANDLER", "value": "classifier.TextClassifier.process"}, *ENV],
                        "resources": RESOURCES,
                        "volumeMounts": MOUNTS,
                    }
                ],
            },
        },
    },
}


def with_container(**fields):
    template = {"spec": {"containers": [{"name": "asya-runtime", "image": "x:1", **fields}]}}
    return {"workload": {"template": template}}


HANDLER_ENV = [{"name": "ASYA_HANDLER", "value": "a.b"}]


def test_names_of_2025_and_2026_mean_the_same(helm):
    assert helm.template(SPEC_2025).objects == helm.template(SPEC_2026).objects


@pytest.mark.parametrize(
    ("then", "today"),
    [
        ({"scaling": {"minReplicas": 0}}, {"scaling": {"minReplicaCount": 0}}),
        ({"scaling": {"enabled": False}, "workload": {"replicas": 0}}, {"scaling": {"enabled": False}, "replicas": 0}),
        ({"timeout": {"processing": 7}}, {"timeout": {"actor": 7}}),
        ({"resiliency": {"actorTimeout": "7s"}}, {"timeout": {"actor": "7s"}}),
        (
            {"workload": {"template": {"spec": {"terminationGracePeriodSeconds": 400}}}},
            {"timeout": {"gracefulShutdown": 400}},
        ),
        ({"env": [{"name": "ASYA_HANDLER", "value": "a.b"}], "image": "x"}, {"handler": "a.b", "image": "x"}),
        ({"env": {"ASYA_HANDLER_MODE": "Envelope"}}, {"handlerMode": "envelope"}),
    ],
)
def test_each_old_name_has_the_meaning_of_its_new_one(helm, then, today):
    assert helm.template(then).objects == helm.template(today).objects


@pytest.mark.parametrize(
    ("timeout", "grace"),
    [
        ({"processing": 300, "gracefulShutdown": 30}, 330),
        ({"processing": 300}, 330),
        ({"processing": 60, "gracefulShutdown": 600}, 600),
    ],
)
def test_a_manifest_with_the_defaults_of_its_time_gets_the_grace_that_a_message_needs(helm, timeout, grace):
    rendered = helm.template({"timeout": timeout})

    assert rendered.pod()["terminationGracePeriodSeconds"] == grace
    assert rendered.env(SIDECAR)["ASYA_RUNTIME_TIMEOUT"] == str(timeout["processing"])


def test_the_defaults_beside_old_names_are_the_charts():
    names = (ROOT / "charts/actor/templates/_values-today.tpl").read_text()
    entries = re.findall(r'"section" "(\w*)" "name" "(\w+)" .* "default" (nil|\d+|"[^"]*")\)', names)

    for section, name, default in entries:
        values = defaults()[section] if section else defaults()
        assert values[name] == (None if default == "nil" else json.loads(default))
    assert len(entries) == names.count('"was"')


OLD_NAMES = {
    "minReplicas": {"scaling": {"minReplicas": 1}},
    "maxReplicas": {"scaling": {"maxReplicas": 40}},
    "processing": {"timeout": {"processing": 900}},
    "actorTimeout": {"resiliency": {"actorTimeout": "900s"}},
    "grace": {"workload": {"template": {"spec": {"terminationGracePeriodSeconds": 4000}}}},
    "replicas": {"scaling": {"minReplicas": 1}, "workload": {"replicas": 1}},
    "pythonExecutable": {"workload": {"pythonExecutable": "python3.12"}},
}


def test_every_old_name_goes_with_every_flavor(helm):
    flavors = {file.stem: yaml.safe_load(file.read_text()) for file in (ROOT / "flavors").glob("*.yaml")}
    del flavors["s3-results"]  # The ends' own.
    cases = {
        f"{flavor} {name}": merged(written, {"image": "x:1", "handler": "a.b"}, old)
        for flavor, written in flavors.items()
        for name, old in OLD_NAMES.items()
    }

    assert {case: told.refused for case, told in tell(helm, cases).items() if told.refused} == {}


def test_zero_replicas_of_a_manifest_stay_zero(helm):
    rendered = helm.template({"scaling": {"enabled": False}, "workload": {"replicas": 0}})

    assert rendered.one("Deployment")["spec"]["replicas"] == 0


def test_the_handler_is_given_to_the_runtime_once(helm):
    env = helm.template(with_container(env=HANDLER_ENV)).container(RUNTIME)["env"]

    assert [entry["value"] for entry in env if entry["name"] == "ASYA_HANDLER"] == ["a.b"]


def test_further_fields_of_the_container_are_kept(helm):
    further = {"workingDir": "/app", "envFrom": [{"secretRef": {"name": "s"}}], "livenessProbe": {"exec": {}}}
    container = helm.template(with_container(env=HANDLER_ENV, **further)).container(RUNTIME)

    assert further.items() <= container.items()


def test_probes_of_the_manifest_take_the_place_of_ours(helm):
    probe = {"exec": {"command": ["true"]}}
    container = helm.template(with_container(env=HANDLER_ENV, readinessProbe=probe)).container(RUNTIME)

    assert container["readinessProbe"] == probe
    assert "asya/runtime-ready" in container["startupProbe"]["exec"]["command"][-1]


def test_other_containers_run_beside_it(helm):
    values = with_container(env=HANDLER_ENV)
    values["workload"]["template"]["spec"]["containers"].append({"name": "cache", "image": "redis:7"})
    values["workload"]["template"]["spec"]["initContainers"] = [{"name": "fetch", "image": "curl"}]
    pod = helm.template(values).pod()

    assert [container["name"] for container in pod["containers"]] == [RUNTIME, SIDECAR, "cache"]
    assert [(each["name"], each["image"]) for each in pod["initContainers"]] == [("fetch", "curl")]


def test_a_manifest_is_joined_with_flavors_and_wins(helm):
    rendered = helm.template(SPEC_2025, files=["flavors/gpu-inference.yaml"])

    spec = rendered.one("ScaledObject")["spec"]
    assert (spec["maxReplicaCount"], spec["cooldownPeriod"]) == (100, 600)

    assert {"name": "shm", "mountPath": "/dev/shm"} in rendered.container(RUNTIME)["volumeMounts"]
    assert MOUNTS[0] in rendered.container(RUNTIME)["volumeMounts"]


@pytest.mark.parametrize(
    ("old", "environment"),
    [
        ({"scaling": {"maxReplicas": 50}}, {"scaling": {"maxReplicaCount": 3}}),
        ({"timeout": {"processing": 60}}, {"timeout": {"actor": "10m"}}),
        ({"workload": {"pythonExecutable": "python3.12"}}, {"pythonExecutable": "python3.13"}),
    ],
)
def test_an_old_name_beats_what_an_environment_gives_under_todays(helm, old, environment):
    told = tell(helm, {"both": merged(environment, HANDLER, old), "old": {**HANDLER, **old}})

    assert told["both"].refused == []
    assert told["both"].texts == told["old"].texts


def test_a_pod_template_is_joined_with_what_an_environment_gives_and_wins(helm):
    environment = {
        "env": {"LOG": "all", "MODEL_PATH": "/shared"},
        "resources": {"limits": {"memory": "1Gi"}},
        "nodeSelector": {"pool": "actors", "disk": "hdd"},
        "tolerations": {"spot": {"key": "spot", "operator": "Exists"}},
    }
    told = tell(helm, {"both": merged(environment, SPEC_2025)})["both"]

    assert told.refused == []
    env, pod = told.rendered.env(RUNTIME), told.rendered.pod()
    assert (env["LOG"], env["MODEL_PATH"]) == ("all", "/models/a")
    assert told.rendered.container(RUNTIME)["resources"] == {"limits": {"memory": "1Gi", "nvidia.com/gpu": 1}}
    assert pod["nodeSelector"] == {"pool": "actors", "disk": "ssd"}
    assert [each["key"] for each in pod["tolerations"]] == ["spot", "gpu"]


def test_keys_of_secrets_become_environment(helm):
    refs = [{"secretName": "openai", "keys": [{"key": "token", "envVar": "OPENAI_API_KEY"}]}]
    env = helm.template({"secretRefs": refs, "env": {"OWN": "1"}}).env(RUNTIME)

    assert env["OPENAI_API_KEY"] == {"secretKeyRef": {"name": "openai", "key": "token"}}
    assert env["OWN"] == "1"
