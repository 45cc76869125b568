"""Credentials of the broker reach the sidecar and the hook Job, as files, and nothing else."""

from __future__ import annotations

import json

import pytest

from tests.chart.rendering import HANDLER, JOB, RUNTIME, SIDECAR

TRANSPORTS = ("nats", "rabbitmq", "sqs")


@pytest.fixture(scope="module", params=TRANSPORTS)
def secured(request, helm):
    values = {"transport": request.param, "transports": {request.param: {"existingSecret": "broker"}}}
    return helm.template({**HANDLER, **values})


def mounts(rendered, container):
    return {mount["name"]: mount["mountPath"] for mount in rendered.container(container)["volumeMounts"]}


@pytest.mark.parametrize("container", [SIDECAR, JOB])
def test_the_secret_is_mounted_where_the_program_looks_for_it(secured, container):
    pod = secured.pod("Job" if container == JOB else "Deployment")
    volumes = {volume["name"]: volume for volume in pod["volumes"]}

    optional = {"optional": True} if container == JOB else {}
    assert volumes["asya-secrets"]["secret"] == {"secretName": "broker", **optional}
    assert mounts(secured, container)["asya-secrets"] == secured.env(container)["ASYA_SECRETS_DIR"]


def test_the_users_container_gets_neither_files_nor_variables_of_it(secured):
    container = json.dumps(secured.container(RUNTIME))

    assert "asya-secrets" not in container
    assert "broker" not in container
    assert not [
        name
        for name in secured.env(RUNTIME)
        if any(word in name for word in ("NATS", "RABBITMQ", "SQS", "AWS", "SECRET"))
    ]


def test_no_pod_gets_a_service_accounts_token(secured):
    assert [secured.pod(kind)["automountServiceAccountToken"] for kind in ("Deployment", "Job")] == [False, False]


def test_without_a_secret_nothing_is_mounted(actor):
    assert "asya-secrets" not in mounts(actor, SIDECAR)
    assert "asya-secrets" not in [volume["name"] for volume in actor.pod()["volumes"]]


def test_services_of_the_namespace_do_not_become_environment(actor):
    assert [actor.pod(kind)["enableServiceLinks"] for kind in ("Deployment", "Job")] == [False, False]
