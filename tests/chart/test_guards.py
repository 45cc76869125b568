"""What a schema can't say is refused in a sentence: where, why, and what to do."""

from __future__ import annotations

import itertools
import json
import re
import shutil

import pytest

from tests.chart import refused, refused_brokers, refused_scaling
from tests.chart.cases import tell
from tests.chart.rendering import HANDLER, ROOT

REFUSED = {**refused.REFUSED, **refused_scaling.REFUSED, **refused_brokers.REFUSED}
REFUSED_CREW = {
    "relative folder": ({"store": {"url": "file://data"}}, 'store.url: "file://data" names no folder; write its whole'),
    "root folder": ({"store": {"url": "file:///"}}, 'store.url: "file:///" names no folder'),
    "credentials": ({"store": {"url": "s3://me:secret@bucket"}}, "store.url: it holds credentials"),
    "one folder": (
        {"store": {"prefixes": {"error-end": "happy-asya/"}}},
        "store.prefixes: results and errors would share one folder; give them two",
    ),
    "a flavor of actors": ({"flavors": ["spot"]}, "flavors: spot was not given; flavors are values files, so add -f"),
    "gpus": (
        {"preset": {"flavors": {"gpu": True}, "resources": {"limits": {"nvidia.com/gpu": 1}}}},
        "preset.resources.limits.nvidia.com/gpu: a flavor gives it to each end, and all that they do is to store mess",
    ),
    "values of the inner chart": (
        {"actor": {"image": "x", "handler": "a.b"}},
        "actor.image: under actor stand the defaults of the chart that makes each end, and this would not count; remo",
    ),
    "what the actor chart refuses": ({"error-end": {"transport": "kafka"}}, 'transport: "kafka" is not built yet'),
}


OLD_KUBERNETES = "sidecar.native: Kubernetes v1.28.0 starts no such sidecars, 1.29 is the first; set it to false"
NO_RUNTIME = "runtime.inject: this copy of the chart has no files of the runtime; use a released chart, or set it to"


@pytest.fixture(scope="module")
def told(helm):
    """What the actor chart says of each case, a line for each mistake."""
    return {name: case.refused for name, case in tell(helm, {name: REFUSED[name][0] for name in REFUSED}).items()}


@pytest.fixture(scope="module")
def told_by_helm(helm, tmp_path_factory):
    """What can't be asked for many values at once: an old Kubernetes, a chart without files, the chart of the ends."""
    bare = tmp_path_factory.mktemp("bare") / "actor"
    shutil.copytree(ROOT / "charts/actor", bare)
    shutil.rmtree(bare / "files")
    messages = [
        helm.refusal({"sidecar": {"native": True}}, arguments=["--kube-version", "1.28.0"]),
        helm.refusal(HANDLER, chart=bare),
        *(helm.refusal(values, chart="charts/crew") for values, _ in REFUSED_CREW.values()),
    ]
    return [line for message in messages for line in message.splitlines() if line.startswith("ERROR: ")]


@pytest.mark.parametrize(("name", "sentence"), [(name, sentence) for name, (_, sentence) in REFUSED.items()])
def test_the_actor_chart_refuses(told, name, sentence):
    assert [line for line in told[name] if line.startswith("ERROR: ") and sentence in line]


def test_values_are_refused_by_helm_itself(helm):
    message = helm.refusal(REFUSED["min over max"][0])

    assert f"\nERROR: {REFUSED['min over max'][1]}" in message


@pytest.mark.parametrize("sentence", [OLD_KUBERNETES, NO_RUNTIME, *(sentence for _, sentence in REFUSED_CREW.values())])
def test_it_is_refused_by_helm(told_by_helm, sentence):
    assert [line for line in told_by_helm if sentence in line]


def guards():
    """Each sentence of a guard in the templates, as a pattern: what it names may be anything."""
    for chart in ("actor", "crew"):
        for file in sorted((ROOT / f"charts/{chart}/templates").glob("*.tpl")):
            for line in file.read_text().splitlines():
                if line.startswith("ERROR: "):
                    yield ".*".join(re.escape(part) for part in re.split(r"\{\{.*?\}\}", line))


@pytest.mark.parametrize("guard", list(guards()))
def test_every_guard_is_tried(told, told_by_helm, guard):
    lines = [*itertools.chain.from_iterable(told.values()), *told_by_helm]

    assert [line for line in lines if re.fullmatch(guard, line)], "no case above makes it speak; add one"


def test_every_guard_names_a_value_says_why_and_what_to_do(told):
    keys = json.loads((ROOT / "charts/actor/values.schema.json").read_text())["properties"]

    for line in itertools.chain.from_iterable(told.values()):
        path, _, sentence = line.removeprefix("ERROR: ").partition(": ")
        assert {re.split(r"[.\[]", each)[0] for each in path.split(", ")} <= keys.keys(), line
        assert "; " in sentence, line


@pytest.mark.parametrize("chart", ["actor", "crew", "pipeline"])
def test_a_refusal_comes_from_the_template_that_validates(helm, chart):
    values = {"transport": "kafka"} | ({"actors": {"a": {}}} if chart == "pipeline" else {})

    assert f"({chart}/templates/validate/validate.yaml:" in helm.refusal(values, chart=f"charts/{chart}")


def test_all_mistakes_are_told_at_once(helm):
    message = helm.refusal({"image": "x", "transport": "kafka", "flavors": ["gpu"], "timeout": {"gracefulShutdown": 1}})

    paths = [line.split(": ")[1] for line in message.splitlines() if line.startswith("ERROR: ")]
    assert paths == ["handler", "flavors", "timeout.gracefulShutdown", "transport"]


def test_a_release_name_that_is_no_actor_name_needs_another(helm):
    assert "set actor where the release's name can't be one" in helm.refusal(HANDLER, release="my.model")
    assert helm.template({**HANDLER, "actor": "my-model"}, release="my.model").one("Deployment", "my-model")
