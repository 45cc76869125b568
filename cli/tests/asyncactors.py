"""AsyncActor manifests as people have them: of 2025, with a pod template, and of 2026, flat."""

from __future__ import annotations

import json
from typing import Any

from asya_cli.assets import find_assets
from asya_cli.convert.conversion import Conversion, convert
from asya_cli.convert.documents import Manifest
from asya_cli.convert.notes import Note

SCHEMA = json.loads((find_assets().chart("actor") / "values.schema.json").read_text(encoding="utf-8"))
MINIMAL = {"image": "a:1", "handler": "a.b", "scaling": {"enabled": False}}


def manifest(spec: dict[str, Any], name: str = "text-classifier", **metadata: Any) -> Manifest:
    return Manifest({"name": name, **metadata}, spec)


def pod(container: dict[str, Any], **fields: Any) -> dict[str, Any]:
    """A 2025 `workload` whose runtime container has these fields."""
    return {
        "kind": "Deployment",
        "template": {"spec": {"containers": [{"name": "asya-runtime", **container}], **fields}},
    }


def converted(spec: dict[str, Any], **metadata: Any) -> Conversion:
    """The conversion of a manifest with this spec, where the flavors gpu and spot are at hand."""
    return convert(manifest(spec, **metadata), SCHEMA, {"gpu", "spot"})


def left(spec: dict[str, Any], **metadata: Any) -> dict[str, Note]:
    """The notes on what of a spec could not be carried over, by path."""
    return {note.path: note for note in converted(spec, **metadata).notes.left}


HANDLER = [{"name": "ASYA_HANDLER", "value": "classifier.TextClassifier.process"}]

GPU_2025 = {
    "transport": "rabbitmq",
    "scaling": {"enabled": True, "minReplicas": 0, "maxReplicas": 100, "queueLength": 5},
    "timeout": {"processing": 120},
    "workload": pod(
        {
            "image": "my-classifier:latest",
            "env": [*HANDLER, {"name": "MODEL_PATH", "value": "/models/classifier"}],
            "resources": {"limits": {"nvidia.com/gpu": 1}},
        }
    ),
}
FIXED_2025 = {
    "scaling": {"enabled": False},
    "sidecar": {"resources": {"limits": {"memory": "256Mi"}}},
    "workload": {
        **pod(
            {
                "image": "judge:1",
                "imagePullPolicy": "Always",
                "env": [*HANDLER, {"name": "ASYA_HANDLER_MODE", "value": "Envelope"}],
                "volumeMounts": [{"name": "models", "mountPath": "/models"}],
                "envFrom": [{"secretRef": {"name": "openai"}}],
            },
            volumes=[{"name": "models", "emptyDir": {}}],
            tolerations=[{"key": "gpu", "operator": "Exists"}],
            nodeSelector={"disk": "ssd"},
            serviceAccountName="model-reader",
            initContainers=[{"name": "fetch", "image": "curl:8"}],
        ),
        "replicas": 3,
        "pythonExecutable": "python3.12",
    },
}
BESIDE_2025 = {
    "scaling": {"enabled": True},
    "workload": {
        "template": {
            "metadata": {"labels": {"team": "ml"}, "annotations": {"note": "x"}},
            "spec": {
                "containers": [
                    {"name": "asya-runtime", "image": "a:1", "env": HANDLER},
                    {"name": "cache", "image": "redis:7"},
                ],
            },
        }
    },
}
FLAT_2026 = {
    "actor": "classifier",
    "image": "my-classifier:1",
    "handler": "classifier.TextClassifier.process",
    "replicas": 2,
    "env": [{"name": "MODEL_PATH", "value": "/models/a"}],
    "secretRefs": [{"secretName": "openai", "keys": [{"key": "token", "envVar": "OPENAI_API_KEY"}]}],
    "scaling": {
        "minReplicaCount": 1,
        "maxReplicaCount": 4,
        "pollingInterval": 15,
        "cooldownPeriod": 120,
        "additionalTriggers": [{"type": "cron", "metadata": {"timezone": "UTC"}}],
    },
    "resiliency": {
        "actorTimeout": "90s",
        "policies": {"default": {"maxAttempts": 3, "backoff": "exponential"}, "once": {"maxAttempts": 1}},
        "rules": [{"errors": ["ValueError"], "policy": "once"}],
    },
}
SEED_2025 = {
    "transport": "sqs",
    "scaling": {"minReplicas": 0, "maxReplicas": 50, "queueLength": 5},
    "workload": pod({"image": "my-processor:v1", "env": [{"name": "ASYA_HANDLER", "value": "text_processor.process"}]}),
}
ALL = {
    "seed-2025": SEED_2025,
    "gpu-2025": GPU_2025,
    "fixed-2025": FIXED_2025,
    "beside-2025": BESIDE_2025,
    "flat-2026": FLAT_2026,
}
