"""What KEDA asks each broker, and with which credentials."""

from __future__ import annotations

import json

import jsonschema
import pytest

from tests.chart.rendering import HANDLER, ROOT

AUTHENTICATION = json.loads((ROOT / "tests/chart/schemas/triggerauthentication.json").read_text())


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


def test_the_trigger_of_sqs_counts_what_is_in_hand_and_not_what_is_delayed(helm):
    sqs = {"region": "eu-west-1", "endpoint": "http://sqs.aws.svc:4566", "existingSecret": "keys"}
    rendered = helm.template({**HANDLER, "transport": "sqs", "transports": {"sqs": sqs}})

    assert rendered.trigger() == {
        "name": "queue",
        "type": "aws-sqs-queue",
        "metadata": {
            "queueURL": "asya-my-model",
            "awsRegion": "eu-west-1",
            "awsEndpoint": "http://sqs.aws.svc:4566",
            "queueLength": "5",
            "activationQueueLength": "0",
            "scaleOnInFlight": "true",
            "scaleOnDelayed": "false",
        },
        "authenticationRef": {"name": "my-model"},
    }
    assert rendered.one("TriggerAuthentication")["spec"] == {
        "secretTargetRef": [
            {"parameter": "awsAccessKeyID", "name": "keys", "key": "AWS_ACCESS_KEY_ID"},
            {"parameter": "awsSecretAccessKey", "name": "keys", "key": "AWS_SECRET_ACCESS_KEY"},
        ]
    }


@pytest.mark.parametrize("owner", ["keda", "workload"])
def test_without_a_secret_keda_reads_sqs_with_a_role(helm, owner):
    rendered = helm.template({**HANDLER, "transport": "sqs", "transports": {"sqs": {"identityOwner": owner}}})

    authentication = rendered.one("TriggerAuthentication")
    assert authentication["spec"] == {"podIdentity": {"provider": "aws", "identityOwner": owner}}
    jsonschema.validate(authentication, AUTHENTICATION)
    assert "awsEndpoint" not in rendered.trigger()["metadata"]
