"""Values about scaling and resiliency that the guards refuse: by a name, the values, and what the sentence says."""

from __future__ import annotations

CPU = {"name": "cpu", "target": {"type": "Utilization", "averageUtilization": 50}}
HPA = {"metrics": [{"type": "Resource", "resource": CPU}]}


def policy(**fields):
    return {"resiliency": {"policies": {"default": fields}}}


REFUSED = {
    "min over max": (
        {"scaling": {"minReplicaCount": 60}},
        "scaling.minReplicaCount: 60 is more than scaling.maxReplicaCount, 50; lower it or raise the other",
    ),
    "fallback to zero": (
        {"scaling": {"fallback": {"failureThreshold": 3, "replicas": 0}}},
        "scaling.fallback.replicas: 0 would stop the actor whenever KEDA can't read the queue; use 1 or more",
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
    "idle pods": (
        {"scaling": {"minReplicaCount": 3, "idleReplicaCount": 1}},
        "scaling.idleReplicaCount: KEDA knows 0 alone, with 1 the number of pods would swing; use 0, or remove it",
    ),
    "idle is least": (
        {"scaling": {"idleReplicaCount": 0}},
        "scaling.idleReplicaCount: it has to be less than scaling.minReplicaCount, which is 0 and means the same",
    ),
    "fallback over max": (
        {"scaling": {"fallback": {"failureThreshold": 3, "replicas": 60}}},
        "scaling.fallback.replicas: 60 is more than scaling.maxReplicaCount, 50; lower it or raise the other",
    ),
    "fallback of a formula": (
        {"scaling": {"fallback": {"failureThreshold": 3, "replicas": 2, "behavior": "scalingModifiers"}}},
        "scaling.fallback.behavior: scalingModifiers needs a formula that handles what can't be read",
    ),
    "formula without target": (
        {"scaling": {"advanced": {"formula": "queue"}}},
        "scaling.advanced.formula: KEDA compares its result with a target; set scaling.advanced.target",
    ),
    "target without formula": (
        {"scaling": {"advanced": {"target": "5", "activationTarget": "1"}}},
        "scaling.advanced.activationTarget: it belongs to a formula; set scaling.advanced.formula, or remove it",
    ),
    "utilization": (
        {"scaling": {"advanced": {"formula": "queue", "target": "5", "metricType": "Utilization"}}},
        "scaling.advanced.metricType: a formula's result has no utilization; use AverageValue or Value",
    ),
    "hpa to zero": (
        {"scaling": {"hpa": HPA}},
        "scaling.minReplicaCount: a HorizontalPodAutoscaler never goes below 1 pod; set 1 or more, or remove",
    ),
    "hpa and keda": (
        {"scaling": {"hpa": HPA, "minReplicaCount": 1, "initialCooldownPeriod": 0}},
        "scaling.initialCooldownPeriod: it is KEDA's, and scaling.hpa takes KEDA's place; remove one of them",
    ),
    "hpa and pause": ({"scaling": {"hpa": HPA, "paused": True}}, "scaling.paused: it is KEDA's, and scaling.hpa takes"),
    "trigger of ours": (
        {"scaling": {"additionalTriggers": [{"type": "cron", "name": "queue", "metadata": {}}]}},
        "scaling.additionalTriggers[0].name: queue is the name of the chart's own trigger; use another",
    ),
    "route to itself": (
        {"actor": "a", **policy(thenRoute=["b", "a"])},
        "resiliency.policies.default.thenRoute[1]: a is this actor itself, which would fail again without end; raise",
    ),
    "pods of a manifest that does not scale": (
        {"workload": {"replicas": 3}},
        "workload.replicas: 3 does not count while scaling.enabled is true, as it is by default, and KEDA runs 0 to 50",
    ),
    "paused without scaling": (
        {"scaling": {"enabled": False, "paused": True}},
        "scaling.paused: it does not count while scaling.enabled is false, and 1 pods run; remove it, or set",
    ),
    "paused at zero without scaling": (
        {"scaling": {"enabled": False, "paused": 0}},
        "scaling.paused: it does not count",
    ),
    "hpa without scaling": (
        {"scaling": {"enabled": False, "hpa": HPA, "minReplicaCount": 1}},
        "scaling.hpa: it does not count while scaling.enabled is false",
    ),
    "fallback without scaling": (
        {"scaling": {"enabled": False, "fallback": {"failureThreshold": 3, "replicas": 1}}},
        "scaling.fallback: it does not count while scaling.enabled is false",
    ),
    "least without scaling": (
        {"scaling": {"enabled": False, "minReplicas": 3}, "replicas": 2},
        "scaling.minReplicaCount: it does not count while scaling.enabled is false, when the number of pods is",
    ),
    "delay over its limit": (
        policy(initialDelay="2m", maxInterval="1m"),
        "resiliency.policies.default.initialDelay: 2m is more than maxInterval, 1m, so every delay would be cut",
    ),
    "retry twice": (
        {"resiliency": {"retry": {"maxAttempts": 3}, "policies": {"default": {}}}},
        "resiliency.retry: resiliency.policies.default says the same in today's names; keep one of them",
    ),
    "coefficient": (
        {"resiliency": {"retry": {"backoffCoefficient": 1.5}}},
        "resiliency.retry.backoffCoefficient: 1.5 is not built, delays double; remove it, or use policy: constant",
    ),
    "non-retryable twice": (
        {"resiliency": {"nonRetryableErrors": ["E"], "policies": {"non-retryable": {}}}},
        "resiliency.nonRetryableErrors: it stands for a policy called non-retryable, which resiliency.policies has",
    ),
    "old and new route": (
        policy(onExhausted=["a"], thenRoute=["b"]),
        "resiliency.policies.default.onExhausted: it is an old name of thenRoute, which is given, too; keep thenRoute",
    ),
    "breaker without an end": (
        policy(breaker=5),
        "resiliency.policies.default.maxDuration: missing; with breaker attempts may cost nothing, so only this ends",
    ),
}
