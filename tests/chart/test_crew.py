"""The end actors: two actors of one release, rendered by the actor chart's own templates."""

from __future__ import annotations

import pytest

from asya_core.route import ENDS
from asya_sidecar.settings import Settings
from tests.chart.rendering import JOB, RUNTIME, SIDECAR

HANDLERS = {"happy-end": "asya_crew.happy_end.HappyEnd.process", "error-end": "asya_crew.error_end.ErrorEnd.process"}
PREFIXES = {"happy-end": "happy-asya/", "error-end": "error-asya/"}


def template(helm, values=None, **options):
    return helm.template(values, chart="charts/crew", release="crew", **options)


@pytest.mark.parametrize("end", ENDS)
def test_each_end_is_an_actor_with_its_handler_and_store(crew, end):
    env = crew.env(RUNTIME, end)

    assert (env["ASYA_HANDLER"], env["ASYA_HANDLER_MODE"]) == (HANDLERS[end], "envelope")
    assert (env["ASYA_STORE_URL"], env["ASYA_STORE_PREFIX"]) == ("file:///data", PREFIXES[end])
    assert Settings.from_env(crew.env(SIDECAR, end)).is_end
    assert crew.container(RUNTIME, end)["image"] == "asya-crew:0.1.0"
    assert crew.one("ScaledObject", end)["spec"]["scaleTargetRef"] == {"name": end}


@pytest.mark.parametrize("end", ENDS)
def test_ends_take_what_is_larger_than_any_actors_message(crew, actor, end):
    most = {int(crew.env(container, end)["ASYA_MAX_BODY_BYTES"]) for container in (SIDECAR, RUNTIME)}

    assert most == {2 * int(actor.env(SIDECAR)["ASYA_MAX_BODY_BYTES"]) + 1024 * 1024}


def test_the_image_has_the_runtime_so_none_is_mounted(crew):
    assert crew.all("ConfigMap") == []


@pytest.mark.parametrize("deleting", [False, True])
def test_each_account_for_queues_is_a_jobs(helm, deleting):
    values = {"serviceAccount": {"create": True}, "queues": {"deleteOnUninstall": deleting}}
    rendered = template(helm, values)

    accounts = {each["metadata"]["name"] for each in rendered.all("ServiceAccount")} - set(HANDLERS)
    assert accounts == {each["spec"]["template"]["spec"]["serviceAccountName"] for each in rendered.all("Job")}


def test_one_hook_job_makes_both_queues(crew):
    assert crew.container(JOB)["command"][4:] == ["happy-end", "error-end"]


@pytest.mark.parametrize("end", ENDS)
def test_a_folder_is_one_volume_that_both_mount(crew, end):
    claim = crew.one("PersistentVolumeClaim")
    volumes = {volume["name"]: volume for volume in crew.pod(name=end)["volumes"]}
    mounts = {mount["name"]: mount["mountPath"] for mount in crew.container(RUNTIME, end)["volumeMounts"]}

    assert volumes["store"]["persistentVolumeClaim"]["claimName"] == claim["metadata"]["name"] == "crew-store"
    assert mounts["store"] == "/data"
    assert "store" not in [mount["name"] for mount in crew.container(SIDECAR, end)["volumeMounts"]]


def test_results_outlive_the_release(crew):
    assert crew.one("PersistentVolumeClaim")["metadata"]["annotations"]["helm.sh/resource-policy"] == "keep"


def test_another_folder_is_mounted_where_it_is_looked_for(helm):
    rendered = template(helm, {"store": {"url": "file:///srv/results", "existingClaim": "shared"}})

    assert rendered.all("PersistentVolumeClaim") == []
    for end in ENDS:
        volumes = {volume["name"]: volume for volume in rendered.pod(name=end)["volumes"]}
        mounts = {mount["name"]: mount["mountPath"] for mount in rendered.container(RUNTIME, end)["volumeMounts"]}
        assert volumes["store"]["persistentVolumeClaim"]["claimName"] == "shared"
        assert mounts["store"] == "/srv/results"


def test_the_claim_is_as_asked_for(helm):
    claim = {"size": "1Ti", "storageClassName": "nfs", "accessModes": ["ReadWriteMany"]}
    spec = template(helm, {"store": {"claim": claim}}).one("PersistentVolumeClaim")["spec"]

    assert spec == {
        "accessModes": ["ReadWriteMany"],
        "storageClassName": "nfs",
        "resources": {"requests": {"storage": "1Ti"}},
    }


def together(rendered, end):
    affinity = rendered.pod(name=end).get("affinity", {}).get("podAffinity", {})
    return affinity.get("requiredDuringSchedulingIgnoredDuringExecution", [])


@pytest.mark.parametrize("end", ENDS)
def test_pods_that_share_a_claim_of_one_node_are_kept_on_it(crew, end):
    [term] = together(crew, end)

    assert term["topologyKey"] == "kubernetes.io/hostname"
    labels = crew.one("Deployment", end)["spec"]["template"]["metadata"]["labels"]
    claim = crew.one("PersistentVolumeClaim")["metadata"]["labels"]
    instance = "app.kubernetes.io/instance"
    assert term["labelSelector"]["matchLabels"] == {instance: labels[instance]} == {instance: claim[instance]}
    [expression] = term["labelSelector"]["matchExpressions"]
    assert (expression["key"], expression["operator"]) == ("asya.sh/actor", "In")
    assert expression["values"] == list(ENDS)
    assert labels["asya.sh/actor"] in expression["values"]


def test_one_node_stands_beside_the_affinity_of_the_user_and_nothing_is_spread(helm):
    own = {"labelSelector": {"matchLabels": {"app": "x"}}, "topologyKey": "zone"}
    spread = {"maxSkew": 1, "topologyKey": "kubernetes.io/hostname", "whenUnsatisfiable": "DoNotSchedule"}
    affinity = {"podAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": [own]}}
    rendered = template(helm, {"affinity": affinity, "topologySpreadConstraints": [spread]})

    for end in ENDS:
        assert [term["topologyKey"] for term in together(rendered, end)] == ["zone", "kubernetes.io/hostname"]
        assert "topologySpreadConstraints" not in rendered.pod(name=end)


@pytest.mark.parametrize(
    "store",
    [{"url": "s3://results"}, {"existingClaim": "shared"}, {"claim": {"accessModes": ["ReadWriteMany"]}}],
    ids=["object storage", "existing claim", "many nodes"],
)
def test_a_store_of_many_nodes_leaves_pods_free(helm, store):
    spread = {"maxSkew": 1, "topologyKey": "kubernetes.io/hostname", "whenUnsatisfiable": "DoNotSchedule"}
    rendered = template(helm, {"store": store, "topologySpreadConstraints": [spread]})

    for end in ENDS:
        assert together(rendered, end) == []
        assert rendered.pod(name=end)["topologySpreadConstraints"]


def test_object_storage_needs_no_volume_and_gets_its_credentials_from_a_secret(helm):
    rendered = template(helm, files=["charts/crew/ci/object-storage-values.yaml"])

    assert rendered.all("PersistentVolumeClaim") == []
    for end in ENDS:
        assert "store" not in [volume["name"] for volume in rendered.pod(name=end)["volumes"]]
        reference = {"secretKeyRef": {"name": "store", "key": "access-key-id"}}
        assert rendered.env(RUNTIME, end)["AWS_ACCESS_KEY_ID"] == reference


def test_keys_of_the_actor_chart_count_for_both_ends_and_under_an_end_for_one(helm):
    rendered = template(
        helm,
        {
            "transports": {"nats": {"url": "nats://other:4222"}},
            "env": {"A": "both", "B": "both"},
            "scaling": {"maxReplicaCount": 7},
            "security": {"runAsUser": None},
            "error-end": {"env": {"B": "one"}, "scaling": {"maxReplicaCount": 3}, "image": "own:1"},
        },
    )

    seen = {
        end: (
            rendered.env(SIDECAR, end)["ASYA_NATS_URL"],
            (rendered.env(RUNTIME, end)["A"], rendered.env(RUNTIME, end)["B"]),
            rendered.one("ScaledObject", end)["spec"]["maxReplicaCount"],
            rendered.container(RUNTIME, end)["image"],
            "runAsUser" in rendered.pod(name=end)["securityContext"],
        )
        for end in ENDS
    }
    assert seen == {
        "happy-end": ("nats://other:4222", ("both", "both"), 7, "asya-crew:0.1.0", False),
        "error-end": ("nats://other:4222", ("both", "one"), 3, "own:1", False),
    }


def test_a_list_for_one_end_never_drops_the_store(helm):
    env = template(helm, {"happy-end": {"env": [{"name": "A", "value": "1"}]}}).env(RUNTIME, "happy-end")

    assert env["A"] == "1"
    assert env["ASYA_STORE_URL"] == "file:///data"


def test_an_environments_values_fit_both_charts(helm):
    files = ["values/local.yaml"]
    ends, actor = template(helm, files=files), helm.template(files=files)

    addresses = {each.env(SIDECAR, name)["ASYA_NATS_URL"] for each, name in ((ends, "happy-end"), (actor, "my-model"))}
    assert addresses == {"nats://127.0.0.1:4222"}
    assert ends.all("ScaledObject") == actor.all("ScaledObject") == []
    assert [each["spec"]["replicas"] for each in (*ends.all("Deployment"), *actor.all("Deployment"))] == [1, 1, 1]


@pytest.mark.parametrize("key", ["handler", "handlerMode", "actor", "batch", "runtime", "workload"])
def test_what_makes_it_an_end_can_not_be_changed(helm, key):
    values = {"happy-end": {key: {} if key in ("batch", "runtime", "workload") else "x"}}

    assert f'"{key}"' in helm.refusal(values, chart="charts/crew", release="crew")
