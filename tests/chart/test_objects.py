"""Every object that a chart renders is one that Kubernetes, or KEDA, takes."""

from __future__ import annotations

import json

import jsonschema
import kubernetes_validate
import pytest
import yaml

from tests.chart.rendering import HANDLER, LOADER, ROOT, Rendered

KUBERNETES = ("1.25", "1.34")
"""The oldest version that the charts name, and the one that goldens are rendered for."""
FOREIGN = {
    kind: json.loads((ROOT / f"tests/chart/schemas/{kind.lower()}.json").read_text())
    for kind in ("ScaledObject", "TriggerAuthentication", "PodMonitor")
}
EVERYTHING = {
    **HANDLER,
    "transport": "rabbitmq",
    "imagePullSecrets": [{"name": "pull"}],
    "imageRegistry": "registry.example.com/asya",
    "concurrency": 4,
    "prefetch": 8,
    "env": {"A": 1, "B": True, "C": {"valueFrom": {"secretKeyRef": {"name": "s", "key": "k"}}}},
    "secretRefs": [{"secretName": "s", "keys": [{"key": "k", "envVar": "D"}]}],
    "resources": {"limits": {"cpu": 1, "memory": "1Gi"}},
    "timeout": {"actor": "90s", "gracefulShutdown": 600},
    "scaling": {
        "initialCooldownPeriod": 0,
        "fallback": {"failureThreshold": 3, "replicas": 2, "behavior": "currentReplicasIfHigher"},
        "advanced": {
            "formula": "queue",
            "target": "5",
            "activationTarget": "0",
            "metricType": "AverageValue",
            "restoreToOriginalReplicaCount": True,
            "horizontalPodAutoscalerConfig": {"behavior": {"scaleDown": {"stabilizationWindowSeconds": 60}}},
        },
        "additionalTriggers": [{"type": "cron", "name": "day", "metadata": {"timezone": "UTC"}}],
    },
    "resiliency": {"policies": {"default": {"maxAttempts": 3}}, "rules": [{"errors": ["E"], "policy": "default"}]},
    "volumes": {"cache": {"emptyDir": {}}},
    "volumeMounts": {"cache": {"mountPath": "/cache"}},
    "tolerations": {"gpu": {"key": "gpu", "operator": "Exists"}},
    "nodeSelector": {"disk": "ssd"},
    "affinity": {"nodeAffinity": {}},
    "topologySpreadConstraints": [
        {"maxSkew": 1, "topologyKey": "zone", "whenUnsatisfiable": "ScheduleAnyway", "labelSelector": {}}
    ],
    "priorityClassName": "high",
    "runtimeClassName": "nvidia",
    "serviceAccountName": "ml",
    "podLabels": {"team": "ml"},
    "podAnnotations": {"note": "yes"},
}
GOLDENS = ROOT / "tests/chart/golden"
NOTHING = {"pipeline/default.yaml", "pipeline/local.yaml", "pipeline/ci-default.yaml"}  # a pipeline without actors
SCENARIOS = sorted({file.relative_to(GOLDENS).as_posix() for file in GOLDENS.rglob("*.yaml")} - NOTHING)
"""What every chart renders with its defaults, flavors and scenarios; test_goldens.py sees to it that it is so."""


def golden(name: str) -> Rendered:
    return Rendered([each for each in yaml.load_all((GOLDENS / name).read_text(), Loader=LOADER) if each])


def check(rendered) -> None:
    for each in rendered.objects:
        if each["kind"] in FOREIGN:
            jsonschema.validate(each, FOREIGN[each["kind"]])
        else:
            for version in KUBERNETES if not is_native(each) else KUBERNETES[1:]:
                kubernetes_validate.validate(each, version, strict=True)


def is_native(rendered) -> bool:
    """Whether a pod has sidecars of Kubernetes' own kind, which the oldest version does not know."""
    pod = rendered.get("spec", {}).get("template", {}).get("spec", {})
    return any("restartPolicy" in container for container in pod.get("initContainers", ()))


@pytest.mark.parametrize("name", SCENARIOS)
def test_objects_of_every_scenario_are_valid(name):
    assert golden(name).objects
    check(golden(name))


def test_objects_with_everything_set_are_valid(helm):
    check(helm.template(EVERYTHING))


@pytest.mark.parametrize("release", ["123", "1e3", "0x1f", "true", "null", "on", "y"])
def test_names_that_yaml_takes_for_something_else_stay_names(helm, release):
    rendered = helm.template(HANDLER, release=release)

    check(rendered)
    assert rendered.container("queues")["command"][4] == release


def test_keda_refuses_a_field_that_it_does_not_know(actor):
    scaled = json.loads(json.dumps(actor.one("ScaledObject")))
    scaled["spec"]["cooldown"] = 60

    with pytest.raises(jsonschema.ValidationError, match="'cooldown' was unexpected"):
        jsonschema.validate(scaled, FOREIGN["ScaledObject"])
