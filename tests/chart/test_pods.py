"""What stands around an actor's two containers: identities, placement, init containers, budgets, policies, monitors."""

from __future__ import annotations

import pytest

from tests.chart.cases import tell
from tests.chart.pod_security import violations
from tests.chart.rendering import HANDLER, JOB, RUNTIME, SIDECAR

DIGEST = "sha256:" + "ab" * 32
ROLE = {"eks.amazonaws.com/role-arn": "arn:aws:iam::1:role/asya"}
SPREAD = {"maxSkew": 1, "topologyKey": "zone", "whenUnsatisfiable": "ScheduleAnyway"}
CASES = {
    "plain": {},
    "identity": {"serviceAccount": {"create": True, "annotations": ROLE}, "queues": {"deleteOnUninstall": True}},
    "given account": {"serviceAccountName": "ml"},
    "native": {"sidecar": {"native": True}, "initContainers": {"fetch": {"image": "fetch:1"}}},
    "init containers": {
        "initContainers": [
            {"name": "fetch", "image": "fetch:1"},
            {"name": "own", "image": "own:1", "securityContext": {"runAsUser": 1000}},
        ]
    },
    "placement": {
        "topologySpreadConstraints": [SPREAD, {**SPREAD, "labelSelector": {"matchLabels": {"own": "yes"}}}],
        "priorityClassName": "high",
        "runtimeClassName": "nvidia",
    },
    "digests": {"imageRegistry": "r.example.com", "imageDigests": {"asya-sidecar": DIGEST}},
    "budget": {"podDisruptionBudget": {"maxUnavailable": 2}},
    "share": {"podDisruptionBudget": {"maxUnavailable": "25%"}},
    "policy": {"networkPolicy": {"enabled": True}},
    "policy of rabbitmq": {
        "transport": "rabbitmq",
        "transports": {"rabbitmq": {"url": "amqps://broker:5679", "managementUrl": "https://broker"}},
        "networkPolicy": {"enabled": True},
    },
    "narrow policy": {
        "transports": {"nats": {"url": "nats://a,nats://b:4333"}},
        "networkPolicy": {
            "enabled": True,
            "brokerTo": [{"ipBlock": {"cidr": "10.0.0.0/8"}}],
            "egress": [{"ports": [{"port": 443}]}],
            "metricsFrom": [{"namespaceSelector": {}}],
        },
    },
    "labels": {"podLabels": {"azure.workload.identity/use": "true", "app.kubernetes.io/component": "other"}},
    "monitor": {"podMonitor": {"enabled": True, "interval": "15s", "labels": {"release": "prometheus"}}},
}


@pytest.fixture(scope="module")
def told(helm):
    return tell(helm, {name: {**HANDLER, **values} for name, values in CASES.items()})


@pytest.fixture
def case(told):
    def case(name):
        assert told[name].refused == []
        return told[name].rendered

    return case


def test_what_is_not_asked_for_is_not_there(case):
    kinds = {each["kind"] for each in case("plain").objects}

    assert kinds == {"Deployment", "ScaledObject", "Job", "Pod"}


def test_an_identity_at_a_cloud_is_an_account_of_the_pods(case):
    rendered = case("identity")
    account = rendered.one("ServiceAccount", "my-model")

    assert account["metadata"]["annotations"] == ROLE
    assert account["automountServiceAccountToken"] is False
    assert rendered.pod()["serviceAccountName"] == "my-model"
    assert rendered.pod()["automountServiceAccountToken"] is False


def test_jobs_have_an_account_of_their_own_that_is_there_before_the_release(case):
    rendered = case("identity")
    metadata = rendered.one("ServiceAccount", "my-model-queues")["metadata"]

    assert metadata["annotations"] == {
        **ROLE,
        "helm.sh/hook": "pre-install,pre-upgrade",
        "helm.sh/hook-weight": "-10",
        "helm.sh/hook-delete-policy": "before-hook-creation",
    }
    jobs = [each["spec"]["template"]["spec"] for each in rendered.all("Job")]
    assert [job["serviceAccountName"] for job in jobs] == ["my-model-queues"] * 2


@pytest.mark.parametrize(("name", "account"), [("plain", None), ("given account", "ml")])
def test_without_an_identity_accounts_are_the_namespaces_or_given(case, name, account):
    rendered = case(name)

    assert rendered.all("ServiceAccount") == []
    assert {rendered.pod(kind).get("serviceAccountName") for kind in ("Deployment", "Job")} == {account}


def test_a_native_sidecar_is_the_first_init_container_and_waits_for_nobody(case):
    pod = case("native").pod()
    sidecar, fetch = pod["initContainers"]

    assert [each["name"] for each in pod["containers"]] == [RUNTIME]
    assert (sidecar["name"], sidecar["restartPolicy"], fetch["name"]) == (SIDECAR, "Always", "fetch")
    assert sidecar["startupProbe"]["httpGet"] == {"path": "/healthz", "port": "metrics"}
    assert violations(pod) == []


def test_a_native_sidecar_is_else_the_same(case):
    native, plain = case("native").pod()["initContainers"][0], case("plain").container(SIDECAR)

    assert {key: value for key, value in native.items() if key not in ("restartPolicy", "startupProbe")} == plain


def test_init_containers_run_under_the_restricted_profile_unless_they_say_otherwise(case):
    pod = case("init containers").pod()

    assert [(each["name"], each["image"]) for each in pod["initContainers"]] == [("fetch", "fetch:1"), ("own", "own:1")]
    assert pod["initContainers"][1]["securityContext"]["runAsUser"] == 1000
    assert not [violation for violation in violations(pod) if violation.startswith("fetch")]


def test_placement_is_passed_on_and_spreading_counts_the_actors_pods(case):
    rendered = case("placement")
    pod, selector = rendered.pod(), rendered.one("Deployment")["spec"]["selector"]

    first, second = pod["topologySpreadConstraints"]
    assert first == {**SPREAD, "labelSelector": {"matchLabels": selector["matchLabels"]}}
    assert second["labelSelector"] == {"matchLabels": {"own": "yes"}}
    assert (pod["priorityClassName"], pod["runtimeClassName"]) == ("high", "nvidia")


def test_a_digest_pins_each_place_of_an_image(case):
    rendered = case("digests")

    pinned = f"r.example.com/asya-sidecar:0.1.0@{DIGEST}"
    assert {rendered.container(name)["image"] for name in (SIDECAR, JOB)} == {pinned}


@pytest.mark.parametrize(("name", "expected"), [("budget", 2), ("share", "25%")])
def test_a_budget_bounds_what_a_drain_takes(case, name, expected):
    rendered = case(name)
    spec = rendered.one("PodDisruptionBudget")["spec"]

    assert spec == {"maxUnavailable": expected, "selector": rendered.one("Deployment")["spec"]["selector"]}


def test_labels_reach_the_jobs_pods_too_and_change_nothing_that_selects(case):
    rendered = case("labels")
    labels = {kind: rendered.one(kind)["spec"]["template"]["metadata"]["labels"] for kind in ("Deployment", "Job")}

    assert {each["azure.workload.identity/use"] for each in labels.values()} == {"true"}
    components = {kind: each["app.kubernetes.io/component"] for kind, each in labels.items()}
    assert components == {"Deployment": "actor", "Job": "queues"}


def ports(rule):
    return [port["port"] for port in rule["ports"]]


@pytest.mark.parametrize(("name", "broker"), [("policy", [4222]), ("policy of rabbitmq", [5679, 15671])])
def test_a_policy_lets_pods_reach_names_and_the_broker(case, name, broker):
    spec = case(name).one("NetworkPolicy")["spec"]

    assert spec["policyTypes"] == ["Ingress", "Egress"]
    assert [ports(rule) for rule in spec["egress"]] == [[53, 53], broker]
    assert [ports(rule) for rule in spec["ingress"]] == [[8080]]


def test_a_policy_is_narrowed_and_widened_by_values(case):
    spec = case("narrow policy").one("NetworkPolicy")["spec"]

    names, broker, own = spec["egress"]
    assert "to" not in names
    assert (broker["to"], ports(broker)) == ([{"ipBlock": {"cidr": "10.0.0.0/8"}}], [4222, 4333])
    assert own == {"ports": [{"port": 443}]}
    assert spec["ingress"][0]["from"] == [{"namespaceSelector": {}}]


def test_a_policy_holds_for_the_jobs_pods_too(case):
    rendered = case("policy")
    selector = rendered.one("NetworkPolicy")["spec"]["podSelector"]["matchLabels"]

    for kind in ("Deployment", "Job"):
        assert selector.items() <= rendered.one(kind)["spec"]["template"]["metadata"]["labels"].items()


def test_a_monitor_finds_the_sidecars_port(case):
    rendered = case("monitor")
    monitor = rendered.one("PodMonitor")

    assert monitor["metadata"]["labels"]["release"] == "prometheus"
    assert monitor["spec"]["selector"] == rendered.one("Deployment")["spec"]["selector"]
    (endpoint,) = monitor["spec"]["podMetricsEndpoints"]
    assert endpoint == {"port": "metrics", "path": "/metrics", "interval": "15s"}
    assert endpoint["port"] in [port["name"] for port in rendered.container(SIDECAR)["ports"]]


@pytest.mark.parametrize("name", CASES)
def test_every_such_pod_passes_the_restricted_profile(case, name):
    pods = [each["spec"]["template"]["spec"] for kind in ("Deployment", "Job") for each in case(name).all(kind)]
    pods.append(case(name).one("Pod")["spec"])

    assert [violation for pod in pods for violation in violations(pod) if not violation.startswith("own:")] == []


def test_what_is_not_about_pods_restarts_none(helm):
    about_others = {
        "scaling": {"maxReplicaCount": 7, "paused": True},
        "queues": {"deleteOnUninstall": True},
        "podMonitor": {"enabled": True},
        "podDisruptionBudget": {"maxUnavailable": 1},
        "networkPolicy": {"enabled": True},
        "preset": {"flavors": {"own": True}},
    }
    told = tell(helm, {"before": HANDLER, "after": {**HANDLER, **about_others}})

    before, after = (told[name].rendered.one("Deployment")["spec"] for name in ("before", "after"))
    assert before == after


@pytest.mark.parametrize(
    ("own", "expected"),
    [
        ({"runAsUser": 5}, {"runAsUser": 5, "allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}}),
        (
            {"capabilities": {"add": ["NET_BIND_SERVICE"]}},
            {"allowPrivilegeEscalation": False, "capabilities": {"add": ["NET_BIND_SERVICE"], "drop": ["ALL"]}},
        ),
        ({"capabilities": {"drop": []}}, {"allowPrivilegeEscalation": False, "capabilities": {"drop": []}}),
        ({"privileged": True}, {"privileged": True, "capabilities": {"drop": ["ALL"]}}),
    ],
    ids=["user", "capability", "none dropped", "privileged"],
)
def test_a_security_context_of_another_container_is_joined_field_by_field(helm, own, expected):
    container = {"name": "fetch", "image": "curl:8", "securityContext": own}
    template = {"spec": {"containers": [{"name": "asya-runtime"}, container]}}
    pod = helm.template({**HANDLER, "initContainers": [container], "workload": {"template": template}}).pod()

    for kind in ("initContainers", "containers"):
        found = next(each for each in pod[kind] if each["name"] == "fetch")
        assert found["securityContext"] == {"readOnlyRootFilesystem": False, **expected}
