"""What the settings of the original's sidecar become."""

from __future__ import annotations

import pytest

from asya_cli.assets import find_assets
from asya_cli.local.render import Release, render
from cli.tests.asyncactors import MINIMAL, converted


def secret(name, key):
    return {"valueFrom": {"secretKeyRef": {"name": name, "key": key}}}


def with_variables(*variables, **spec):
    """Convert an actor whose sidecar has these variables, each a name and a value or where it comes from."""
    env = [{"name": name, **(given if isinstance(given, dict) else {"value": given})} for name, given in variables]
    return converted({**MINIMAL, "sidecar": {"env": env}, **spec})


SQS = [
    ("ASYA_AWS_REGION", "eu-west-1"),
    ("ASYA_SQS_ENDPOINT", "http://localstack:4566"),
    ("ASYA_SQS_WAIT_TIME_SECONDS", "20"),
    ("AWS_ACCESS_KEY_ID", secret("aws", "AWS_ACCESS_KEY_ID")),
    ("AWS_SECRET_ACCESS_KEY", secret("aws", "AWS_SECRET_ACCESS_KEY")),
]


def test_region_address_and_credentials_of_sqs_are_values():
    result = with_variables(*SQS, transport="sqs")

    assert result.values["transport"] == "sqs"
    assert result.values["transports"] == {
        "sqs": {
            "region": "eu-west-1",
            "endpoint": "http://localstack:4566",
            "waitTime": 20,
            "existingSecret": "aws",
        }
    }
    assert result.notes.left == []
    assert "sidecar" not in result.values


@pytest.mark.needs("helm")
def test_the_chart_takes_what_became_of_them(tmp_path):
    file = tmp_path / "values.yaml"
    file.write_text(with_variables(*SQS, transport="sqs").text("helm install"))
    rendered = render(Release("a", find_assets().chart("actor"), [file]), tmp_path)

    pod = next(each for each in rendered if each["kind"] == "Deployment")["spec"]["template"]["spec"]
    sidecar = next(each for each in pod["containers"] if each["name"] == "asya-sidecar")
    env = {each["name"]: each.get("value") for each in sidecar["env"]}
    assert (env["ASYA_SQS_REGION"], env["ASYA_SQS_ENDPOINT"]) == ("eu-west-1", "http://localstack:4566")
    assert "aws" in [each.get("secret", {}).get("secretName") for each in pod["volumes"]]


@pytest.mark.parametrize(
    "other", [secret("aws", "secret-access-key"), secret("mine", "AWS_SECRET_ACCESS_KEY"), "plain", {}], ids=str
)
def test_credentials_in_another_shape_are_left_out_with_the_secret_to_make(other):
    result = with_variables(("AWS_ACCESS_KEY_ID", secret("aws", "AWS_ACCESS_KEY_ID")), ("AWS_SECRET_ACCESS_KEY", other))

    assert [note.path for note in result.notes.left] == [
        "spec.sidecar.env.AWS_ACCESS_KEY_ID",
        "spec.sidecar.env.AWS_SECRET_ACCESS_KEY",
    ]
    assert result.notes.left[0].remedy == (
        "make one with AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY and name it in transports.sqs.existingSecret"
    )
    assert "plain" not in result.text("")


def test_address_and_credentials_of_rabbitmq_are_values():
    result = with_variables(
        ("ASYA_RABBITMQ_HOST", "rabbit.mq"),
        ("ASYA_RABBITMQ_PORT", "5671"),
        ("ASYA_RABBITMQ_USERNAME", secret("mq", "username")),
        ("ASYA_RABBITMQ_PASSWORD", secret("mq", "password")),
    )

    assert result.values["transports"] == {"rabbitmq": {"url": "amqp://rabbit.mq:5671", "existingSecret": "mq"}}
    assert result.notes.left == []


def test_a_password_in_an_address_is_not_written_into_values():
    result = with_variables(("ASYA_RABBITMQ_URL", "amqp://guest:hidden@mq:5672"))

    assert [note.path for note in result.notes.left] == ["spec.sidecar.env.ASYA_RABBITMQ_URL"]
    assert "hidden" not in result.text("") + str(result.notes)


@pytest.mark.parametrize("name", ["ASYA_RUNTIME_TIMEOUT", "ASYA_RESILIENCY_ACTOR_TIMEOUT"])
def test_a_timeout_of_the_sidecar_counts_more_than_the_specs_own(name):
    assert with_variables((name, "90s"), timeout={"processing": 300}).values["timeout"] == {"actor": "90s"}


def test_the_last_of_two_variables_of_one_name_counts():
    result = with_variables(("ASYA_AWS_REGION", "a"), ("ASYA_AWS_REGION", "b"), ("ASYA_SQS_ENDPOINT", ""))

    assert result.values["transports"] == {"sqs": {"region": "b"}}


@pytest.mark.parametrize(
    ("name", "given", "why"),
    [
        ("ASYA_SQS_VISIBILITY_TIMEOUT", "600", "the sidecar renews it"),
        ("ASYA_GATEWAY_URL", "http://gateway", "the gateway is not built yet"),
        ("ASYA_AWS_REGION", {"valueFrom": {"configMapKeyRef": {"name": "c", "key": "r"}}}, "another object"),
        ("ASYA_CUSTOM_METRICS", "[]", "a setting of the original's sidecar"),
    ],
)
def test_what_has_no_value_is_named_with_its_reason(name, given, why):
    [note] = with_variables((name, given)).notes.left

    assert note.path == f"spec.sidecar.env.{name}"
    assert why in note.why


def test_the_level_of_the_sidecars_log_and_its_resources_stay():
    env = [{"name": "ASYA_LOG_LEVEL", "value": "debug"}]
    sidecar = {"env": env, "resources": {"limits": {"memory": "256Mi"}}, "image": "x", "imagePullPolicy": "Always"}

    assert converted({**MINIMAL, "sidecar": sidecar}).values["sidecar"] == {
        "resources": {"limits": {"memory": "256Mi"}},
        "env": env,
    }
