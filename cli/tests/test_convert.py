"""What of an AsyncActor becomes which value, and what is said of the rest."""

from __future__ import annotations

import copy
import json

import pytest
import yaml

from asya_cli.assets import find_assets
from asya_cli.convert.conversion import convert
from asya_cli.convert.documents import read_manifests
from asya_cli.errors import MisuseError
from asya_cli.local.render import Release, render
from cli.tests.asyncactors import ALL, BESIDE_2025, FIXED_2025, FLAT_2026, GPU_2025, HANDLER, manifest, pod

SCHEMA = json.loads((find_assets().chart("actor") / "values.schema.json").read_text())
MINIMAL = {"image": "a:1", "handler": "a.b", "scaling": {"enabled": False}}


def converted(spec, **metadata):
    return convert(manifest(spec, **metadata), SCHEMA, {"gpu", "spot"})


def left(spec, **metadata):
    return {note.path: note for note in converted(spec, **metadata).notes.left}


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


@pytest.mark.parametrize(
    ("spec", "path"),
    [
        ({"stateProxy": [{"name": "s"}]}, "spec.stateProxy"),
        ({"transport": "sqs"}, "spec.transport"),
        ({"transport": "pubsub"}, "spec.transport"),
        ({"nonesuch": 1}, "spec.nonesuch"),
        ({"scaling": {"advanced": {"triggers": []}}}, "spec.scaling.advanced.triggers"),
        ({"env": [{"name": "ASYA_CHUNK_SIZE", "value": "1"}]}, "spec.env.ASYA_CHUNK_SIZE"),
        ({"sidecar": {"env": [{"name": "ASYA_GATEWAY_URL", "value": "x"}]}}, "spec.sidecar.env.ASYA_GATEWAY_URL"),
        ({"sidecar": {"env": [{"name": "AWS_REGION", "value": "x"}]}}, "spec.sidecar.env.AWS_REGION"),
        ({"sidecar": {"image": "asya-sidecar:latest"}}, "spec.sidecar.image"),
        ({"sidecar": {"imagePullPolicy": "Always"}}, "spec.sidecar.imagePullPolicy"),
        ({"volumes": [{"name": "a", "secret": {"name": "s"}}]}, "spec.volumes[0].secret.name"),
        ({"timeout": {"processing": 60, "gracefulShutdown": 89}}, "spec.timeout.gracefulShutdown"),
        (
            {"workload": pod({"command": ["x"]})},
            "spec.workload.template.spec.containers[asya-runtime].command",
        ),
        (
            {"workload": pod({"securityContext": {"runAsUser": 0}})},
            "spec.workload.template.spec.containers[asya-runtime].securityContext",
        ),
        ({"workload": {"kind": "StatefulSet"}}, "spec.workload.kind"),
        ({"workload": pod({}, hostNetwork=True)}, "spec.workload.template.spec.hostNetwork"),
        ({"workload": pod({}, restartPolicy="Never")}, "spec.workload.template.spec.restartPolicy"),
        (
            {"workload": pod({}, securityContext={"sysctls": []})},
            "spec.workload.template.spec.securityContext.sysctls",
        ),
    ],
)
def test_what_can_not_be_carried_over_is_named_with_reason_and_remedy(spec, path):
    note = left({**MINIMAL, **spec})[path]

    assert note.why
    assert note.remedy
    assert str(note).startswith(f"{path}: ")


@pytest.mark.parametrize("seconds", [90, 91])
def test_a_grace_period_that_is_long_enough_is_kept(seconds):
    values = converted({**MINIMAL, "timeout": {"processing": 60, "gracefulShutdown": seconds}}).values

    assert values["timeout"] == {"gracefulShutdown": seconds, "actor": 60}


def test_user_and_groups_of_the_pod_are_kept():
    spec = {"scaling": {"enabled": True}, "workload": pod({}, securityContext={"runAsUser": 7, "fsGroup": 8})}

    assert converted(spec).values["security"] == {"runAsUser": 7, "fsGroup": 8}


def test_what_belongs_to_crossplane_and_to_the_cluster_goes_without_a_word():
    metadata = {
        "uid": "x",
        "resourceVersion": "7",
        "finalizers": ["asya.sh/finalizer"],
        "annotations": {"kubectl.kubernetes.io/last-applied-configuration": "{}"},
        "labels": {"app.kubernetes.io/name": "x"},
    }
    result = converted({**MINIMAL, "compositionRef": {"name": "asyncactor-sqs"}}, **metadata)

    assert (result.notes.left, result.values) == ([], MINIMAL)


def test_metadata_becomes_release_namespace_and_labels():
    result = converted(MINIMAL, name="judge", namespace="ml", labels={"team": "x"}, annotations={"a": "b"})

    assert (result.release, result.namespace, result.values["podLabels"]) == ("judge", "ml", {"team": "x"})
    assert [note.path for note in result.notes.left] == ["metadata.annotations.a"]
    assert result.command("judge.yaml", "asya/actor") == "helm install judge asya/actor --namespace ml -f judge.yaml"


def test_flavors_are_files_in_the_command_and_a_strange_one_is_pointed_out():
    result = converted({**MINIMAL, "flavor": "gpu", "flavors": ["spot", "own"]})

    assert result.command("x.yaml", "c").endswith(
        "-f flavors/gpu.yaml -f flavors/spot.yaml -f flavors/own.yaml -f x.yaml"
    )
    assert [note.why for note in result.notes.changed] == ["no flavor own comes with the chart"]


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


def places(value, path=()):
    """Every place in a manifest, as the keys that lead to it."""
    yield path
    inside = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, each in inside:
        yield from places(each, (*path, key))


def replaced(value, path, new):
    result = copy.deepcopy(value)
    inner = result
    for key in path[:-1]:
        inner = inner[key]
    inner[path[-1]] = new
    return result


def outcome(spec):
    try:
        return converted(spec).text("helm install")
    except MisuseError as error:
        return str(error)


EVERY_GENERATION = {
    "resiliency": {
        "retry": {"backoffCoefficient": 2.0},
        "nonRetryableErrors": ["A"],
        "policies": {"default": {"onExhausted": ["x"]}},
        "timeout": {"actor": "5s"},
    },
    "sidecar": {"env": [{"name": "A", "value": "x"}]},
    "timeout": {"gracefulShutdown": 30, "processing": 3},
}


@pytest.mark.parametrize("spec", ALL.values(), ids=ALL)
@pytest.mark.parametrize("wrong", [None, 1, True, "x", [], {}, [1], ["a"], {"a": 1}], ids=str)
def test_a_value_of_the_wrong_type_is_converted_or_refused_with_a_sentence(spec, wrong):
    whole = {**EVERY_GENERATION, **spec}
    told = [outcome(replaced(whole, path, wrong)) for path in places(whole) if path]

    assert [each for each in told if not each.startswith(("# Values of", "text-classifier: spec"))] == []


def test_what_is_null_is_not_there():
    assert converted({**MINIMAL, "timeout": None, "env": None, "resources": {"limits": None}}).values == MINIMAL


def test_a_name_that_is_too_long_for_a_release_stays_the_actors():
    name = "a" * 60
    result = converted(MINIMAL, name=name)

    assert (result.release, result.values["actor"]) == ("a" * 53, name)
    assert converted(FLAT_2026).values["actor"] == "classifier"


def test_documents_lists_and_strangers_are_told_apart():
    one = "apiVersion: asya.sh/v1alpha1\nkind: AsyncActor\nmetadata: {name: NAME}\nspec: {image: a, day: 2026-01-01}\n"
    listed = {"kind": "List", "items": [yaml.safe_load(one.replace("NAME", "c")), {"kind": "Service"}]}
    text = "---\n".join([one.replace("NAME", "a"), one.replace("NAME", "b"), yaml.safe_dump(listed)])
    found, others = read_manifests(text, "x.yaml")

    assert [each.name for each in found] == ["a", "b", "c"]
    assert found[0].spec["day"] == "2026-01-01"
    assert others == ["Service"]


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("a: b: c", r"x\.yaml:1: this is no YAML"),
        ("kind: Service\nmetadata: {name: s}", r"x\.yaml holds no AsyncActor \(Service s\)"),
        ("", r"x\.yaml holds no AsyncActor \(nothing at all\)"),
        ("apiVersion: asya.sh/v1\nkind: AsyncActor\nspec: {}", "has no metadata.name"),
        ("apiVersion: asya.sh/v1\nkind: AsyncActor\nmetadata: {name: a}", "has no spec"),
    ],
)
def test_a_text_without_actors_is_refused(text, sentence):
    with pytest.raises(MisuseError, match=sentence):
        read_manifests(text, "x.yaml")
