"""KEDA owns the number of pods, and sees messages in progress."""

from __future__ import annotations

import json
from typing import Any

import jsonschema
import kubernetes_validate
import pytest

from tests.chart.cases import tell
from tests.chart.rendering import HANDLER, ROOT

SCHEMAS = {
    version: json.loads((ROOT / f"tests/chart/schemas/{file}.json").read_text())
    for version, file in (("2.16", "scaledobject-2.16"), ("2.21", "scaledobject"))
}
"""The oldest KEDA that the chart names, and the newest that it was tried with."""
POLICY = {"type": "Pods", "value": 1, "periodSeconds": 60}
CPU = {"type": "Resource", "resource": {"name": "cpu", "target": {"type": "Utilization", "averageUtilization": 80}}}


def behaviour(given):
    return {"horizontalPodAutoscalerConfig": {"behavior": given}}


def test_replicas_are_not_written_while_keda_owns_them(actor):
    assert "replicas" not in actor.one("Deployment")["spec"]


@pytest.mark.parametrize("replicas", [0, 3])
def test_without_keda_replicas_are_written_and_nothing_of_keda(helm, replicas):
    rendered = helm.template({**HANDLER, "scaling": {"enabled": False}, "replicas": replicas, "transport": "rabbitmq"})

    assert rendered.one("Deployment")["spec"]["replicas"] == replicas
    assert rendered.all("ScaledObject") == rendered.all("TriggerAuthentication") == []


def test_the_scaled_object_names_the_deployment(actor):
    spec = actor.one("ScaledObject")["spec"]

    assert spec["scaleTargetRef"] == {"name": actor.one("Deployment")["metadata"]["name"]}
    assert {key: spec[key] for key in ("minReplicaCount", "maxReplicaCount", "pollingInterval", "cooldownPeriod")} == {
        "minReplicaCount": 0,
        "maxReplicaCount": 50,
        "pollingInterval": 10,
        "cooldownPeriod": 60,
    }
    assert not {"fallback", "idleReplicaCount", "initialCooldownPeriod"} & spec.keys()
    assert "annotations" not in actor.one("ScaledObject")["metadata"]


def test_zero_is_a_value(helm):
    scaling = {"minReplicaCount": 0, "cooldownPeriod": 0, "initialCooldownPeriod": 0}
    spec = helm.template({**HANDLER, "scaling": scaling}).one("ScaledObject")["spec"]

    assert scaling.items() <= spec.items()


def test_the_flat_advanced_of_a_manifest_becomes_kedas(helm):
    advanced = {"formula": "queue * 2", "target": "5", "restoreToOriginalReplicaCount": True}
    spec = helm.template({**HANDLER, "scaling": {"advanced": advanced}}).one("ScaledObject")["spec"]

    assert spec["triggers"][0]["name"] == "queue"
    assert spec["advanced"].pop("horizontalPodAutoscalerConfig")
    assert spec["advanced"] == {
        "restoreToOriginalReplicaCount": True,
        "scalingModifiers": {"formula": "queue * 2", "target": "5"},
    }


def test_further_triggers_come_behind_the_queues(helm):
    cron = {"type": "cron", "metadata": {"timezone": "UTC", "desiredReplicas": "3"}}
    triggers = helm.template({**HANDLER, "scaling": {"additionalTriggers": [cron]}}).one("ScaledObject")["spec"][
        "triggers"
    ]

    assert [trigger["type"] for trigger in triggers] == ["nats-jetstream", "cron"]


def test_kedas_fallback_is_passed_on(helm):
    fallback = {"failureThreshold": 3, "replicas": 2}

    assert (
        helm.template({**HANDLER, "scaling": {"fallback": fallback}}).one("ScaledObject")["spec"]["fallback"]
        == fallback
    )


CASES: dict[str, dict[str, Any]] = {
    "plain": {},
    "everything": {
        "minReplicaCount": 2,
        "idleReplicaCount": 0,
        "initialCooldownPeriod": 0,
        "activationQueueLength": 3,
        "paused": True,
        "fallback": {"failureThreshold": 3, "replicas": 2},
        "advanced": {
            "formula": "queue",
            "target": "5",
            "activationTarget": "1",
            "metricType": "Value",
            "restoreToOriginalReplicaCount": False,
            "horizontalPodAutoscalerConfig": {"name": "own", "behavior": {"scaleUp": {"policies": [POLICY]}}},
        },
        "additionalTriggers": [{"type": "cron", "name": "day", "metadata": {"timezone": "UTC"}}],
    },
    "paused at none": {"paused": 0},
    "paused at three": {"paused": 3},
    "own behaviour": {"advanced": behaviour({"scaleDown": {"stabilizationWindowSeconds": 0}})},
    "own policies": {"advanced": behaviour({"scaleDown": {"policies": [POLICY], "selectPolicy": "Min"}})},
    "plain hpa": {"minReplicaCount": 1, "maxReplicaCount": 4, "hpa": {"metrics": [CPU]}},
    "hpa with behaviour": {
        "minReplicaCount": 1,
        "hpa": {"metrics": [CPU], "behavior": {"scaleDown": {"stabilizationWindowSeconds": 0}}},
    },
}


@pytest.fixture(scope="module")
def told(helm):
    broker = {"transport": "rabbitmq", "timeout": {"actor": "10m"}}
    return tell(helm, {name: {**HANDLER, **broker, "scaling": scaling} for name, scaling in CASES.items()})


@pytest.fixture
def scaled(told):
    def scaled(name):
        assert told[name].refused == []
        return told[name].rendered.one("ScaledObject")

    return scaled


@pytest.mark.parametrize("version", SCHEMAS)
@pytest.mark.parametrize("name", [name for name, scaling in CASES.items() if "hpa" not in scaling])
def test_every_supported_keda_takes_it(scaled, name, version):
    jsonschema.validate(scaled(name), SCHEMAS[version])


def test_idle_pods_are_fewer_than_the_least(scaled):
    spec = scaled("everything")["spec"]

    assert (spec["idleReplicaCount"], spec["minReplicaCount"]) == (0, 2)


def test_the_first_pod_can_wait_for_more_messages(scaled, helm):
    assert scaled("everything")["spec"]["triggers"][0]["metadata"]["activationValue"] == "3"
    nats = helm.template({**HANDLER, "scaling": {"activationQueueLength": 3}})
    assert nats.trigger()["metadata"]["activationLagThreshold"] == "3"


@pytest.mark.parametrize(
    ("name", "annotations"),
    [
        ("plain", None),
        ("everything", {"autoscaling.keda.sh/paused": "true"}),
        ("paused at none", {"autoscaling.keda.sh/paused-replicas": "0"}),
        ("paused at three", {"autoscaling.keda.sh/paused-replicas": "3"}),
    ],
)
def test_scaling_can_be_paused(scaled, name, annotations):
    assert scaled(name)["metadata"].get("annotations") == annotations


def test_pods_go_slowly_and_only_when_one_message_has_had_its_time(scaled):
    behavior = scaled("plain")["spec"]["advanced"]["horizontalPodAutoscalerConfig"]["behavior"]

    assert behavior == {
        "scaleDown": {
            "stabilizationWindowSeconds": 600,
            "policies": [{"type": "Percent", "value": 25, "periodSeconds": 60}],
        }
    }


@pytest.mark.parametrize(("timeout", "window"), [("2s", 60), ("90s", 90), ("25m", 1500), ("3h", 3600)])
def test_the_wait_stays_within_what_kubernetes_takes(helm, timeout, window):
    rendered = helm.template({**HANDLER, "timeout": {"actor": timeout}})

    advanced = rendered.one("ScaledObject")["spec"]["advanced"]
    assert advanced["horizontalPodAutoscalerConfig"]["behavior"]["scaleDown"]["stabilizationWindowSeconds"] == window


def test_a_users_behaviour_is_laid_over_ours(scaled):
    def scale_down(name):
        return scaled(name)["spec"]["advanced"]["horizontalPodAutoscalerConfig"]["behavior"]["scaleDown"]

    assert scale_down("own behaviour")["stabilizationWindowSeconds"] == 0
    assert scale_down("own policies")["policies"] == [POLICY]
    assert scale_down("own policies")["selectPolicy"] == "Min"
    everything = scaled("everything")["spec"]["advanced"]["horizontalPodAutoscalerConfig"]
    assert everything["name"] == "own"
    assert everything["behavior"].keys() == {"scaleUp", "scaleDown"}


def test_false_is_a_value(scaled):
    assert scaled("everything")["spec"]["advanced"]["restoreToOriginalReplicaCount"] is False


def test_a_plain_autoscaler_stands_in_kedas_place(told):
    rendered = told["plain hpa"].rendered
    spec = rendered.one("HorizontalPodAutoscaler", "my-model")["spec"]

    assert rendered.all("ScaledObject") == rendered.all("TriggerAuthentication") == []
    assert "replicas" not in rendered.one("Deployment")["spec"]
    assert spec["scaleTargetRef"] == {"apiVersion": "apps/v1", "kind": "Deployment", "name": "my-model"}
    assert (spec["minReplicas"], spec["maxReplicas"], spec["metrics"]) == (1, 4, [CPU])
    assert spec["behavior"]["scaleDown"]["stabilizationWindowSeconds"] == 600


def test_a_plain_autoscalers_behaviour_is_laid_over_ours(told):
    spec = told["hpa with behaviour"].rendered.one("HorizontalPodAutoscaler")["spec"]

    assert spec["behavior"]["scaleDown"]["stabilizationWindowSeconds"] == 0
    assert spec["behavior"]["scaleDown"]["policies"]


def test_every_autoscaler_is_one_that_kubernetes_takes(told):
    for name in ("plain hpa", "hpa with behaviour"):
        for version in ("1.25", "1.34"):
            hpa = told[name].rendered.one("HorizontalPodAutoscaler")
            kubernetes_validate.validate(hpa, version, strict=True)
