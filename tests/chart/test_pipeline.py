"""Several actors in one release: each is what the chart `actor` makes of it, and what they share is there once."""

from __future__ import annotations

import base64
import gzip
import json
import re
import time

import pytest

from tests.chart.kube import DRY_RUN, kube_server
from tests.chart.rendering import JOB, ROOT, RUNTIME, SIDECAR
from tests.chart.test_packaging import notes

CHART = "charts/pipeline"
SCENARIO = "charts/pipeline/ci/three-actors-values.yaml"
IMAGE = "registry.example.com/text:1.0.0"
NAMES = ["classifier", "preprocessor", "translator"]
HUNDRED = {
    "image": IMAGE,
    "actors": {
        f"step-{number}": {
            "handler": f"steps.Step{number}.process",
            "env": {"MODEL_PATH": f"/models/{number}"},
            "scaling": {"maxReplicaCount": number + 1},
        }
        for number in range(100)
    },
}
LARGEST_RELEASE = 700_000


def template(helm, values=None, **options):
    return helm.template(values, chart=CHART, release="text", **options)


@pytest.fixture(scope="module")
def pipeline(helm):
    return template(helm, files=[SCENARIO])


def without(rendered, *kinds):
    """Objects by kind and name, without labels that name release and chart."""
    found = {}
    for each in rendered.objects:
        if each["kind"] not in kinds:
            each["metadata"].pop("labels")
            found[each["kind"], each["metadata"]["name"]] = each
    return found


def test_each_actor_is_what_the_chart_actor_makes_of_it(helm):
    # A chart's own null is no value in a chart above it, so nothing here may depend on one.
    own = {"handler": "a.b", "env": [{"name": "A", "value": "1"}], "scaling": {"maxReplicaCount": 3}}
    shared = {"image": IMAGE, "imageRegistry": "registry.example.com/asya", "resources": {"limits": {"memory": "1Gi"}}}
    several = without(template(helm, {**shared, "actors": {"one": own}}), "ConfigMap", "Job", "Pod")
    alone = without(helm.template({**shared, **own}, release="one"), "ConfigMap", "Job", "Pod")

    assert several.keys() == alone.keys()
    for key, each in alone.items():
        text = json.dumps(each).replace("one-runtime", "text-runtime")
        if key[0] == "Deployment":
            text = text.replace('"app.kubernetes.io/instance": "one"', '"app.kubernetes.io/instance": "text"')
        assert several[key] == json.loads(text)


def test_shared_keys_count_for_all_and_an_actors_own_for_it(pipeline):
    seen = {
        name: (
            pipeline.container(RUNTIME, name)["image"],
            pipeline.env(RUNTIME, name)["ASYA_HANDLER"],
            pipeline.env(RUNTIME, name)["LANGUAGE"],
            pipeline.one("ScaledObject", name)["spec"]["maxReplicaCount"],
        )
        for name in NAMES
    }

    assert seen == {
        "preprocessor": (IMAGE, "preprocessor.process", "en", 20),
        "classifier": (IMAGE, "classifier.TextClassifier.process", "en", 10),
        "translator": (IMAGE, "translator.process", "en", 5),
    }
    assert pipeline.env(RUNTIME, "classifier")["MODEL_PATH"] == "/models/classifier"
    assert "MODEL_PATH" not in pipeline.env(RUNTIME, "translator")


@pytest.mark.parametrize(
    "shared", [{"A": "all", "B": "all"}, [{"name": "A", "value": "all"}, {"name": "B", "value": "all"}]]
)
@pytest.mark.parametrize("own", [{"B": "own"}, [{"name": "B", "value": "own"}]])
def test_neither_a_list_nor_a_map_of_one_actor_drops_what_counts_for_all(helm, shared, own):
    values = {"image": IMAGE, "env": shared, "actors": {"x": {"handler": "a.b", "env": own}}}
    env = template(helm, values).env(RUNTIME, "x")

    assert (env["A"], env["B"]) == ("all", "own")


def test_lists_of_mounts_and_tolerations_are_joined_too(helm):
    mounts = [{"name": "cache", "mountPath": path} for path in ("/a", "/b")]
    shared = {"volumeMounts": mounts, "volumes": {"cache": {"emptyDir": {}}}, "tolerations": [{"key": "gpu"}]}
    own = {
        "handler": "a.b",
        "volumeMounts": {"own": {"mountPath": "/b"}},
        "volumes": [{"name": "own", "emptyDir": {}}],
        "tolerations": [{"key": "spot"}],
    }
    rendered = template(helm, {"image": IMAGE, **shared, "actors": {"x": own}})

    seen = {(each["name"], each["mountPath"]) for each in rendered.container(RUNTIME, "x")["volumeMounts"]}
    assert {("cache", "/a"), ("own", "/b")} <= seen
    assert ("cache", "/b") not in seen
    assert {"cache", "own"} <= {each["name"] for each in rendered.pod(name="x")["volumes"]}
    assert rendered.pod(name="x")["tolerations"] == [{"key": "gpu"}, {"key": "spot"}]


def test_an_actors_flavors_come_from_the_chart_and_count_for_it_alone(pipeline):
    limits = {name: pipeline.container(RUNTIME, name).get("resources", {}).get("limits", {}) for name in NAMES}

    assert limits == {"classifier": {"nvidia.com/gpu": 1}, "preprocessor": {}, "translator": {}}
    assert pipeline.one("ScaledObject", "classifier")["spec"]["cooldownPeriod"] == 600


def test_an_actors_own_keys_win_over_its_flavors(helm):
    own = {"handler": "a.b", "flavor": "spot", "flavors": ["gpu"], "scaling": {"maxReplicaCount": 2}}
    spec = template(helm, {"image": IMAGE, "transport": "nats", "actors": {"x": own}}).one("ScaledObject", "x")["spec"]

    assert (spec["maxReplicaCount"], spec["cooldownPeriod"]) == (2, 600)


@pytest.mark.parametrize(
    ("shared", "own"),
    [({"maxReplicaCount": 9}, {"maxReplicas": 2}), ({"maxReplicas": 9}, {"maxReplicaCount": 2})],
)
def test_an_actors_own_value_wins_under_an_old_name_and_under_todays(helm, shared, own):
    actors = {"x": {"handler": "a.b", "scaling": own}, "y": {"handler": "a.b"}}
    rendered = template(helm, {"image": IMAGE, "scaling": shared, "actors": actors})

    assert [rendered.one("ScaledObject", name)["spec"]["maxReplicaCount"] for name in "xy"] == [2, 9]


def test_an_actor_with_both_names_of_a_value_is_refused(helm):
    own = {"handler": "a.b", "image": IMAGE, "scaling": {"maxReplicas": 2, "maxReplicaCount": 3}}

    assert (
        "ERROR: actors.x.scaling.maxReplicas: 2 is given under this old name of scaling.maxReplicaCount, which is 3;"
    ) in helm.refusal({"actors": {"x": own}}, chart=CHART)


def test_values_of_the_inner_chart_count_for_all_below_the_releases_own(helm):
    inner = {"image": "below:1", "imageRegistry": "below", "scaling": {"queueLength": 9}}
    rendered = template(helm, {"imageRegistry": "above", "actor": inner, "actors": {"a": {"handler": "a.b"}}})

    assert [rendered.container(name, "a")["image"] for name in (RUNTIME, SIDECAR)] == [
        "below:1",
        "above/asya-sidecar:0.1.0",
    ]
    assert rendered.trigger("a")["metadata"]["lagThreshold"] == "9"


def test_values_of_the_inner_chart_that_would_not_count_are_refused(helm):
    told = helm.refusal({"actor": {"enabled": True, "actor": "x"}, "actors": {"a": {}}}, chart=CHART)

    for field in ("enabled", "actor"):
        assert f"ERROR: actor.{field}: under actor stand the defaults of the chart that makes each actor" in told


def test_an_actor_with_a_gpu_needs_the_releases_transport(helm):
    actors = {"actors": {"a": {"handler": "a.b", "flavors": ["gpu"]}}}
    refused = helm.refusal({"image": IMAGE, **actors}, chart=CHART)
    taken = template(helm, {"image": IMAGE, "transport": "rabbitmq", **actors})

    assert 'ERROR: actors.a.flavors: they choose transport "sqs", and the release has "nats"; set transport' in refused
    assert taken.env(SIDECAR, "a")["ASYA_TRANSPORT"] == "rabbitmq"


def test_every_object_of_the_chart_actor_is_there_too():
    def objects(chart):
        files = (ROOT / "charts" / chart / "templates").rglob("*.yaml")
        return {found for file in files for found in re.findall(r'"object" "([a-z-]+)"', file.read_text())}

    assert objects("actor") - {"nothing"} == objects("pipeline")


def test_the_runtime_is_there_once_and_all_mount_it(pipeline):
    runtime = pipeline.one("ConfigMap")["metadata"]["name"]

    assert runtime == "text-runtime"
    for name in NAMES:
        volumes = {volume["name"]: volume for volume in pipeline.pod(name=name)["volumes"]}
        assert volumes["asya-runtime"]["configMap"]["name"] == runtime


def test_one_hook_job_makes_every_queue(pipeline):
    job = pipeline.one("Job")

    assert job["metadata"]["name"] == "text-queues"
    assert pipeline.container(JOB)["command"][4:] == [*NAMES, "happy-end", "error-end"]


def test_the_order_of_the_actors_means_nothing(helm):
    actors = {name: {"handler": "a.b"} for name in ("b", "c", "a")}
    turned = dict(reversed(actors.items()))

    assert (
        template(helm, {"image": IMAGE, "actors": actors}).objects
        == template(helm, {"image": IMAGE, "actors": turned}).objects
    )


def test_an_actor_can_be_switched_off(helm):
    actors = {"on": {"handler": "a.b"}, "off": {"handler": "a.b", "enabled": False}}
    rendered = template(helm, {"image": IMAGE, "actors": actors})

    assert [each["metadata"]["name"] for each in rendered.all("Deployment")] == ["on"]
    assert rendered.container(JOB)["command"][4:] == ["on", "happy-end", "error-end"]


def test_no_actors_are_nothing(helm):
    assert template(helm).objects == []


def test_an_environments_file_fits_this_chart_too(helm):
    values = {"image": IMAGE, "transports": {"nats": {"url": "nats://other:4222"}}, "actors": {"x": {"handler": "a.b"}}}
    rendered = template(helm, values)

    assert rendered.env(SIDECAR, "x")["ASYA_NATS_URL"] == "nats://other:4222"
    assert {"name": "ASYA_NATS_URL", "value": "nats://other:4222"} in rendered.container(JOB)["env"]


def test_notes_name_each_queue_and_what_keeps_pods_from_starting(helm, tmp_path):
    actors = {"one": {"image": IMAGE, "handler": "a.b"}, "two": {}}
    text = notes(helm, tmp_path / "1", "pipeline", {"queues": {"prefix": "dev-"}, "actors": actors})

    assert (
        "Actors of release mine, each with its queue (nats):\n  one: dev-one\n  two: dev-two, runs the built-in" in text
    )
    assert "imageRegistry IS EMPTY: pods start only on nodes that have asya-sidecar:" in text
    assert notes(helm, tmp_path / "2", "pipeline", {}).startswith("NO ACTORS WERE GIVEN")


@pytest.mark.parametrize(
    ("actors", "sentence"),
    [
        ({"a": {}, "b": {"handler": "x"}}, 'ERROR: actors.b.handler: "x" names nothing in a module'),
        ({"b": {"handler": "x.y", "image": ""}}, "ERROR: actors.b.image: handler is given, but no image that holds it"),
        ({"happy-end": {}}, "ERROR: actors.happy-end: it is an end actor, which the chart crew brings"),
        ({"a": {"flavors": ["nonesuch"]}}, 'ERROR: actors.a.flavors: no flavor "nonesuch" is in the chart; use one of'),
        ({"a": {"transport": "nats"}}, "actors.a: Additional property transport is not allowed"),
        ({"a": {"actor": "b"}}, "actors.a: Additional property actor is not allowed"),
        ({"a": {"scaling": {"min": 1}}}, "actors.a.scaling: Additional property min is not allowed"),
        (
            {"a": {"flavors": ["rabbitmq"]}},
            'ERROR: actors.a.flavors: they choose transport "rabbitmq", and the release',
        ),
        ({"A_b": {}}, "A_b"),
    ],
)
def test_a_mistake_names_its_actor(helm, actors, sentence):
    image = {} if any("image" in (each or {}) for each in actors.values()) else {"image": IMAGE}

    assert sentence in helm.refusal({**image, "actors": actors}, chart=CHART)


@pytest.fixture(scope="module")
def release(helm, tmp_path_factory):
    """The release of a hundred actors as Helm would store it, and the seconds that it took."""
    folder = tmp_path_factory.mktemp("hundred")
    (folder / "values.json").write_text(json.dumps(HUNDRED))
    arguments = ("install", "text", CHART, "--values", folder / "values.json", *DRY_RUN, "-o", "json")
    with kube_server(folder) as environment:
        began = time.monotonic()
        done = helm.run(*arguments, environment=environment)
        took = time.monotonic() - began
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout), took


def test_a_release_of_a_hundred_actors_stays_far_below_what_helm_can_store(release, record_testsuite_property):
    """Helm keeps a release as JSON, gzipped at its best and in base64, in one Secret of at most 1 MiB."""
    stored = base64.b64encode(gzip.compress(json.dumps(release[0], separators=(",", ":")).encode(), 9))
    record_testsuite_property("bytes of a release of 100 actors", len(stored))
    record_testsuite_property("seconds to render 100 actors", release[1])

    assert release[0]["manifest"].count("kind: Deployment") == 100
    assert len(stored) < LARGEST_RELEASE


def test_what_is_stored_of_a_release_holds_the_values_as_they_were_given(release):
    assert release[0]["chart"]["values"]["actors"] == {}
    assert release[0]["config"] == HUNDRED
