"""Values of whole environments: each fits all charts of ours, and what it is for is there."""

from __future__ import annotations

import re

import pytest
import yaml

from tests.chart.cases import merged, tell
from tests.chart.rendering import HANDLER, RUNTIME, SIDECAR
from tests.chart.rendering import ROOT as REPOSITORY

VALUES = REPOSITORY / "values"
BROKERS, STAGES = ("nats", "rabbitmq", "sqs"), ("dev", "prod")
INSTALLED = ("nats", "rabbitmq")
"""Those that a chart of somebody else brings into the cluster."""
OWN = {"charts/actor": HANDLER, "charts/pipeline": {**HANDLER, "actors": {"x": {}}}, "charts/crew": {}}
THIRD_PARTY = sorted((VALUES / "third-party").glob("*.yaml"))


def render(helm, chart, broker, stage):
    return helm.template(OWN[chart], chart=chart, files=[f"values/{broker}.yaml", f"values/{stage}.yaml"])


@pytest.mark.parametrize("stage", STAGES)
@pytest.mark.parametrize("broker", BROKERS)
@pytest.mark.parametrize("chart", OWN)
def test_an_environment_fits_every_chart(helm, chart, broker, stage):
    rendered = render(helm, chart, broker, stage)

    for deployment in rendered.all("Deployment"):
        env = rendered.env(SIDECAR, deployment["metadata"]["name"])
        assert (env["ASYA_TRANSPORT"], env["ASYA_QUEUE_PREFIX"]) == (broker, f"{stage}-")
    assert all(each["spec"]["maxReplicaCount"] <= 3 for each in rendered.all("ScaledObject")) == (stage == "dev")
    assert bool(rendered.all("PodMonitor")) == bool(rendered.all("PodDisruptionBudget")) == (stage == "prod")


def test_development_says_much(helm):
    assert render(helm, "charts/actor", "nats", "dev").env(RUNTIME)["ASYA_LOG_LEVEL"] == "DEBUG"


def test_development_behind_flavors_keeps_its_few_pods(helm):
    dev = yaml.safe_load((VALUES / "dev.yaml").read_text())
    flavors = {file.stem: yaml.safe_load(file.read_text()) for file in (REPOSITORY / "flavors").glob("*.yaml")}
    del flavors["s3-results"]  # The ends' own.
    told = tell(helm, {name: merged(flavor, dev, HANDLER) for name, flavor in flavors.items()})

    most = {name: case.rendered.one("ScaledObject")["spec"]["maxReplicaCount"] for name, case in told.items()}
    assert most == dict.fromkeys(flavors, 3)


def test_production_spreads_the_actors_own_pods(helm):
    constraint = render(helm, "charts/actor", "nats", "prod").pod()["topologySpreadConstraints"][0]

    assert constraint["labelSelector"]["matchLabels"]["app.kubernetes.io/name"] == "my-model"


def test_addresses_are_those_of_the_third_party_charts():
    for name in INSTALLED:
        text = (VALUES / "third-party" / f"{name}.yaml").read_text()
        release, namespace = re.search(r"helm install (\S+) .*?--namespace (\S+)", text, re.DOTALL).groups()
        hosts = re.findall(r"[a-z-]+\.[a-z-]+\.svc\.cluster\.local", (VALUES / f"{name}.yaml").read_text())
        assert hosts
        assert {host.split(".")[1] for host in hosts} == {namespace}
        assert {host.split(".")[0].removesuffix("-headless") for host in hosts} == {release}


@pytest.mark.parametrize("file", THIRD_PARTY, ids=lambda file: file.stem)
def test_third_party_charts_are_pinned_by_the_command_that_installs_them(file):
    text = file.read_text()

    assert re.search(r"^# .*helm install .* --version \d+\.\d+\.\d+", text, re.MULTILINE)
    assert f"-f values/third-party/{file.name}" in text
    assert yaml.safe_load(text)


def test_the_largest_message_of_an_end_fits_into_both_brokers():
    most = yaml.safe_load((REPOSITORY / "charts/crew/values.yaml").read_text())["maxBodyBytes"]
    nats = yaml.safe_load((VALUES / "third-party/nats.yaml").read_text())["config"]["merge"]["max_payload"]
    rabbitmq = yaml.safe_load((VALUES / "third-party/rabbitmq.yaml").read_text())["config"]["extraConfiguration"]

    assert int(re.fullmatch(r"<< (\d+)MB >>", nats)[1]) * 1_000_000 > most
    assert int(re.search(r"max_message_size = (\d+)", rabbitmq)[1]) > most


def test_the_timeout_of_consumers_is_said_alike_on_both_sides():
    rabbitmq = yaml.safe_load((VALUES / "third-party/rabbitmq.yaml").read_text())["config"]["extraConfiguration"]
    declared = yaml.safe_load((VALUES / "rabbitmq.yaml").read_text())["transports"]["rabbitmq"]["consumerTimeout"]

    assert int(re.search(r"consumer_timeout = (\d+)", rabbitmq)[1]) / 60_000 == int(declared.removesuffix("m"))


def test_a_run_without_a_cluster_takes_what_an_actor_says_of_scaling(helm):
    arguments = ["--set", "scaling.paused=true,scaling.minReplicaCount=4"]

    rendered = helm.template(HANDLER, files=["values/local.yaml"], arguments=arguments)
    assert rendered.one("Deployment")["spec"]["replicas"] == 1
