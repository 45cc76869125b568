"""What a conversion says: what could not be carried over, and what means something else here."""

from __future__ import annotations

import pytest

from cli.tests.asyncactors import MINIMAL, converted, left, pod


@pytest.mark.parametrize(
    ("spec", "path"),
    [
        ({"stateProxy": [{"name": "s"}]}, "spec.stateProxy"),
        ({"compositionRef": {"name": "asyncactor-pubsub"}}, "spec.transport"),
        ({"transport": "pubsub"}, "spec.transport"),
        ({"nonesuch": 1}, "spec.nonesuch"),
        ({"scaling": {"advanced": {"triggers": []}}}, "spec.scaling.advanced.triggers"),
        ({"env": [{"name": "ASYA_HANDLER", "valueFrom": {"configMapKeyRef": {}}}]}, "spec.env.ASYA_HANDLER"),
        ({"env": [{"name": "ASYA_CHUNK_SIZE", "value": "1"}]}, "spec.env.ASYA_CHUNK_SIZE"),
        ({"sidecar": {"env": [{"name": "ASYA_GATEWAY_URL", "value": "x"}]}}, "spec.sidecar.env.ASYA_GATEWAY_URL"),
        ({"sidecar": {"image": "asya-sidecar:latest"}}, "spec.sidecar.image"),
        ({"sidecar": {"imagePullPolicy": "Always"}}, "spec.sidecar.imagePullPolicy"),
        ({"volumes": [{"name": "a", "secret": {"name": "s"}}]}, "spec.volumes[0].secret.name"),
        ({"timeout": {"processing": 300, "gracefulShutdown": 30}}, "spec.timeout.gracefulShutdown"),
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
        ({"workload": {"volumeClaimTemplates": []}}, "spec.workload.volumeClaimTemplates"),
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


def test_what_belongs_to_crossplane_and_to_the_cluster_goes_without_a_word():
    metadata = {
        "uid": "x",
        "resourceVersion": "7",
        "finalizers": ["asya.sh/finalizer"],
        "annotations": {"kubectl.kubernetes.io/last-applied-configuration": "{}"},
        "labels": {
            "app.kubernetes.io/name": "x",
            "crossplane.io/composite": "x-7",
            "kustomize.toolkit.fluxcd.io/name": "x",
        },
    }
    crossplane = {
        "compositionRef": {"name": "mine"},
        "compositeDeletePolicy": "Background",
        "resourceRef": {"name": "x"},
    }
    result = converted({**MINIMAL, **crossplane}, **metadata)

    assert (result.notes.left, result.values) == ([], MINIMAL)


def test_a_composition_names_the_transport():
    assert converted({**MINIMAL, "compositionRef": {"name": "asyncactor-sqs"}}).values["transport"] == "sqs"


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


def test_scaling_that_the_cluster_filled_in_is_pointed_out_where_it_overrules_a_flavor():
    filled = {
        "enabled": True,
        "minReplicaCount": 0,
        "maxReplicaCount": 10,
        "pollingInterval": 30,
        "cooldownPeriod": 300,
    }
    spec = {"image": "a:1", "handler": "a.b", "flavors": ["gpu"], "scaling": filled}
    result = converted(spec)

    assert [note.path for note in result.notes.changed] == ["spec.scaling"]
    assert result.values["scaling"] == filled
    assert converted({**spec, "scaling": {**filled, "cooldownPeriod": 60}}).notes.changed == []


@pytest.mark.parametrize(("role", "paths"), [("router", ["metadata.labels.asya.sh/role"]), ("actor", [])])
def test_a_router_of_the_flow_compiler_is_pointed_out(role, paths):
    result = converted(MINIMAL, labels={"asya.sh/flow": "f", "asya.sh/role": role})

    assert [note.path for note in result.notes.changed] == paths
    assert result.values["podLabels"]["asya.sh/flow"] == "f"


def test_an_actor_of_the_originals_crew_is_pointed_out():
    changed = converted({**MINIMAL, "handler": "asya_crew.fanin.split_key.aggregator"}).notes.changed

    assert [note.path for note in changed] == ["spec.handler"]
