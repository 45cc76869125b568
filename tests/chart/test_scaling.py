"""KEDA owns the number of pods, and sees messages in progress."""

from __future__ import annotations

import pytest

from tests.chart.rendering import HANDLER


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


def test_the_trigger_of_nats(helm):
    nats = {"monitoringEndpoint": "nats.example.com:8222", "monitoringHttps": True, "account": "ACME"}
    rendered = helm.template({**HANDLER, "transports": {"nats": nats}, "scaling": {"queueLength": 1000000}})

    assert rendered.trigger() == {
        "name": "queue",
        "type": "nats-jetstream",
        "metadata": {
            "natsServerMonitoringEndpoint": "nats.example.com:8222",
            "account": "ACME",
            "stream": "asya-my-model",
            "consumer": "actor",
            "lagThreshold": "1000000",
            "activationLagThreshold": "0",
            "useHttps": "true",
        },
    }
    assert rendered.all("TriggerAuthentication") == []


def test_the_trigger_of_rabbitmq_reads_the_management_api(helm):
    rendered = helm.template({**HANDLER, "transport": "rabbitmq", "queues": {"prefix": "dev-"}})

    assert rendered.trigger() == {
        "name": "queue",
        "type": "rabbitmq",
        "metadata": {
            "protocol": "http",
            "host": "http://rabbitmq.rabbitmq.svc.cluster.local:15672",
            "vhostName": "/",
            "queueName": "dev-my-model",
            "mode": "QueueLength",
            "value": "5",
            "activationValue": "0",
            "excludeUnacknowledged": "false",
        },
        "authenticationRef": {"name": "my-model"},
    }


@pytest.mark.parametrize(("monitoring", "expected"), [("", "asya-rabbitmq"), ("reader", "reader")])
def test_keda_takes_its_credentials_from_a_secret(helm, monitoring, expected):
    rendered = helm.template(
        {**HANDLER, "transport": "rabbitmq", "transports": {"rabbitmq": {"monitoringSecret": monitoring}}}
    )

    assert rendered.one("TriggerAuthentication", "my-model")["spec"] == {
        "secretTargetRef": [
            {"parameter": "username", "name": expected, "key": "username"},
            {"parameter": "password", "name": expected, "key": "password"},
        ]
    }
