"""Large payloads: the sidecar alone learns of their store, and enters it by a Secret, a claim or an identity."""

from __future__ import annotations

import json

import pytest

from asya_sidecar.settings import Settings
from tests.chart.rendering import HANDLER, JOB, RUNTIME, SIDECAR

SKIPPED = "eks.amazonaws.com/skip-containers"


def template(helm, values=None, **check):
    return helm.template({**HANDLER, **(values or {}), "claimCheck": check})


def mounts(rendered, container=SIDECAR):
    return {each["name"]: each["mountPath"] for each in rendered.container(container)["volumeMounts"]}


def test_without_a_store_nothing_of_it_is_there(actor):
    assert "CLAIM_CHECK" not in json.dumps(actor.objects)
    assert "claim-check" not in json.dumps(actor.pod())


def test_settings_reach_the_sidecar_alone(helm):
    rendered = template(helm, url="gs://payloads/asya", prefix="big/", threshold=1_000_000, existingSecret="gcs")

    assert {name: value for name, value in rendered.env(SIDECAR).items() if "CLAIM" in name} == {
        "ASYA_CLAIM_CHECK_URL": "gs://payloads/asya",
        "ASYA_CLAIM_CHECK_PREFIX": "big/",
        "ASYA_CLAIM_CHECK_THRESHOLD": "1000000",
        "ASYA_CLAIM_CHECK_SECRETS_DIR": mounts(rendered)["asya-claim-check-secrets"],
    }
    for container in (RUNTIME, JOB):
        text = json.dumps(rendered.container(container))
        assert "CLAIM_CHECK" not in text
        assert "claim-check" not in text
    secret = {"name": "asya-claim-check-secrets", "secret": {"secretName": "gcs"}}
    assert secret in rendered.pod()["volumes"]


@pytest.mark.parametrize("prefix", ["payloads-asya/", "a", "a/b.c/", "/a=1/"])
def test_the_sidecar_takes_every_prefix_that_the_chart_takes(helm, prefix):
    settings = Settings.from_env(template(helm, url="s3://payloads", prefix=prefix).env(SIDECAR))

    assert settings.claims is not None
    assert settings.claims.prefix == prefix.strip("/") + "/"


def test_a_folder_is_a_claim_that_the_sidecar_mounts(helm):
    rendered = template(helm, url="file:///payloads", existingClaim="shared")

    assert mounts(rendered)["asya-claim-check-store"] == "/payloads"
    claim = {"name": "asya-claim-check-store", "persistentVolumeClaim": {"claimName": "shared"}}
    assert claim in rendered.pod()["volumes"]


def test_a_run_without_a_cluster_has_one_folder_for_all(helm):
    values = {**HANDLER, "claimCheck": {"url": "file:///payloads"}}

    rendered = helm.template(values, files=["values/local.yaml"])
    assert rendered.env(SIDECAR)["ASYA_CLAIM_CHECK_URL"] == "file:///payloads"


@pytest.mark.parametrize(
    ("check", "skipped"),
    [
        ({"url": "s3://payloads"}, "asya-runtime"),
        ({"url": "s3://payloads", "existingSecret": "s3"}, None),
        ({"url": "file:///payloads", "existingClaim": "c"}, None),
    ],
)
def test_an_identity_that_enters_the_store_is_kept_from_the_users_container(helm, check, skipped):
    pod = template(helm, **check).one("Deployment")["spec"]["template"]

    assert pod["metadata"]["annotations"].get(SKIPPED) == skipped


@pytest.mark.parametrize(
    ("check", "ports"),
    [({"url": "s3://payloads"}, [[53, 53], [4222], [443]]), ({}, [[53, 53], [4222]])],
)
def test_a_network_policy_lets_pods_reach_a_clouds_store(helm, check, ports):
    policy = template(helm, {"networkPolicy": {"enabled": True}}, **check).one("NetworkPolicy")

    assert [[port["port"] for port in rule["ports"]] for rule in policy["spec"]["egress"]] == ports


def test_the_ends_and_all_actors_of_a_release_have_the_same(helm):
    check = {"claimCheck": {"url": "s3://payloads"}}
    crew = helm.template(check, chart="charts/crew", release="crew")
    pipeline = helm.template({**HANDLER, **check, "actors": {"a": {}, "b": {}}}, chart="charts/pipeline")

    found = [(crew, "happy-end"), (crew, "error-end"), (pipeline, "a"), (pipeline, "b")]
    assert {rendered.env(SIDECAR, name)["ASYA_CLAIM_CHECK_URL"] for rendered, name in found} == {"s3://payloads"}
    assert "claimCheck" in helm.refusal({"actors": {"a": check}}, chart="charts/pipeline")
