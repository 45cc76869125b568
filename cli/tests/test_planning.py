"""What a run would start, without starting it: the charts decide, not the command."""

import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from asya_cli.assets import find_assets
from asya_cli.errors import CliError
from asya_cli.local.actors import Actor
from asya_cli.local.brokers import prepare_broker
from asya_cli.local.differences import unread_names, write_differences
from asya_cli.local.planning import Planner, Wish
from asya_cli.local.ports import FreePorts
from asya_cli.local.state import Folder

pytestmark = pytest.mark.needs("helm", "nats-server")


@pytest.fixture
def plan(tmp_path):
    folder = Folder(tmp_path / ".asya")
    folder.prepare()

    def make(*actors, assets=None, **wish):
        ports = FreePorts()
        broker = prepare_broker("nats", folder.path / "nats", folder.logs, ports)
        given = actors or [Actor("text", {"image": "mine:1", "handler": "text.process"})]
        return Planner(Wish(tmp_path, given, **wish), folder, broker, assets or find_assets(), ports).plan()

    return make


@pytest.fixture
def assets(tmp_path):
    """The same charts, to be changed."""
    copy = tmp_path / "charts"
    shutil.copytree(find_assets().charts, copy)
    return replace(find_assets(), charts=copy)


def process(planned, actor, container):
    (found,) = [each for each in planned.plan.processes if (each.actor, each.container) == (actor, container)]
    return found


def test_an_actor_is_what_its_chart_renders(plan):
    planned = plan()
    titles = [each.title for each in planned.plan.processes]
    assert sorted(titles) == sorted(
        f"{actor}/asya-{container}"
        for actor in ("text", "happy-end", "error-end")
        for container in ("runtime", "sidecar")
    )
    assert process(planned, "text", "asya-runtime").env["ASYA_HANDLER"] == "text.process"
    assert planned.plan.jobs[0][0].name == "text-queues"
    assert planned.plan.grace == 330.0


def change(file, before, after):
    text = file.read_text()
    assert before in text
    file.write_text(text.replace(before, after, 1))


def test_a_change_in_the_chart_shows_without_a_change_here(plan, assets):
    chart = assets.charts / "actor"
    template = chart / "templates" / "_runtime.tpl"
    change(template, "  env:\n", '  env:\n    - {name: ADDED, value: "/tmp/added"}\n')
    change(template, '"/opt/asya/asya_runtime" | toJson', '"/opt/asya/asya_runtime" "--added" | toJson')
    (chart / "files" / "asya_runtime" / "added.py").write_text("ADDED = True\n")
    runtime = process(plan(assets=assets), "text", "asya-runtime")
    assert runtime.argv[2:] == ["--added"]
    assert runtime.env["ADDED"] == f"{runtime.env['HOME']}/added"
    assert (Path(runtime.argv[1]) / "added.py").read_text() == "ADDED = True\n"


def test_the_runtimes_files_are_those_of_the_chart(plan):
    runtime = process(plan(), "text", "asya-runtime")
    ours = {file.name: file.read_text() for file in Path(runtime.argv[1]).iterdir()}
    charts = find_assets().chart("actor") / "files" / "asya_runtime"
    assert ours == {file.name: file.read_text() for file in charts.glob("*.py")}


def test_the_end_actors_serve_the_actors_prefix_and_store_in_the_runs_folder(plan, tmp_path):
    planned = plan(sets=["queues.prefix=dev-"])
    assert {actor.name: actor.queue for actor in planned.info.actors} == {
        "text": "dev-text",
        "happy-end": "dev-happy-end",
        "error-end": "dev-error-end",
    }
    for end in ("happy-end", "error-end"):
        assert process(planned, end, "asya-sidecar").env["ASYA_QUEUE_PREFIX"] == "dev-"
        assert process(planned, end, "asya-runtime").env["ASYA_STORE_URL"] == f"file://{tmp_path}/.asya/results"
    assert planned.info.results == f"file://{tmp_path}/.asya/results"


def test_actors_that_cannot_reach_each_other_are_refused(plan):
    values = {"image": "mine:1", "handler": "a.process"}
    with pytest.raises(CliError, match=r"different prefixes \(b has 'asya-', a has 'x-'\); they can't reach"):
        plan(Actor("a", values | {"queues": {"prefix": "x-"}}), Actor("b", values))


def test_whatever_the_values_say_the_actors_use_this_runs_broker(plan):
    own = {"transport": "rabbitmq", "transports": {"nats": {"url": "nats://prod:4222", "existingSecret": "prod"}}}
    planned = plan(
        Actor("text", {"image": "m:1", "handler": "a.b", **own}), sets=["transports.nats.url=nats://other:1"]
    )
    for each in planned.plan.processes:
        if each.container == "asya-sidecar":
            assert each.env["ASYA_TRANSPORT"] == "nats"
            assert each.env["ASYA_NATS_URL"] == planned.info.broker_url
    assert "text: transport: rabbitmq -> nats" in planned.notes
    (overruled,) = planned.overruled
    assert overruled.warning.startswith("warning: text has transport rabbitmq; this run uses nats")


@pytest.mark.parametrize("how", ["sets", "values", "file"])
def test_a_transport_that_the_chart_refuses_is_told(plan, tmp_path, how):
    (tmp_path / "kafka.yaml").write_text("transport: kafka\n")
    values = {"image": "m:1", "handler": "a.b"} | ({"transport": "kafka"} if how == "values" else {})
    wish = {"sets": {"sets": ["logLevel=DEBUG,transport=kafka"]}, "file": {"values_files": [tmp_path / "kafka.yaml"]}}
    planned = plan(Actor("text", values), **wish.get(how, {}))
    (overruled,) = planned.overruled
    assert overruled.warning.startswith("warning: text has transport kafka; this run uses nats; on a cluster the chart")
    assert '"kafka" is not built yet' in overruled.warning
    assert "text: transport: kafka -> nats" in planned.notes


def test_a_flavor_that_names_another_transport_is_told(plan):
    planned = plan(values_files=[find_assets().flavors / "gpu.yaml"])
    assert [each.warning for each in planned.overruled] == ["warning: text has transport sqs; this run uses nats"]
    own = Actor("text", {"image": "m:1", "handler": "a.b", "transport": "nats"})
    assert plan(own, values_files=[find_assets().flavors / "gpu.yaml"]).overruled == []


@pytest.mark.parametrize(
    ("values", "sets", "threshold"),
    [
        ({}, [], "65536"),
        ({"maxBodyBytes": 32768}, [], "32767"),
        ({"maxBodyBytes": 32768, "claimCheck": {"threshold": 100}}, [], "100"),
        ({"maxBodyBytes": 32768}, ["logLevel=DEBUG,maxBodyBytes=8192"], "8191"),
    ],
)
def test_an_actor_of_small_messages_stores_payloads_before_they_are_refused(plan, values, sets, threshold):
    planned = plan(Actor("text", {"image": "m:1", "handler": "a.b", **values}), sets=sets)
    assert process(planned, "text", "asya-sidecar").env["ASYA_CLAIM_CHECK_THRESHOLD"] == threshold


def test_a_threshold_that_a_cluster_would_refuse_is_refused_here(plan):
    own = {"maxBodyBytes": 32768, "claimCheck": {"url": "s3://payloads"}}
    with pytest.raises(CliError, match=r"65536 is not below maxBodyBytes, 32768"):
        plan(Actor("text", {"image": "m:1", "handler": "a.b", **own}))


def test_the_brokers_own_settings_are_listed(plan):
    planned = plan()
    assert "nats-server: max_payload 1048576 (its default) -> 33554432" in planned.notes
    assert planned.overruled == []


def test_no_two_processes_share_a_port_a_log_or_a_volume(plan):
    planned = plan(*(Actor(name, {"image": "m:1", "handler": "a.b"}) for name in ("a", "b", "c")))
    metrics = [actor.metrics for actor in planned.info.actors]
    assert len(set(metrics)) == len(metrics) == 5
    logs = [each.log for each in planned.plan.processes]
    assert len(set(logs)) == len(logs)
    sockets = {each.actor: each.env["ASYA_SOCKET_DIR"] for each in planned.plan.processes}
    assert len(set(sockets.values())) == 5


def test_differences_from_a_cluster_are_written_down(plan, tmp_path):
    values = {
        "image": "m:1",
        "handler": "a.b",
        "nodeSelector": {"gpu": "a100"},
        "resources": {"limits": {"memory": "1Gi"}},
    }
    planned = plan(Actor("text", values), sets=["scaling.enabled=true"])
    write_differences(planned, tmp_path / "differences.txt")
    written = (tmp_path / "differences.txt").read_text()
    assert "  nodeSelector: Deployment text\n" in written
    assert "text/asya-runtime" in next(line for line in written.splitlines() if line.startswith("  resources:"))
    assert f"broker -> {planned.info.broker_url}" in written
    assert {"nodeSelector", "resources", "ScaledObject"} <= set(unread_names(planned.unread))


def test_a_missing_secret_names_the_file_to_write(plan, tmp_path):
    wanted = [{"secretName": "openai", "keys": [{"key": "token", "envVar": "API_KEY"}]}]
    actor = Actor("text", {"image": "m:1", "handler": "a.b", "secretRefs": wanted})
    with pytest.raises(CliError, match=rf"write the value into the file {tmp_path}/\.asya/secrets/openai/token"):
        plan(actor)
    (tmp_path / ".asya" / "secrets" / "openai").mkdir()
    (tmp_path / ".asya" / "secrets" / "openai" / "token").write_text("t0ken\n")
    assert process(plan(actor), "text", "asya-runtime").env["API_KEY"] == "t0ken"


@pytest.mark.parametrize(
    "flavor", sorted((find_assets().chart("actor") / "flavors").glob("*.yaml")), ids=lambda file: file.stem
)
def test_every_flavor_runs_without_a_cluster(plan, flavor):
    planned = plan(values_files=[flavor])
    assert process(planned, "text", "asya-runtime").env["ASYA_HANDLER"] == "text.process"
