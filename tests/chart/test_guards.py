"""What a schema can't say is refused in a sentence: where, why, and what to do."""

from __future__ import annotations

import pytest

from tests.chart.rendering import HANDLER


def pod(**spec):
    return {"workload": {"template": {"spec": spec}}}


def runtime(**fields):
    return pod(containers=[{"name": "asya-runtime", "image": "x", **fields}])


RABBITMQ = {"transport": "rabbitmq"}
REFUSED = {
    "image alone": ({"image": "x"}, "handler: image is given, but nothing to call in it; set handler to module"),
    "handler alone": ({"handler": "a.b"}, "image: handler is given, but no image that holds it; set image"),
    "handler without module": ({**HANDLER, "handler": "process"}, 'handler: "process" names nothing in a module'),
    "handler with a colon": ({**HANDLER, "handler": "a:process"}, 'handler: "a:process" names nothing in a module'),
    "actor": ({"actor": "My_Model"}, "actor: \"My_Model\" can't be an actor's name; use at most 63 lower-case"),
    "long actor": ({"actor": "a" * 64}, "can't be an actor's name; use at most 63"),
    "mode in env": (
        {**HANDLER, "env": {"ASYA_HANDLER_MODE": "batch"}},
        'env.ASYA_HANDLER_MODE: "batch" is no mode; use payload or envelope',
    ),
    "flavors": (
        {"flavors": ["gpu", "always-on"]},
        "flavors: always-on was not given; flavors are values files, so add -f flavors/always-on.yaml before your own",
    ),
    "flavor": (
        {"flavor": "gpu-inference", "image": "my-model:latest", "handler": "model.predict"},
        "flavor: gpu-inference was not given; flavors are values files, so add -f flavors/gpu-inference.yaml before",
    ),
    "whole manifest": (
        {"apiVersion": "asya.sh/v1alpha1", "kind": "AsyncActor", "metadata": {"name": "x"}, "spec": HANDLER},
        "apiVersion, kind, metadata, spec: a whole manifest is no values file; save what stands under its spec as one",
    ),
    "state proxy": ({"stateProxy": [{"name": "x"}]}, "stateProxy: the state proxy is not built yet; remove the key"),
    "sqs": ({"transport": "sqs"}, 'transport: "sqs" is not built yet; use one of nats, rabbitmq'),
    "unknown transport": ({"transport": "carrier-pigeon"}, 'transport: "carrier-pigeon" is unknown; use one of nats'),
    "url": ({"transports": {"nats": {"url": "nats:4222"}}}, 'transports.nats.url: "nats:4222" is no address'),
    "credentials in url": (
        {"transports": {"nats": {"url": "nats://me:secret@nats:4222"}}},
        "transports.nats.url: it holds credentials, which whoever may read the release would see; move them into a",
    ),
    "amqp url": (
        {**RABBITMQ, "transports": {"rabbitmq": {"url": "http://x"}}},
        'transports.rabbitmq.url: "http://x" is no address of a server; write it like amqp://host:5672',
    ),
    "amqp management url": (
        {**RABBITMQ, "transports": {"rabbitmq": {"managementUrl": "amqp://x:5672"}}},
        'transports.rabbitmq.managementUrl: "amqp://x:5672" is no http address; KEDA has to read the management API',
    ),
    "credentials in management url": (
        {**RABBITMQ, "transports": {"rabbitmq": {"managementUrl": "http://me:secret@x"}}},
        "transports.rabbitmq.managementUrl: it holds credentials",
    ),
    "no secret for keda": (
        {**RABBITMQ, "transports": {"rabbitmq": {"existingSecret": ""}}},
        "transports.rabbitmq.existingSecret: the management API asks for a user, so KEDA needs one; make a Secret",
    ),
    "timeout and consumer timeout": (
        {**RABBITMQ, "timeout": {"actor": "30m"}},
        "timeout.actor: 30m is not shorter than RabbitMQ's consumer_timeout, 30m, after which the broker takes",
    ),
    "no time": ({"timeout": {"actor": "0s"}}, "timeout.actor: 0s leaves a handler no time; use at least 1s"),
    "short grace": (
        {"timeout": {"gracefulShutdown": 329}},
        "timeout.gracefulShutdown: 329 s is shorter than timeout.actor and 30 s together, so a stopping pod would",
    ),
    "short grace of a manifest": (
        {**runtime(env=[{"name": "ASYA_HANDLER", "value": "a.b"}]), "timeout": {"gracefulShutdown": 30}},
        "remove it (the chart derives it) or use at least 330",
    ),
    "batch waits long": (
        {"batch": {"maxSize": 8, "maxWait": "30.1s"}},
        "batch.maxWait: 30.1s is more than a tenth of timeout.actor, 5m; waiting for a full batch is to save time",
    ),
    "batch waits long for a short handler": (
        {"batch": {"maxSize": 8, "maxWait": 0.3}, "timeout": {"actor": "2s"}},
        "batch.maxWait: 0.3 is more than a tenth of timeout.actor, 2s",
    ),
    "wait without a batch": (
        {"batch": {"maxWait": "5ms"}},
        "batch.maxWait: 5ms would never count, since batch.maxSize is 1; set batch.maxSize, or remove it",
    ),
    "batches of the echo handler": (
        {"batch": {"maxSize": 2}},
        "batch.maxSize: the built-in echo handler takes one message at a time; give image and handler, or remove it",
    ),
    "large batches at once": (
        {"batch": {"maxSize": 1024}, "concurrency": 64},
        "batch.maxSize: with concurrency it makes 65536 messages at once, and brokers hand out at most 65535; lower",
    ),
    "prefetch below the batches": (
        {"batch": {"maxSize": 8}, "concurrency": 2, "prefetch": 15},
        "prefetch: 15 messages can't fill the batches, which take 16 (concurrency times batch.maxSize); raise it, or",
    ),
    "batch in env": (
        {**HANDLER, "env": {"ASYA_BATCH_MAX_SIZE": "8"}},
        "env.ASYA_BATCH_MAX_SIZE: the chart sets this variable from its values; remove it and set the value (concurr",
    ),
    "min over max": (
        {"scaling": {"minReplicaCount": 60}},
        "scaling.minReplicaCount: 60 is more than scaling.maxReplicaCount, 50; lower it or raise the other",
    ),
    "fallback to zero": (
        {"scaling": {"fallback": {"failureThreshold": 3, "replicas": 0}}},
        "scaling.fallback.replicas: 0 would stop the actor whenever KEDA can't read the queue; use 1 or more",
    ),
    "stateful set": ({"workload": {"kind": "StatefulSet"}}, 'workload.kind: "StatefulSet" is not supported'),
    "no runtime container": (pod(containers=[{"name": "app"}]), "none is called asya-runtime; give the container"),
    "own sidecar": (
        pod(containers=[{"name": "asya-runtime", "image": "x"}, {"name": "asya-sidecar"}]),
        "the chart adds asya-sidecar itself; rename or remove yours",
    ),
    "command": (runtime(command=["python"]), "containers[asya-runtime].command: the chart sets it; remove it"),
    "two images": ({**HANDLER, **runtime()}, "image: workload.template gives it too, and differs; keep one of them"),
    "two handlers": (
        {**HANDLER, "env": {"ASYA_HANDLER": "other.process"}},
        "handler: env.ASYA_HANDLER gives it too, and differs; keep one of them",
    ),
    "socket folder": ({**HANDLER, "env": {"ASYA_SOCKET_DIR": "/x"}}, "env.ASYA_SOCKET_DIR: the chart sets this"),
    "sidecar's variable": (
        {"sidecar": {"env": {"ASYA_TRANSPORT": "nats"}}},
        "sidecar.env.ASYA_TRANSPORT: the chart sets this variable from its values; remove it and set the value",
    ),
    "variable twice": (
        {"env": [{"name": "A", "value": "1"}, {"name": "B", "value": "2"}, {"name": "A", "value": "3"}]},
        "env: A is there twice, and only one can count; remove the other",
    ),
    "handler twice in a manifest": (
        runtime(env=[{"name": "ASYA_HANDLER", "value": "a.b"}, {"name": "ASYA_HANDLER", "value": "a.c"}]),
        "env: ASYA_HANDLER is there twice, and only one can count; remove the other",
    ),
    "sidecar's variable twice": (
        {"sidecar": {"env": [{"name": "A", "value": "1"}, {"name": "A", "value": "1"}]}},
        "sidecar.env: A is there twice",
    ),
    "volume name": (
        {"volumes": {"asya-tmp": {"emptyDir": {}}}},
        "volumes.asya-tmp: names that begin with asya- belong",
    ),
    "mount of the runtime": (
        {"volumeMounts": {"x": {"mountPath": "/opt/asya/"}}},
        "volumeMounts.x: /opt/asya/ belongs to the runtime; mount it elsewhere",
    ),
    "mount of the socket": (
        {"volumeMounts": [{"name": "x", "mountPath": "/var/run//asya/y"}]},
        "volumeMounts.x: /var/run//asya/y belongs to the runtime",
    ),
    "unknown policy": (
        {"resiliency": {"policies": {"a": {}}, "rules": [{"errors": ["E"], "policy": "b"}]}},
        'resiliency.rules[0].policy: there is no policy "b"; use one of resiliency.policies (a)',
    ),
    "policy without a rule": (
        {"resiliency": {"policies": {"default": {}, "flaky": {"maxAttempts": 3}}}},
        "resiliency.policies.flaky: no rule names this policy, so it would never count; name it in resiliency.rules",
    ),
    "route to an end": (
        {"resiliency": {"policies": {"default": {"thenRoute": ["x", "error-end"]}}}},
        "resiliency.policies.default.thenRoute[1]: error-end is reached by the end of a route, not by naming it",
    ),
}
REFUSED_CREW = {
    "relative folder": ({"store": {"url": "file://data"}}, 'store.url: "file://data" names no folder; write its whole'),
    "root folder": ({"store": {"url": "file:///"}}, 'store.url: "file:///" names no folder'),
    "credentials": ({"store": {"url": "s3://me:secret@bucket"}}, "store.url: it holds credentials"),
    "one folder": (
        {"store": {"prefixes": {"error-end": "happy-asya/"}}},
        "store.prefixes: results and errors would share one folder; give them two",
    ),
    "what the actor chart refuses": ({"error-end": {"transport": "sqs"}}, 'transport: "sqs" is not built yet'),
}


@pytest.mark.parametrize(("values", "sentence"), REFUSED.values(), ids=REFUSED)
def test_the_actor_chart_refuses(helm, values, sentence):
    message = helm.refusal(values)

    assert "ERROR: " in message
    assert sentence in message


@pytest.mark.parametrize(("values", "sentence"), REFUSED_CREW.values(), ids=REFUSED_CREW)
def test_the_crew_chart_refuses(helm, values, sentence):
    message = helm.refusal(values, chart="charts/crew")

    assert "ERROR: " in message
    assert sentence in message


def test_all_mistakes_are_told_at_once(helm):
    message = helm.refusal({"image": "x", "transport": "sqs", "flavors": ["gpu"], "timeout": {"gracefulShutdown": 1}})

    paths = [line.split(": ")[1] for line in message.splitlines() if line.startswith("ERROR: ")]
    assert paths == ["handler", "flavors", "timeout.gracefulShutdown", "transport"]


def test_a_release_name_that_is_no_actor_name_needs_another(helm):
    assert "set actor where the release's name can't be one" in helm.refusal(HANDLER, release="my.model")
    assert helm.template({**HANDLER, "actor": "my-model"}, release="my.model").one("Deployment", "my-model")
