"""SQS: its settings reach sidecar and hook Job, the handler gets no identity of theirs, and GPU actors ask for it."""

from __future__ import annotations

import json
import re

import pytest
import yaml

from asya_core.durations import parse_duration
from asya_core.transports.sqs.settings import settings_from
from tests.chart.cases import merged, tell
from tests.chart.rendering import HANDLER, JOB, ROOT, SIDECAR

SQS = {**HANDLER, "transport": "sqs"}
ROLE = {"create": True, "annotations": {"eks.amazonaws.com/role-arn": "arn:aws:iam::111122223333:role/text"}}
SKIPPED = "eks.amazonaws.com/skip-containers"
ATTRIBUTES = {"NonExistentQueue", "MessageAttributes"}
"""What the code names like a call, and is none."""
GPU = {name: yaml.safe_load((ROOT / f"flavors/{name}.yaml").read_text()) for name in ("gpu", "gpu-inference")}


def sqs(**fields):
    return {**SQS, "transports": {"sqs": fields}}


def annotations_of(rendered):
    return rendered.one("Deployment")["spec"]["template"]["metadata"]["annotations"]


@pytest.fixture(scope="module")
def told(helm):
    secret = {"transports": {"sqs": {"existingSecret": "keys"}}}
    others = {
        "initContainers": [{"name": "fetch", "image": "x"}],
        "workload": {"template": {"spec": {"containers": [{"name": "asya-runtime"}, {"name": "cache", "image": "x"}]}}},
    }
    return tell(helm, {
        "plain": SQS,
        "role": {**SQS, "serviceAccount": ROLE},
        "other containers": {**SQS, **others},
        "allowed": {**SQS, "runtime": {"cloudIdentity": True}},
        "own annotation": {**SQS, "podAnnotations": {SKIPPED: "cache"}},
        "secret": {**SQS, **secret},
        "another broker": {**HANDLER, "serviceAccount": ROLE},
        "another broker, and no identity": {**HANDLER, "runtime": {"cloudIdentity": False}},
    })  # fmt: skip


@pytest.mark.parametrize("container", [SIDECAR, JOB])
def test_settings_reach_what_talks_to_the_broker(helm, container):
    given = {
        "region": "eu-west-1",
        "endpoint": "http://sqs:4566",
        "visibilityTimeout": 90,
        "waitTime": "5s",
        "owner": "team-a",
        "tags": {"cost": "ml"},
    }
    env = helm.template(sqs(**given)).env(container)

    assert json.loads(env.pop("ASYA_SQS_TAGS")) == {"cost": "ml"}
    assert {name: value for name, value in env.items() if "SQS" in name} == {
        "ASYA_SQS_REGION": "eu-west-1",
        "ASYA_SQS_ENDPOINT": "http://sqs:4566",
        "ASYA_SQS_VISIBILITY_TIMEOUT": "90",
        "ASYA_SQS_WAIT_TIME": "5s",
        "ASYA_SQS_OWNER": "team-a",
    }


@pytest.mark.parametrize(
    "given",
    [{}, {"visibilityTimeout": "5s", "waitTime": "0s"}, {"visibilityTimeout": "12h", "waitTime": 20}],
)
def test_the_transport_reads_what_the_chart_writes(helm, given):
    env = helm.template(sqs(endpoint="http://sqs:4566", tags={"a": "b"}, **given)).env(SIDECAR)
    settings = settings_from(env)

    assert (settings.region, settings.endpoint, settings.owner) == ("us-east-1", "http://sqs:4566", "asya")
    assert settings.tags == {"a": "b"}
    wanted = (given.get("visibilityTimeout", "60s"), str(given.get("waitTime", "20s")))
    assert (settings.visibility, settings.wait) == tuple(parse_duration(each) for each in wanted)


def test_queues_belong_to_the_releases_namespace_unless_somebody_else_is_named(helm):
    assert helm.template(SQS).env(JOB)["ASYA_SQS_OWNER"] == "asya"


@pytest.mark.parametrize(
    ("case", "skipped"),
    [
        ("plain", "asya-runtime"),
        ("role", "asya-runtime"),
        ("other containers", "asya-runtime,fetch,cache"),
        ("allowed", None),
        ("own annotation", "cache"),
        ("secret", None),
        ("another broker", None),
        ("another broker, and no identity", "asya-runtime"),
    ],
)
def test_the_identity_that_enters_the_broker_is_kept_from_the_users_containers(told, case, skipped):
    assert annotations_of(told[case].rendered).get(SKIPPED) == skipped


def test_the_ends_keep_the_identity_that_their_store_needs(helm):
    rendered = helm.template({"transport": "sqs", "serviceAccount": ROLE}, chart="charts/crew")

    for each in rendered.all("Deployment"):
        assert SKIPPED not in each["spec"]["template"]["metadata"]["annotations"]


def test_hook_jobs_have_the_identity_before_the_release_and_after_it(helm):
    rendered = helm.template({**SQS, "serviceAccount": ROLE, "queues": {"deleteOnUninstall": True}})

    accounts = {each["metadata"]["name"]: each for each in rendered.all("ServiceAccount")}
    assert ROLE["annotations"].items() <= accounts["my-model-queues"]["metadata"]["annotations"].items()
    pods = [each["spec"]["template"]["spec"] for each in rendered.all("Job")] + [rendered.one("Pod")["spec"]]
    assert {pod["serviceAccountName"] for pod in pods} == {"my-model-queues"}
    assert len(pods) == 3


@pytest.mark.parametrize(
    ("given", "ports"),
    [
        ({}, [443]),
        ({"endpoint": "http://sqs:4566"}, [443, 4566]),
        ({"endpoint": "http://sqs:4566", "existingSecret": "keys"}, [4566]),
        ({"endpoint": "http://sqs", "existingSecret": "keys"}, [80]),
        ({"endpoint": "https://sqs/", "existingSecret": "keys"}, [443]),
    ],
)
def test_a_network_policy_lets_pods_reach_the_server_and_what_gives_credentials(helm, given, ports):
    policy = helm.template({**sqs(**given), "networkPolicy": {"enabled": True}}).one("NetworkPolicy")

    _, broker = policy["spec"]["egress"]
    assert [each["port"] for each in broker["ports"]] == ports


@pytest.mark.parametrize("flavor", GPU)
@pytest.mark.parametrize(
    ("own", "transport"),
    [({}, "sqs"), ({"transport": "nats"}, "nats"), ({"transport": "rabbitmq"}, "rabbitmq"), ({"transport": ""}, "sqs")],
)
def test_gpu_actors_go_through_sqs_unless_a_transport_is_chosen_in_whatever_order(helm, flavor, own, transport):
    told = tell(helm, {"before": merged(own, GPU[flavor], HANDLER), "behind": merged(GPU[flavor], HANDLER, own)})

    assert {case.rendered.env(SIDECAR)["ASYA_TRANSPORT"] for case in told.values()} == {transport}


def test_longest_names_fit(helm):
    values = {**SQS, "actor": "a" * 63, "queues": {"prefix": "b" * 13}}

    assert len(tell(helm, {"longest": values})["longest"].rendered.trigger()["metadata"]["queueURL"]) == 76


def test_the_policy_on_the_page_allows_what_the_transport_calls_and_no_more():
    page = (ROOT / "docs/install/eks.md").read_text()
    policy = json.loads(re.search(r'title="actors-policy.json"\n(.*?)```', page, re.DOTALL)[1])
    allowed = {action.removeprefix("sqs:") for each in policy["Statement"] for action in each["Action"]}
    code = "".join(file.read_text() for file in (ROOT / "lib/asya_core/transports/sqs").glob("*.py"))
    called = {name.removesuffix("Batch") for name in re.findall(r'"([A-Z][a-z]+(?:Queues?|Message)[A-Za-z]*)"', code)}

    assert allowed - {"TagQueue"} == called - {"ListQueues", "DeleteQueue"} - ATTRIBUTES
