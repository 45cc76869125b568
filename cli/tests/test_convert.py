"""What of an AsyncActor becomes which value, and what is said of the rest."""

from __future__ import annotations

import copy

import pytest

from asya_cli.assets import find_assets
from asya_cli.local.render import Release, render
from cli.tests.asyncactors import (
    ALL,
    BESIDE_2025,
    FIXED_2025,
    FLAT_2026,
    GPU_2025,
    HANDLER,
    MINIMAL,
    converted,
    left,
    pod,
)


@pytest.mark.needs("helm")
@pytest.mark.parametrize("spec", ALL.values(), ids=ALL)
def test_converted_values_render_what_the_spec_as_it_is_renders(spec, tmp_path):
    chart = find_assets().chart("actor")
    result = converted(spec)
    file = tmp_path / "values.yaml"
    file.write_text(result.text("helm install"))
    as_it_is = {"actor": "text-classifier", **spec}

    assert render(Release("text-classifier", chart, [file]), tmp_path) == render(
        Release("text-classifier", chart, [as_it_is]), tmp_path
    )
    assert result.notes.left == []


def test_names_of_2025_become_those_of_today():
    assert converted(GPU_2025).values == {
        "image": "my-classifier:latest",
        "handler": "classifier.TextClassifier.process",
        "transport": "rabbitmq",
        "scaling": {"enabled": True, "queueLength": 5, "minReplicaCount": 0, "maxReplicaCount": 100},
        "timeout": {"actor": 120},
        "env": [{"name": "MODEL_PATH", "value": "/models/classifier"}],
        "resources": {"limits": {"nvidia.com/gpu": 1}},
    }


def test_a_spec_is_left_as_it_was_given():
    before = copy.deepcopy(FIXED_2025)
    converted(FIXED_2025)

    assert before == FIXED_2025


def test_what_has_no_key_of_its_own_stays_in_the_pod_template():
    spec = converted(BESIDE_2025).values["workload"]["template"]["spec"]

    assert spec == {"containers": [{"name": "asya-runtime"}, {"name": "cache", "image": "redis:7"}]}


@pytest.mark.parametrize("given", [{"serviceAccount": "ml"}, {"serviceAccount": "other", "serviceAccountName": "ml"}])
def test_a_service_account_is_lifted_under_its_own_name(given):
    spec = copy.deepcopy(FIXED_2025)
    pod = spec["workload"]["template"]["spec"]
    pod.pop("serviceAccountName")
    pod |= given
    values = converted(spec).values

    assert values["serviceAccountName"] == "ml"
    assert "serviceAccount" not in values


@pytest.mark.parametrize(
    ("resiliency", "expected"),
    [
        (
            {"retry": {"policy": "constant", "maxAttempts": 4, "initialInterval": "2s", "jitter": False}},
            {"policies": {"default": {"backoff": "constant", "maxAttempts": 4, "initialDelay": "2s", "jitter": False}}},
        ),
        (
            {"retry": {}, "nonRetryableErrors": ["ValueError"]},
            {
                "policies": {"never": {"maxAttempts": 1}},
                "rules": [{"errors": ["ValueError"], "policy": "never"}],
            },
        ),
        (
            {"policies": {"default": {"onExhausted": ["fallback"]}}},
            {"policies": {"default": {"thenRoute": ["fallback"]}}},
        ),
    ],
)
def test_older_retry_settings_become_policies_and_rules(resiliency, expected):
    assert converted({**MINIMAL, "resiliency": resiliency}).values["resiliency"] == expected


@pytest.mark.parametrize("resiliency", [{"actorTimeout": "7s"}, {"timeout": {"actor": "7s"}}])
def test_timeouts_go_to_one_place(resiliency):
    values = converted({**MINIMAL, "resiliency": resiliency}).values

    assert values["timeout"] == {"actor": "7s"}
    assert "resiliency" not in values


def test_another_backoff_factor_is_said():
    note = left({**MINIMAL, "resiliency": {"retry": {"backoffCoefficient": 3.0}}})

    assert list(note) == ["spec.resiliency.retry.backoffCoefficient"]


def test_defaults_of_the_manifests_time_are_written_down():
    unscaled = {"workload": pod({"image": "a:1", "env": HANDLER})}

    assert converted(unscaled).values["scaling"] == {"enabled": False}
    assert converted({"image": "a:1", "handler": "a.b", "scaling": {"maxReplicaCount": 3}}).values["scaling"] == {
        "maxReplicaCount": 3,
        "pollingInterval": 30,
        "cooldownPeriod": 300,
    }


def test_a_flavors_scaling_is_not_overruled_by_defaults():
    values = converted({"image": "a:1", "handler": "a.b", "flavors": ["gpu"]}).values

    assert values == {"flavors": ["gpu"], "image": "a:1", "handler": "a.b"}


def test_scaling_that_was_off_by_default_is_pointed_out():
    changed = converted(
        {"scaling": {"minReplicas": 1}, "workload": pod({"image": "a:1", "env": HANDLER})}
    ).notes.changed

    assert [note.path for note in changed] == ["spec.scaling.enabled"]


def test_user_and_groups_of_the_pod_are_kept():
    spec = {"scaling": {"enabled": True}, "workload": pod({}, securityContext={"runAsUser": 7, "fsGroup": 8})}

    assert converted(spec).values["security"] == {"runAsUser": 7, "fsGroup": 8}


@pytest.mark.needs("helm")
def test_a_manifest_with_a_flavor_is_taken_by_the_chart_with_the_files_of_its_command(tmp_path):
    assets = find_assets()
    result = converted(
        {"flavor": "gpu-inference", "image": "my-model:latest", "handler": "model.predict"}, name="my-model"
    )
    file = tmp_path / "my-model.yaml"
    file.write_text(result.text("helm install"))
    rendered = render(
        Release("my-model", assets.chart("actor"), [assets.flavors / "gpu-inference.yaml", file]), tmp_path
    )

    scaled = next(each["spec"] for each in rendered if each["kind"] == "ScaledObject")
    assert (scaled["minReplicaCount"], scaled["maxReplicaCount"]) == (0, 10)


def test_a_name_that_is_too_long_for_a_release_stays_the_actors():
    name = "a" * 60
    result = converted(MINIMAL, name=name)

    assert (result.release, result.values["actor"]) == ("a" * 53, name)
    assert converted(FLAT_2026).values["actor"] == "classifier"
