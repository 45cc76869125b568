"""What flavors write is joined to what users write, and the user wins by name."""

from __future__ import annotations

import pytest

from tests.chart.rendering import HANDLER, RUNTIME, SIDECAR

PRESET = {
    "env": {"KEPT": "flavor", "SHARED": "flavor", "SECRET": {"valueFrom": {"secretKeyRef": {"name": "s", "key": "k"}}}},
    "volumes": {"cache": {"emptyDir": {"medium": "Memory"}}, "models": {"emptyDir": {}}},
    "volumeMounts": {"cache": {"mountPath": "/cache"}, "models": {"mountPath": "/models"}},
    "tolerations": {"gpu": {"key": "gpu", "operator": "Exists"}},
    "nodeSelector": {"gpu": "yes", "zone": "flavor"},
    "resources": {"limits": {"example.com/gpu": 1, "memory": "1Gi"}},
    "podLabels": {"tier": "flavor", "team": "flavor"},
    "podAnnotations": {"note": "flavor"},
}


def template(helm, **values):
    return helm.template({**HANDLER, "preset": PRESET, **values})


@pytest.mark.parametrize(
    "own",
    [{"SHARED": "user", "OWN": 1}, [{"name": "SHARED", "value": "user"}, {"name": "OWN", "value": "1"}]],
    ids=["map", "list"],
)
def test_environment_is_joined(helm, own):
    env = template(helm, env=own).env(RUNTIME)

    assert (env["KEPT"], env["SHARED"], env["OWN"]) == ("flavor", "user", "1")
    assert env["SECRET"] == {"secretKeyRef": {"name": "s", "key": "k"}}


@pytest.mark.parametrize(
    "own",
    [
        {"cache": {"persistentVolumeClaim": {"claimName": "c"}}},
        [{"name": "cache", "persistentVolumeClaim": {"claimName": "c"}}],
    ],
    ids=["map", "list"],
)
def test_volumes_are_joined(helm, own):
    volumes = {volume["name"]: volume for volume in template(helm, volumes=own).pod()["volumes"]}

    assert volumes["cache"] == {"name": "cache", "persistentVolumeClaim": {"claimName": "c"}}
    assert volumes["models"] == {"name": "models", "emptyDir": {}}


@pytest.mark.parametrize(
    "own",
    [{"weights": {"mountPath": "/models", "name": "cache"}}, [{"name": "cache", "mountPath": "/models"}]],
    ids=["map", "list"],
)
def test_mounts_are_joined_by_their_path(helm, own):
    mounts = template(helm, volumeMounts=own).container(RUNTIME)["volumeMounts"]

    own_and_flavors = {mount["mountPath"]: mount["name"] for mount in mounts if mount["name"] in ("cache", "models")}
    assert own_and_flavors == {"/cache": "cache", "/models": "cache"}


def test_a_mount_over_tmp_takes_the_place_of_ours(helm):
    rendered = template(helm, volumeMounts={"cache": {"mountPath": "/tmp"}})

    mounts = [mount for mount in rendered.container(RUNTIME)["volumeMounts"] if mount["mountPath"] == "/tmp"]
    assert mounts == [{"name": "cache", "mountPath": "/tmp"}]


@pytest.mark.parametrize(
    ("own", "expected"),
    [
        ([{"key": "spot"}], [{"key": "gpu", "operator": "Exists"}, {"key": "spot"}]),
        ({"spot": {"key": "spot"}}, [{"key": "gpu", "operator": "Exists"}, {"key": "spot"}]),
        ({"gpu": {"key": "other"}}, [{"key": "other"}]),
    ],
    ids=["list", "map", "same name"],
)
def test_tolerations_are_joined(helm, own, expected):
    assert template(helm, tolerations=own).pod()["tolerations"] == expected


def test_maps_are_joined_key_by_key(helm):
    rendered = template(
        helm,
        nodeSelector={"zone": "user"},
        resources={"limits": {"memory": "2Gi"}, "requests": {"cpu": 1}},
        podLabels={"team": "user"},
        podAnnotations={"own": "user"},
    )

    pod = rendered.one("Deployment")["spec"]["template"]
    assert pod["spec"]["nodeSelector"] == {"gpu": "yes", "zone": "user"}
    resources = {"limits": {"example.com/gpu": 1, "memory": "2Gi"}, "requests": {"cpu": 1}}
    assert rendered.container(RUNTIME)["resources"] == resources
    assert {"tier": "flavor", "team": "user"}.items() <= pod["metadata"]["labels"].items()
    assert {"note": "flavor", "own": "user"}.items() <= pod["metadata"]["annotations"].items()


def test_null_takes_a_flavors_entry_away(helm):
    rendered = template(helm, env={"KEPT": None}, tolerations={"gpu": None})

    assert "KEPT" not in rendered.env(RUNTIME)
    assert "tolerations" not in rendered.pod()


@pytest.mark.parametrize(
    ("own", "left"),
    [
        ({"limits": {"memory": None}}, {"limits": {"example.com/gpu": 1}}),
        ({"limits": None, "requests": {"cpu": 1}}, {"requests": {"cpu": 1}}),
        ({"limits": {"memory": None, "example.com/gpu": None}}, None),
    ],
)
def test_null_takes_an_amount_of_a_flavor_away(helm, own, left):
    assert template(helm, resources=own).container(RUNTIME).get("resources") == left


def test_null_takes_an_amount_of_the_sidecar_away(helm):
    rendered = template(helm, sidecar={"resources": {"requests": {"cpu": None}}})

    assert rendered.container(SIDECAR)["resources"] == {"requests": {"memory": "96Mi"}}


def test_a_users_labels_can_not_change_what_selects_the_pods(helm):
    rendered = template(helm, podLabels={"app.kubernetes.io/name": "other"})

    spec = rendered.one("Deployment")["spec"]
    assert spec["selector"]["matchLabels"].items() <= spec["template"]["metadata"]["labels"].items()


def test_flavors_from_left_to_right_then_the_user(helm):
    files = ["flavors/gpu.yaml", "flavors/scale-to-zero.yaml"]
    spec = helm.template({"scaling": {"maxReplicaCount": 3}}, files=files).one("ScaledObject")["spec"]

    assert (spec["cooldownPeriod"], spec["maxReplicaCount"], spec["minReplicaCount"]) == (300, 3, 0)


def test_a_flavor_keeps_what_it_writes_beside_lists_of_the_user(helm):
    rendered = helm.template(
        {**HANDLER, "tolerations": [{"key": "own"}], "volumeMounts": [], "volumes": []},
        files=["flavors/gpu-inference.yaml"],
    )

    assert {"key": "nvidia.com/gpu", "operator": "Exists", "effect": "NoSchedule"} in rendered.pod()["tolerations"]
    assert {"name": "shm", "mountPath": "/dev/shm"} in rendered.container(RUNTIME)["volumeMounts"]
