"""The hook Job makes the queues before anything else of the release exists."""

from __future__ import annotations

import json

import pytest

from tests.chart.rendering import HANDLER, JOB, SIDECAR


def test_it_runs_before_install_and_upgrade_and_a_failed_one_stays(actor):
    annotations = actor.one("Job")["metadata"]["annotations"]

    assert annotations == {
        "helm.sh/hook": "pre-install,pre-upgrade",
        "helm.sh/hook-weight": "0",
        "helm.sh/hook-delete-policy": "before-hook-creation,hook-succeeded",
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
    assert sorted(helm.template({"actor": actor_name}).container(JOB)["command"][4:]) == ["error-end", "happy-end"]


def test_pods_of_the_job_are_not_the_actors(actor):
    selector = actor.one("Deployment")["spec"]["selector"]["matchLabels"]
    labels = actor.one("Job")["spec"]["template"]["metadata"]["labels"]

    assert not selector.items() <= labels.items()


def test_it_can_be_left_out(helm):
    assert helm.template({**HANDLER, "queues": {"create": False}}).all("Job") == []
