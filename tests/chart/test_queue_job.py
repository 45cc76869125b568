"""The hook Job makes the queues before anything else of the release exists."""

from __future__ import annotations

import json

import pytest

from asya_sidecar.queues import VERBS
from tests.chart.rendering import HANDLER, JOB, SIDECAR


def test_it_runs_before_install_and_upgrade_and_stays_until_the_next_so_that_its_log_can_be_read(actor):
    annotations = actor.one("Job")["metadata"]["annotations"]

    assert annotations == {
        "helm.sh/hook": "pre-install,pre-upgrade",
        "helm.sh/hook-weight": "0",
        "helm.sh/hook-delete-policy": "before-hook-creation",
    }


def test_it_ends_by_itself(actor):
    spec = actor.one("Job")["spec"]

    assert spec["template"]["spec"]["restartPolicy"] == "Never"
    assert (spec["backoffLimit"], spec["activeDeadlineSeconds"], spec["ttlSecondsAfterFinished"]) == (3, 240, 86400)


def test_it_uses_nothing_that_the_release_itself_makes(helm):
    rendered = helm.template({**HANDLER, "transport": "rabbitmq"})
    made = {each["metadata"]["name"] for each in rendered.objects if each["kind"] != "Job"}
    pod = rendered.pod("Job")

    assert "serviceAccountName" not in pod
    assert [volume["name"] for volume in pod["volumes"]] == ["asya-tmp", "asya-secrets"]
    assert not [name for name in made if json.dumps({"name": name})[1:-1] in json.dumps(pod)]


def test_it_has_the_sidecars_image_and_broker(actor):
    job, sidecar = actor.env(JOB), actor.env(SIDECAR)

    assert actor.container(JOB)["image"] == actor.container(SIDECAR)["image"]
    assert job.items() <= sidecar.items()


@pytest.mark.parametrize("actor_name", ["happy-end", "error-end"])
def test_an_end_actors_queue_is_named_once(helm, actor_name):
    end = {"actor": actor_name, "image": "x:1", "handler": "asya_crew.happy_end.HappyEnd.process"}

    assert sorted(helm.template(end).container(JOB)["command"][4:]) == ["error-end", "happy-end"]


def test_pods_of_the_job_are_not_the_actors(actor):
    selector = actor.one("Deployment")["spec"]["selector"]["matchLabels"]
    labels = actor.one("Job")["spec"]["template"]["metadata"]["labels"]

    assert not selector.items() <= labels.items()


def test_it_can_be_left_out(helm):
    assert helm.template({**HANDLER, "queues": {"create": False}}).all("Job") == []


def test_its_user_may_be_without_a_secret_and_hears_of_it_in_the_log(helm):
    rendered = helm.template({**HANDLER, "transport": "rabbitmq"})

    secret = next(each["secret"] for each in rendered.pod("Job")["volumes"] if "secret" in each)
    assert secret == {"secretName": "asya-rabbitmq", "optional": True}
    assert {"ASYA_SECRET_NAME": secret["secretName"]}.items() <= rendered.env(JOB).items()
    assert [each["secret"] for each in rendered.pod()["volumes"] if "secret" in each] == [
        {"secretName": "asya-rabbitmq"}
    ]


@pytest.mark.parametrize("enabled", [True, False])
def test_it_looks_whether_keda_would_see_depths_where_keda_looks(helm, enabled):
    env = helm.template({**HANDLER, "transport": "rabbitmq", "scaling": {"enabled": enabled}}).env(JOB)

    assert ("ASYA_RABBITMQ_MANAGEMENT_URL" in env) == enabled


def test_queues_outlive_the_release_unless_somebody_asks_for_their_end(helm, actor):
    hooks = [each["metadata"]["annotations"]["helm.sh/hook"] for each in actor.all("Job")]
    assert hooks == ["pre-install,pre-upgrade"]

    job = helm.template({**HANDLER, "queues": {"deleteOnUninstall": True}}).one("Job", "my-model-queues-delete")
    assert job["metadata"]["annotations"] == {
        "helm.sh/hook": "post-delete",
        "helm.sh/hook-weight": "0",
        "helm.sh/hook-delete-policy": "before-hook-creation",
    }
    command = job["spec"]["template"]["spec"]["containers"][0]["command"]
    assert command == ["python", "-m", "asya_sidecar.queues", "delete", "my-model"]


def test_helm_test_asks_the_broker_for_every_queue_and_its_pod_stays_for_its_log(actor):
    pod = actor.one("Pod")

    assert pod["metadata"]["annotations"] == {
        "helm.sh/hook": "test",
        "helm.sh/hook-delete-policy": "before-hook-creation",
    }
    (container,) = pod["spec"]["containers"]
    assert container["command"][2:] == ["asya_sidecar.queues", "check", "text-processor", "happy-end", "error-end"]
    assert container["env"] == actor.container(JOB)["env"]


def test_the_verbs_are_those_that_the_program_knows(helm):
    rendered = helm.template({**HANDLER, "queues": {"deleteOnUninstall": True}})
    pods = [each["spec"]["template"]["spec"] for each in rendered.all("Job")] + [rendered.one("Pod")["spec"]]

    assert {pod["containers"][0]["command"][3] for pod in pods} == set(VERBS)
