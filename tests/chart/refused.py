"""Values that the guards of the actor chart refuse: by a name, the values, and what the sentence says.

Those about brokers and the store of payloads are in refused_brokers.py, those about scaling and resiliency in
refused_scaling.py.
"""

from __future__ import annotations

from tests.chart.rendering import HANDLER


def pod(**spec):
    return {"workload": {"template": {"spec": spec}}}


def runtime(**fields):
    return pod(containers=[{"name": "asya-runtime", "image": "x", **fields}])


REFUSED = {
    "image alone": ({"image": "x"}, "handler: image is given, but nothing to call in it; set handler to module"),
    "handler alone": ({"handler": "a.b"}, "image: handler is given, but no image that holds it; set image"),
    "handler without module": ({**HANDLER, "handler": "process"}, 'handler: "process" names nothing in a module'),
    "handler with a colon": ({**HANDLER, "handler": "a:process"}, 'handler: "a:process" names nothing in a module'),
    "actor": ({"actor": "My_Model"}, "actor: \"My_Model\" can't be an actor's name; use at most 63 lower-case"),
    "long actor": ({"actor": "a" * 64}, "can't be an actor's name; use at most 63"),
    "end without storing": (
        {**HANDLER, "actor": "happy-end"},
        "actor: happy-end is an end actor, and any other in its place takes what the pipelines end with and stores",
    ),
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
    "flavor of the ends": (
        {"flavors": ["s3-results"]},
        "flavors: s3-results is for the chart crew, which stores results for all actors; remove it here, and give it",
    ),
    "whole manifest": (
        {"apiVersion": "asya.sh/v1alpha1", "kind": "AsyncActor", "metadata": {"name": "x"}, "spec": HANDLER},
        "apiVersion, kind, metadata, spec: a whole manifest is no values file; save what stands under its spec as one",
    ),
    "state proxy": ({"stateProxy": [{"name": "x"}]}, "stateProxy: the state proxy is not built yet; remove the key"),
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
    "pod's security": (pod(securityContext={"fsGroup": 1}), "spec.securityContext: the chart sets it; remove it"),
    "init container's name": (
        {"initContainers": {"asya-fetch": {"image": "x"}}},
        "initContainers.asya-fetch: names that begin with asya- belong to the chart; rename it",
    ),
    "unknown flavor": (
        {"flavors": ["gpu-a100"]},
        'flavors: "gpu-a100" is no flavor of this chart, which has agentic, always-on, ',
    ),
    "no time to load": ({"startup": {"timeout": 0}}, "startup.timeout: 0 leaves a handler no time to load; use at"),
    "few in hand": (
        {"prefetch": 2, "concurrency": 4},
        "prefetch: 2 messages can't fill the 4 places that concurrency makes; raise it, or leave it at auto",
    ),
    "registry with a scheme": (
        {"imageRegistry": "https://registry.example.com"},
        'imageRegistry: "https://registry.example.com" is no registry; write it like registry.example.com/asya',
    ),
    "registry with a slash": ({"imageRegistry": "registry.example.com/"}, 'imageRegistry: "registry.example.com/" is'),
    "image with a space": ({**HANDLER, "image": "my model:1"}, 'image: "my model:1" is no image; write it like'),
    "image with half a digest": ({**HANDLER, "image": "a@sha256:12"}, 'image: "a@sha256:12" is no image; write it'),
    "sidecar's image": ({"sidecar": {"image": "a b"}}, 'sidecar.image: "a b" is no image; write it like'),
    "own checksum": (
        {"podAnnotations": {"checksum/runtime": "x"}},
        "podAnnotations.checksum/runtime: the chart sets it, so that pods follow the runtime and logs are found",
    ),
    "egress without a policy": (
        {"networkPolicy": {"egress": [{}]}},
        "networkPolicy.egress: it counts only with a policy; set networkPolicy.enabled to true, or remove it",
    ),
    "identity without an account": (
        {"serviceAccount": {"annotations": {"eks.amazonaws.com/role-arn": "arn:aws:iam::1:role/r"}}},
        "serviceAccount.annotations: they belong to an account of the chart; set serviceAccount.create to true",
    ),
    "two accounts": (
        {"serviceAccountName": "ml", "serviceAccount": {"create": True}},
        "serviceAccountName: serviceAccount.create makes another account, called like the actor; keep one of them",
    ),
    "no disruption at all": (
        {"podDisruptionBudget": {"maxUnavailable": 0}},
        "podDisruptionBudget.maxUnavailable: 0 would let no node be drained; use 1 or more, or null for no budget",
    ),
    "another's queue": (
        {"queues": {"create": False, "deleteOnUninstall": True}},
        "queues.deleteOnUninstall: with queues.create false the queue is made by somebody else, and deleting it is",
    ),
    "short-lived job": (
        {"queues": {"job": {"ttlSecondsAfterFinished": 60}}},
        "queues.job.ttlSecondsAfterFinished: after 60 s the Job may be gone before Helm or Argo CD has seen its end",
    ),
    "hasty job": (
        {"queues": {"job": {"activeDeadlineSeconds": 30}}},
        "queues.job.activeDeadlineSeconds: the Job waits 60 s for the broker, so 30 s may end it without a word",
    ),
    "patient batches": (
        {**HANDLER, "batch": {"maxSize": 8, "maxWait": "31s"}},
        "batch.maxWait: 31s is more than a tenth of timeout.actor, 5m; waiting for a full batch is to save time",
    ),
    "waiting for nobody": (
        {"batch": {"maxWait": "1s"}},
        "batch.maxWait: 1s would never count, since batch.maxSize is 1",
    ),
    "batches of the echo": ({"batch": {"maxSize": 8}}, "batch.maxSize: the built-in echo handler takes one message at"),
    "too many at once": (
        {**HANDLER, "concurrency": 1024, "batch": {"maxSize": 1024}},
        "batch.maxSize: with concurrency it makes 1048576 messages at once, and brokers hand out at most 65535",
    ),
    "two old names": (
        {"timeout": {"processing": 300}, "resiliency": {"actorTimeout": "2m"}},
        "resiliency.actorTimeout: 2m is given under this old name of timeout.actor, and 300 under timeout.processing",
    ),
    "mount of no volume": (
        {"volumeMounts": {"cache": {"mountPath": "/cache"}}},
        "volumeMounts: cache at /cache is no volume of this pod; add it to volumes, or mount one of them",
    ),
    "mount of no volume before the start": (
        {"initContainers": {"fetch": {"image": "x", "volumeMounts": [{"name": "models", "mountPath": "/models"}]}}},
        "initContainers[fetch].volumeMounts: models at /models is no volume of this pod; add it to volumes, or mount",
    ),
    "mount of no volume beside a manifest's": (
        pod(
            containers=[
                {"name": "asya-runtime", "image": "x"},
                {"name": "cache", "volumeMounts": [{"name": "c", "mountPath": "/c"}]},
            ]
        ),
        "workload.template.spec.containers[cache].volumeMounts: c at /c is no volume of this pod; add it to volumes",
    ),
    "mount of the broker's credentials": (
        {"transports": {"nats": {"existingSecret": "b"}}, "volumeMounts": {"asya-secrets": {"mountPath": "/steal"}}},
        "volumeMounts: asya-secrets at /steal is a volume of the chart, which may hold credentials; remove it",
    ),
    "mount of the store's credentials before the start": (
        {"initContainers": {"a": {"volumeMounts": [{"name": "asya-claim-check-secrets", "mountPath": "/steal"}]}}},
        "initContainers[a].volumeMounts: asya-claim-check-secrets at /steal is a volume of the chart, which may hold",
    ),
    "mount of credentials beside a manifest's": (
        pod(
            containers=[
                {"name": "asya-runtime", "image": "x"},
                {"name": "cache", "volumeMounts": [{"name": "asya-secrets", "mountPath": "/c"}]},
            ]
        ),
        "workload.template.spec.containers[cache].volumeMounts: asya-secrets at /c is a volume of the chart, which may",
    ),
    "mount of credentials in a manifest's container": (
        runtime(volumeMounts=[{"name": "asya-secrets", "mountPath": "/c"}]),
        "volumeMounts: asya-secrets at /c is a volume of the chart, which may hold credentials",
    ),
    "processes of the sidecar": (
        pod(shareProcessNamespace=True),
        "workload.template.spec.shareProcessNamespace: your containers could read the sidecar's credentials in /proc",
    ),
    "volume twice": (
        {"volumes": [{"name": "a", "emptyDir": {}}, {"name": "a", "emptyDir": {"medium": "Memory"}}]},
        "volumes: a is there twice, and only one can count; remove the other",
    ),
    "container twice before the start": (
        {"initContainers": [{"name": "a", "image": "x"}, {"name": "a", "image": "y"}]},
        "initContainers: a is there twice, and only one can count; remove the other",
    ),
    "container twice in a manifest": (
        pod(containers=[{"name": "asya-runtime", "image": "x"}, {"name": "asya-runtime", "image": "y"}]),
        "workload.template.spec.containers: asya-runtime is there twice, and only one can count; remove the other",
    ),
    "two mounts at one place": (
        {
            "volumes": {"a": {"emptyDir": {}}, "b": {"emptyDir": {}}},
            "volumeMounts": [{"name": "a", "mountPath": "/data"}, {"name": "b", "mountPath": "/data/"}],
        },
        "volumeMounts: a and b are both mounted at /data, and Kubernetes takes one; remove the other",
    ),
    "request over its limit": (
        {"resources": {"requests": {"cpu": "1500m", "memory": "1Gi"}, "limits": {"cpu": 1.5, "memory": "1000M"}}},
        "resources.requests.memory: 1Gi is more than resources.limits.memory, 1000M, and no pod could start; lower it",
    ),
    "request over a flavor's limit": (
        {"resources": {"requests": {"memory": "1e9"}}, "preset": {"resources": {"limits": {"memory": "512Mi"}}}},
        "resources.requests.memory: 1e9 is more than resources.limits.memory, 512Mi, and no pod could start",
    ),
    "sidecar's request over its limit": (
        {"sidecar": {"resources": {"limits": {"cpu": "10m"}}}},
        "sidecar.resources.requests.cpu: 50m is more than sidecar.resources.limits.cpu, 10m",
    ),
    "devices without a limit": (
        {"resources": {"requests": {"nvidia.com/gpu": 1}}},
        "resources.requests.nvidia.com/gpu: Kubernetes takes requests of such devices only beside an equal limit; set",
    ),
    "fewer devices than the limit": (
        {"resources": {"requests": {"nvidia.com/gpu": 1}, "limits": {"nvidia.com/gpu": 2}}},
        "resources.requests.nvidia.com/gpu: Kubernetes takes requests of such devices only beside an equal limit; set",
    ),
    "few for a batch": (
        {**HANDLER, "prefetch": 8, "concurrency": 2, "batch": {"maxSize": 8}},
        "prefetch: 8 messages can't fill the batches, which take 16 (concurrency times batch.maxSize); raise it",
    ),
}
