"""Flavors: each says what it is, any two render together, and nothing that one sets is lost to a user's list."""

from __future__ import annotations

import itertools
import json

import pytest
import yaml

from tests.chart.cases import merged, tell
from tests.chart.pod_security import violations
from tests.chart.rendering import HANDLER, RUNTIME, SIDECAR
from tools.flavors import conflicts, read_flavors

FLAVORS = {flavor.name: flavor for flavor in read_flavors()}
VALUES = {name: yaml.safe_load(flavor.text) for name, flavor in FLAVORS.items()}
OF_ACTORS = [name for name, flavor in FLAVORS.items() if flavor.chart == "actor"]
OF_ENDS = [name for name, flavor in FLAVORS.items() if flavor.chart == "crew"]
PAIRS = list(itertools.combinations(OF_ACTORS, 2))
WANTED = {
    *("cpu-fast", "gpu", "gpu-inference", "agentic", "spot", "scale-to-zero", "always-on", "long-handler"),
    *("high-throughput", "restricted-egress", "s3-results", "nats", "rabbitmq", "sqs"),
}
WITH_GPUS = {"gpu", "gpu-inference"}
"""Those that the ends refuse."""
CONFLICTS = {
    ("agentic", "cpu-fast"): ["preset.resources.requests.cpu", "scaling.queueLength", "timeout.actor"],
    ("agentic", "gpu"): ["timeout.actor"],
    ("agentic", "gpu-inference"): ["timeout.actor"],
    ("agentic", "high-throughput"): ["concurrency", "scaling.queueLength"],
    ("agentic", "long-handler"): ["scaling.queueLength", "timeout.actor"],
    ("always-on", "scale-to-zero"): ["scaling.minReplicaCount"],
    ("cpu-fast", "gpu"): ["timeout.actor"],
    ("cpu-fast", "gpu-inference"): ["timeout.actor"],
    ("cpu-fast", "high-throughput"): ["scaling.queueLength"],
    ("cpu-fast", "long-handler"): ["scaling.queueLength", "timeout.actor"],
    ("gpu", "high-throughput"): ["scaling.maxReplicaCount"],
    ("gpu", "long-handler"): ["timeout.actor"],
    ("gpu", "scale-to-zero"): ["scaling.cooldownPeriod"],
    ("gpu-inference", "high-throughput"): ["scaling.maxReplicaCount"],
    ("gpu-inference", "long-handler"): ["timeout.actor"],
    ("gpu-inference", "scale-to-zero"): ["scaling.cooldownPeriod"],
    ("high-throughput", "long-handler"): ["scaling.queueLength"],
    ("nats", "rabbitmq"): ["transport"],
    ("nats", "sqs"): ["transport"],
    ("rabbitmq", "sqs"): ["transport"],
}
"""Pairs that set the same key to two values. A new one needs a line here, and its name in both files (`Not with`)."""
LISTS = {
    "env": [{"name": "OWN", "value": "1"}],
    "secretRefs": [{"secretName": "own", "keys": [{"key": "k", "envVar": "OWN_SECRET"}]}],
    "tolerations": [{"key": "own", "operator": "Exists"}],
    "volumes": [{"name": "own", "emptyDir": {}}],
    "volumeMounts": [{"name": "own", "mountPath": "/own"}],
    "initContainers": [{"name": "own", "image": "own:1"}],
    "resiliency": {"policies": {"own": {"maxAttempts": 2}}, "rules": [{"errors": ["OwnError"], "policy": "own"}]},
    "affinity": {
        "nodeAffinity": {
            "preferredDuringSchedulingIgnoredDuringExecution": [{"weight": 1, "preference": {"matchFields": []}}],
            "requiredDuringSchedulingIgnoredDuringExecution": {
                "nodeSelectorTerms": [{"matchExpressions": [{"key": "own", "operator": "Exists"}]}]
            },
        }
    },
}
"""Lists as AsyncActor manifests have them, and what else a user may write as lists."""
KINDS = (*("env", "tolerations", "volumes", "mounts", "initContainers", "rules", "policies", "required", "preferred"),)
"""What comes of them, see `entries`."""


def names(pair):
    return "+".join(pair)


@pytest.fixture(scope="module")
def pairs(helm):
    return tell(helm, {names(pair): merged(*(VALUES[name] for name in pair), HANDLER) for pair in PAIRS})


@pytest.fixture(scope="module")
def alone(helm):
    return tell(helm, {name: merged(VALUES[name], HANDLER) for name in OF_ACTORS})


@pytest.fixture(scope="module")
def with_lists(helm):
    return tell(helm, {name: merged(VALUES[name], HANDLER, LISTS) for name in OF_ACTORS})


@pytest.fixture(scope="module")
def own_lists(helm):
    return tell(helm, {"own": merged(HANDLER, LISTS)})["own"]


def test_there_is_one_for_each_concern():
    assert set(FLAVORS) == WANTED


@pytest.mark.parametrize("name", FLAVORS)
def test_each_leaves_its_mark_and_stays_short(name):
    assert VALUES[name]["preset"]["flavors"] == {name: True}
    assert len(FLAVORS[name].text.splitlines()) <= 40


@pytest.mark.parametrize("name", FLAVORS)
def test_each_writes_maps_and_single_values_alone(name):
    lists = [path for path, value in FLAVORS[name].settings.items() if isinstance(value, list)]

    assert [path for path in lists if not path.startswith("preset.")] == []


@pytest.mark.parametrize("pair", PAIRS, ids=names)
def test_any_two_render_together(pairs, pair):
    assert pairs[names(pair)].refused == []


@pytest.mark.parametrize("name", OF_ENDS)
def test_those_of_the_ends_render_with_the_chart_of_the_ends(helm, name):
    rendered = helm.template(chart="charts/crew", files=[f"flavors/{name}.yaml"])

    assert len(rendered.all("Deployment")) == 2
    assert all(violations(each["spec"]["template"]["spec"]) == [] for each in rendered.all("Deployment"))


@pytest.mark.parametrize("name", [name for name in OF_ACTORS if name not in WITH_GPUS])
def test_those_of_the_ends_render_together_with_those_of_actors(helm, name):
    files = [f"flavors/{each}.yaml" for each in (*OF_ENDS, name)]

    assert len(helm.template(chart="charts/crew", release="crew", files=files).all("Deployment")) == 2


def test_those_with_gpus_are_refused_for_the_ends():
    assert {name for name in OF_ACTORS if "gpu" in str(VALUES[name]["preset"].get("resources"))} == WITH_GPUS


def test_two_that_do_not_agree_are_known():
    assert {tuple(sorted(pair)): keys for pair, keys in conflicts(list(FLAVORS.values())).items()} == CONFLICTS


@pytest.mark.parametrize("name", FLAVORS)
def test_each_names_those_that_it_does_not_agree_with(name):
    others = {other for pair in CONFLICTS if name in pair for other in pair if other != name}

    assert set(FLAVORS[name].not_with) == others


@pytest.mark.parametrize("pair", [*CONFLICTS, *(pair[::-1] for pair in CONFLICTS)], ids=names)
def test_of_two_that_do_not_agree_the_last_one_wins(pair):
    both = merged(*(VALUES[name] for name in pair))

    for path in CONFLICTS[tuple(sorted(pair))]:
        value = both
        for part in path.split("."):
            value = value[part]
        assert value == FLAVORS[pair[1]].settings[path]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", OF_ACTORS)
def test_a_users_list_and_a_flavor_lose_nothing_to_each_other(alone, own_lists, with_lists, name, kind):
    assert alone[name].refused == own_lists.refused == with_lists[name].refused == []
    flavors, users, both = (entries(case.rendered)[kind] for case in (alone[name], own_lists, with_lists[name]))

    assert [entry for entry in flavors if entry not in both] == []
    assert [entry for entry in users if entry not in both] == []


def entries(rendered):
    """Everything of a pod that comes from lists."""
    pod, resiliency = rendered.pod(), json.loads(rendered.env(SIDECAR)["ASYA_RESILIENCY"])
    node = pod.get("affinity", {}).get("nodeAffinity", {})
    required = node.get("requiredDuringSchedulingIgnoredDuringExecution", {}).get("nodeSelectorTerms", [])
    return {
        "env": [entry for entry in rendered.container(RUNTIME)["env"] if not entry["name"].startswith("ASYA_")],
        "tolerations": pod.get("tolerations", []),
        "volumes": [volume for volume in pod["volumes"] if not volume["name"].startswith("asya-")],
        "mounts": rendered.container(RUNTIME)["volumeMounts"],
        "initContainers": pod.get("initContainers", []),
        "rules": resiliency["rules"],
        "policies": sorted(resiliency["policies"]),
        "required": [expression for term in required for expression in term["matchExpressions"]],
        "preferred": node.get("preferredDuringSchedulingIgnoredDuringExecution", []),
    }


def test_what_a_flavor_requires_of_nodes_is_added_to_each_of_the_users_terms(helm):
    expression = {"key": "gpu", "operator": "Exists"}
    terms = [{"matchExpressions": [{"key": zone, "operator": "Exists"}]} for zone in "ab"]
    own = {"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": terms}}
    preset = {"nodeAffinity": {"required": {"gpu": expression}}}
    told = tell(helm, {
        "own": {**HANDLER, "preset": preset, "affinity": {"nodeAffinity": own, "podAffinity": {}}},
        "none": {**HANDLER, "preset": preset},
    })  # fmt: skip

    affinity = {case: each.rendered.pod()["affinity"] for case, each in told.items()}
    required = "requiredDuringSchedulingIgnoredDuringExecution"
    assert [term["matchExpressions"] for term in affinity["own"]["nodeAffinity"][required]["nodeSelectorTerms"]] == [
        [{"key": zone, "operator": "Exists"}, expression] for zone in "ab"
    ]
    assert affinity["own"]["podAffinity"] == {}
    assert affinity["none"]["nodeAffinity"][required] == {"nodeSelectorTerms": [{"matchExpressions": [expression]}]}


def test_rules_of_a_user_come_before_those_of_flavors(helm):
    own = {"policies": {"own": {}}, "rules": [{"errors": ["TimeoutError"], "policy": "own"}]}
    rendered = tell(helm, {"a": merged(VALUES["agentic"], HANDLER, {"resiliency": own})})["a"].rendered

    rules = json.loads(rendered.env(SIDECAR)["ASYA_RESILIENCY"])["rules"]
    assert [rule["policy"] for rule in rules] == ["own", "transient"]


def test_a_users_policy_is_laid_over_a_flavors(helm):
    own = {"policies": {"default": {"maxAttempts": 9}}}
    rendered = tell(helm, {"a": merged(VALUES["gpu"], HANDLER, {"resiliency": own})})["a"].rendered

    policy = json.loads(rendered.env(SIDECAR)["ASYA_RESILIENCY"])["policies"]["default"]
    assert policy == {"maxAttempts": 9, "backoff": "exponential", "initialDelay": "2s", "maxInterval": "1m"}


def test_what_was_given_stands_on_the_deployment(helm):
    rendered = helm.template(HANDLER, files=["flavors/spot.yaml", "flavors/gpu.yaml"])

    assert rendered.one("Deployment")["metadata"]["annotations"] == {"asya.sh/flavors": "gpu,spot"}


@pytest.mark.parametrize("named", [{"flavor": "gpu"}, {"flavors": ["gpu"]}, {"flavors": "gpu"}, {"flavor": ["gpu"]}])
def test_a_flavor_that_was_given_may_be_named(helm, named):
    told = tell(helm, {"with": merged(VALUES["gpu"], HANDLER, named), "without": {**HANDLER, **named}})

    assert told["with"].refused == []
    assert len(told["without"].refused) == 1


def test_a_flavor_of_the_platform_team_is_checked_like_ours(helm):
    own = {"preset": {"flavors": {"gpu-a100": True}}, "flavors": ["gpu-a100"]}

    assert tell(helm, {"a": {**HANDLER, **own}})["a"].refused == []


GONE = {
    "tolerations": {"nvidia": None},
    "volumes": {"shm": None, "cache": None},
    "volumeMounts": {"shm": None, "cache": None},
    "env": {"HF_HOME": None},
    "nodeAffinity": {"preferred": {"nvidia": None}},
    "policies": {"default": None},
}
"""What gpu-inference brings, taken away as the docs say."""


def test_null_takes_an_entry_of_a_flavor_away(helm):
    file = helm.folder / "gone.yaml"
    file.write_text(yaml.safe_dump({**HANDLER, "preset": GONE}))
    rendered = helm.template(files=["flavors/gpu-inference.yaml", file])

    assert not {"tolerations", "affinity"} & rendered.pod().keys()
    assert not {"shm", "cache"} & {volume["name"] for volume in rendered.pod()["volumes"]}
    assert "HF_HOME" not in rendered.env(RUNTIME)
    assert rendered.env(RUNTIME)["TORCH_HOME"] == "/cache/torch"
    assert json.loads(rendered.env(SIDECAR)["ASYA_RESILIENCY"])["policies"] == {}


def test_null_for_a_policy_of_ones_own_takes_the_flavors_away(helm):
    file = helm.folder / "policy.yaml"
    file.write_text(yaml.safe_dump({**HANDLER, "resiliency": {"policies": {"default": None, "other": {}}, "rules": [
        {"errors": ["E"], "policy": "other"},
    ]}}))  # fmt: skip
    rendered = helm.template(files=["flavors/gpu.yaml", file])

    assert json.loads(rendered.env(SIDECAR)["ASYA_RESILIENCY"])["policies"] == {"other": {}}
