"""The schemas are closed: a misspelled key is refused, and the message lists those that are known there."""

from __future__ import annotations

import json
from typing import Any

import jsonschema
import pytest
import yaml

from tests.chart.rendering import HANDLER, ROOT

CHARTS = ("actor", "crew", "pipeline")
SCHEMAS = {chart: json.loads((ROOT / f"charts/{chart}/values.schema.json").read_text()) for chart in CHARTS}
VALIDATORS = {chart: jsonschema.Draft7Validator(schema) for chart, schema in SCHEMAS.items()}
DEFAULTS = {chart: yaml.safe_load((ROOT / f"charts/{chart}/values.yaml").read_text()) for chart in CHARTS}
WRONG_TYPES = [
    ("timeout", {"actor": "5 minutes"}),
    ("timeout", {"actor": -5}),
    ("scaling", {"minReplicaCount": -1}),
    ("scaling", {"maxReplicaCount": 0}),
    ("scaling", {"queueLength": "many"}),
    ("scaling", {"enabled": "false"}),
    ("scaling", {"fallback": {"replicas": 1}}),
    ("handlerMode", "batch"),
    ("imagePullPolicy", "always"),
    ("prefetch", 0),
    ("prefetch", "many"),
    ("concurrency", 0),
    ("batch", {"maxSize": 0}),
    ("batch", {"maxSize": 1025}),
    ("batch", {"maxSize": "auto"}),
    ("batch", {"maxWait": "soon"}),
    ("batch", {"maxWait": -1}),
    ("env", [{"value": "x"}]),
    ("env", [{"name": "A", "vale": "x"}]),
    ("env", [{"name": False, "value": "x"}]),
    ("nodeSelector", {"gpu": True}),
    ("resources", {"limit": {"cpu": 1}}),
    ("resources", {"limits": {"cpu": "lots"}}),
    ("resources", {"requests": {"memory": "64 MB"}}),
    ("resources", {"requests": {"memory": -1}}),
    ("preset", {"resources": {"limits": {"memory": "1gi"}}}),
    ("sidecar", {"resources": {"limits": {"memory": "64mb"}}}),
    ("workload", {"template": {"spec": {"containers": [{"name": "x", "resources": {"limits": {"cpu": "lots"}}}]}}}),
    ("resources", {"limits": {"memroy": "1Gi"}}),
    ("resources", {"requests": {"hugepages": "1Gi"}}),
    ("preset", {"resources": {"limits": {"gpu": 1}}}),
    ("sidecar", {"resources": {"requests": {"cpuu": "50m"}}}),
    ("workload", {"template": {"spec": {"containers": [{"name": "x", "resources": {"limits": {"mem": 1}}}]}}}),
    ("initContainers", {"a": {"resources": {"limits": {"memroy": "1Gi"}}}}),
    ("resiliency", {"policies": {"default": {"maxAttempts": 0}}}),
    ("resiliency", {"policies": {"default": {"maxAttempt": 3}}}),
    ("resiliency", {"policies": {"default": {"backoff": "random"}}}),
    ("resiliency", {"rules": [{"errors": [], "policy": "default"}]}),
    ("podMonitor", {"interval": "30"}),
    ("podMonitor", {"interval": "0.5m"}),
    ("claimCheck", {"url": "http://x"}),
    ("claimCheck", {"threshold": 0}),
    ("claimCheck", {"expiresAfter": "30 days"}),
    ("transports", {"sqs": {"region": ""}}),
    ("transports", {"sqs": {"identityOwner": "pod"}}),
    ("transports", {"sqs": {"tags": {"a": 1}}}),
    ("security", {"runAsUser": 0}),
    ("sidecar", {"metricsPort": 1023}),
    ("queue", {"prefix": "a.b"}),
    ("queue", {"prefix": "a" * 66}),
    ("volumes", [{"emptyDir": {}}]),
    ("volumeMounts", [{"name": "x"}]),
    ("volumeMounts", {"x": {"readOnly": True}}),
    ("workload", {"template": {"spec": {"hostNetwork": True}}}),
]


ITEM, ANY_NAME = "[]", "*"
"""Steps of a path into a list, and into a map whose keys are the user's."""


def paths(schema: dict[str, Any], at: tuple[str, ...] = ()) -> list[tuple[str, ...]]:
    """Every key that a schema knows by name, also inside lists and maps with names of the user's."""
    found = []
    for name, child in schema.get("properties", {}).items():
        found += [(*at, name), *paths(child, (*at, name))]
    for step, children in ((ITEM, schema.get("items")), (ANY_NAME, schema.get("additionalProperties"))):
        if isinstance(children, dict):
            found += paths(children, (*at, step))
    return found


def nested(path: tuple[str, ...]) -> Any:
    value: Any = None
    for name in reversed(path):
        value = [value] if name == ITEM else {"any-name" if name == ANY_NAME else name: value}
    return value


def errors(values: dict[str, Any]) -> list[jsonschema.ValidationError]:
    """What the actor's schema says against values that lie over the defaults, as Helm lays them."""
    return list(jsonschema.Draft7Validator(SCHEMAS["actor"]).iter_errors(laid_over(DEFAULTS["actor"], values)))


def laid_over(below: Any, values: Any) -> Any:
    if not isinstance(below, dict) or not isinstance(values, dict):
        return values
    return below | {key: laid_over(below.get(key), value) for key, value in values.items()}


@pytest.mark.parametrize(("chart", "path"), [(chart, path) for chart in CHARTS for path in paths(SCHEMAS[chart])])
def test_every_key_with_a_slip_is_refused_with_the_right_one_in_the_message(chart, path):
    misspelled = (*path[:-1], f"{path[-1]}x")
    found = VALIDATORS[chart].iter_errors(nested(misspelled))

    assert any(f"{path[-1]}'" in error.message and error.validator == "enum" for error in found)


@pytest.mark.parametrize("chart", CHARTS)
def test_the_schema_is_draft_7_and_takes_the_charts_defaults(chart):
    schema = SCHEMAS[chart]
    jsonschema.Draft7Validator.check_schema(schema)

    assert schema["$schema"] == "http://json-schema.org/draft-07/schema#"
    assert list(jsonschema.Draft7Validator(schema).iter_errors(DEFAULTS[chart])) == []


@pytest.mark.parametrize(
    ("values", "misspelled", "meant"),
    [
        ({"hander": "a.b"}, "hander", "handler"),
        ({"scaling": {"minReplicaCounts": 1}}, "minReplicaCounts", "minReplicaCount"),
        ({"transports": {"nats": {"uri": "x"}}}, "uri", "url"),
        ({"preset": {"toleration": {}}}, "toleration", "tolerations"),
    ],
)
def test_helm_names_the_wrong_key_and_lists_the_right_ones(helm, values, misspelled, meant):
    message = helm.refusal(values)

    assert f'"{misspelled}"' in message
    assert f'"{meant}"' in message


@pytest.mark.parametrize(("key", "value"), WRONG_TYPES)
def test_values_of_the_wrong_kind_are_refused(key, value):
    assert errors({key: value})


DEEP = {
    "env from nowhere": {"env": {"A": {"valueForm": {"secretKeyRef": {"name": "s", "key": "k"}}}}},
    "env of nothing": {"env": {"A": {}}},
    "env twice": {"env": {"A": {"value": "x", "valueFrom": {"secretKeyRef": {"name": "s", "key": "k"}}}}},
    "env list twice": {"env": [{"name": "A", "value": "x", "valueFrom": {"fieldRef": {"fieldPath": "spec.nodeName"}}}]},
    "env list of nothing": {"env": [{"name": "A"}]},
    "env of a flavor": {"preset": {"env": {"A": {"valueForm": {}}}}},
    "env of the sidecar": {"sidecar": {"env": {"A": {"valueFrom": {"secretRef": {"name": "s"}}}}}},
    "secret key": {"env": {"A": {"valueFrom": {"secretKeyRef": {"name": "s", "keys": "k"}}}}},
    "secret without name": {"env": {"A": {"valueFrom": {"secretKeyRef": {"key": "k"}}}}},
    "two sources": {
        "env": {"A": {"valueFrom": {"secretKeyRef": {"name": "s", "key": "k"}, "fieldRef": {"fieldPath": "x"}}}}
    },
    "secret volume": {"volumes": {"a": {"secret": {"name": "s"}}}},
    "claim": {"volumes": {"a": {"persistentVolumeClaim": {"claim": "s"}}}},
    "empty folder": {"volumes": {"a": {"emptyDir": {"size": "1Gi"}}}},
    "config map": {"volumes": {"a": {"configMap": {"name": "s", "item": []}}}},
    "projected": {"volumes": {"a": {"projected": {"sources": [{"secrets": {}}]}}}},
    "volume of a flavor": {"preset": {"volumes": {"a": {"secret": {"name": "s"}}}}},
    "container's security": {"initContainers": {"a": {"securityContext": {"runAsUsr": 1}}}},
    "container's envFrom": {"initContainers": {"a": {"envFrom": [{"secret": {"name": "x"}}]}}},
    "probe": {"workload": {"template": {"spec": {"containers": [{"name": "a", "livenessProbe": {"http": {}}}]}}}},
    "lifecycle": {"initContainers": {"a": {"lifecycle": {"preStop": {"exec": {"cmd": ["x"]}}}}}},
    "anti-affinity": {
        "affinity": {"podAntiAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": [{"topologyKeys": "x"}]}}
    },
    "node terms": {
        "affinity": {
            "nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerm": [{}]}},
        },
    },
    "spread": {
        "topologySpreadConstraints": [
            {
                "maxSkew": 1,
                "topologyKey": "x",
                "whenUnsatisfiable": "DoNotSchedule",
                "labelSelector": {"matchLabel": {}},
            }
        ]
    },
    "egress": {"networkPolicy": {"egress": [{"to": [{"ipBlock": {"cidrs": "10.0.0.0/8"}}]}]}},
    "metrics": {"scaling": {"hpa": {"metrics": [{"type": "Resource", "resources": {"name": "cpu"}}]}}},
    "preference": {"preset": {"nodeAffinity": {"preferred": {"a": {"weight": 1, "preference": {"expressions": []}}}}}},
}


@pytest.mark.parametrize("values", DEEP.values(), ids=DEEP)
def test_a_slip_deep_in_kubernetes_shapes_is_refused(values):
    assert errors(values)


@pytest.mark.parametrize(
    "source",
    [
        {"secretKeyRef": {"name": "s", "key": "k", "optional": True}},
        {"configMapKeyRef": {"name": "s", "key": "k"}},
        {"fieldRef": {"fieldPath": "spec.nodeName", "apiVersion": "v1"}},
        {"resourceFieldRef": {"resource": "limits.cpu", "containerName": "a", "divisor": "1m"}},
        {"fileKeyRef": {"path": "a", "volumeName": "b", "key": "c"}},
    ],
)
def test_a_variable_may_come_from_all_that_kubernetes_has(source):
    entry = {"valueFrom": source}

    assert errors({"env": {"A": entry}, "preset": {"env": {"A": entry}}}) == []
    assert errors({"env": [{"name": "A", **entry}], "sidecar": {"env": {"A": entry}}}) == []


@pytest.mark.parametrize("chart", CHARTS)
def test_all_of_kubernetes_definitions_are_closed_and_the_schema_stays_small(chart):
    shapes = {name: shape for name, shape in SCHEMAS[chart]["definitions"].items() if name != "actor"}

    assert [name for name, shape in shapes.items() if "properties" in shape and shape["additionalProperties"]] == []
    assert shapes["Probe"]["propertyNames"]["enum"] == sorted(shapes["Probe"]["properties"])
    assert (ROOT / f"charts/{chart}/values.schema.json").stat().st_size < 300_000


def test_helm_lists_what_is_known_deep_in_kubernetes_shapes(helm):
    message = helm.refusal({**HANDLER, "volumes": {"a": {"secret": {"name": "s"}}}})

    assert '"name"' in message
    assert '"secretName"' in message


@pytest.mark.parametrize("interval", ["", "30s", "1m30s", "500ms", "1d"])
def test_intervals_are_taken_as_prometheus_writes_them(interval):
    assert errors({"podMonitor": {"interval": interval}}) == []


@pytest.mark.parametrize("amount", ["500m", 2, 0.5, "1.5", ".5", "64Mi", "10G", "1e3", "0"])
def test_amounts_are_taken_as_kubernetes_writes_them(amount):
    assert errors({"resources": {"limits": {"memory": amount}}}) == []


@pytest.mark.parametrize(
    "name", ["cpu", "ephemeral-storage", "hugepages-2Mi", "nvidia.com/gpu", "aws.amazon.com/neuron"]
)
def test_resources_are_taken_by_the_names_of_kubernetes(name):
    assert errors({"resources": {"limits": {name: 1}}, "sidecar": {"resources": {"requests": {name: None}}}}) == []


def test_a_claim_has_a_size(helm):
    refused = helm.refusal({"store": {"claim": {"size": "big"}}}, chart="charts/crew")

    assert "store.claim.size" in refused


@pytest.mark.parametrize("key", ["nodeSelector", "resources", "tolerations", "env", "preset.env", "podLabels"])
def test_null_takes_a_map_away(helm, key):
    assert helm.template(arguments=["--set", f"{key}=null"]).objects


@pytest.mark.parametrize("key", ["scaling", "timeout.actor", "transports.nats", "queues.prefix"])
def test_null_for_what_has_to_be_there_is_refused(helm, key):
    *above, last = key.split(".")

    assert f"{last} is required" in helm.refusal(nested((*above, last)))


@pytest.mark.parametrize("chart", CHARTS)
def test_values_of_an_umbrella_chart_are_taken(helm, chart):
    own = {"actors": {"x": {}}} if chart == "pipeline" else {}

    assert helm.template({"global": {"anything": {"at": "all"}}, **own}, chart=f"charts/{chart}").objects


@pytest.mark.parametrize("shape", [["A"], {"A": None}])
def test_a_list_or_a_map_is_taken_without_a_warning_of_helm(helm, shape):
    values = {"env": [{"name": "A", "value": "1"}]} if isinstance(shape, list) else {"env": {"A": "1"}}

    assert helm.template({**HANDLER, **values}).env("asya-runtime")["A"] == "1"
