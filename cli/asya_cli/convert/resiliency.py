"""Retry settings of every generation, as `resiliency.policies` and `resiliency.rules`. Pure."""

from __future__ import annotations

from typing import Any

from asya_cli.convert.notes import Notes

NEVER = "never"
"""The policy that errors get which were named in `nonRetryableErrors`."""

_RENAMED = {"policy": "backoff", "initialInterval": "initialDelay"}
_DOUBLING = 2.0


def modernise_resiliency(values: dict[str, Any], notes: Notes) -> None:
    """Rewrite `resiliency` in place: timeouts go to `timeout.actor`, older names to those of today."""
    resiliency = values.get("resiliency")
    if not isinstance(resiliency, dict):
        return
    _take_timeouts(values, resiliency)
    if retry := resiliency.pop("retry", None):
        resiliency.setdefault("policies", {}).setdefault("default", _policy(retry, notes))
    for policy in (resiliency.get("policies") or {}).values():
        if isinstance(policy, dict) and "onExhausted" in policy:
            policy.setdefault("thenRoute", policy.pop("onExhausted"))
    if errors := resiliency.pop("nonRetryableErrors", None):
        resiliency.setdefault("policies", {})[NEVER] = {"maxAttempts": 1}
        resiliency.setdefault("rules", []).insert(0, {"errors": list(errors), "policy": NEVER})
    if not resiliency:
        del values["resiliency"]


def _take_timeouts(values: dict[str, Any], resiliency: dict[str, Any]) -> None:
    inner = resiliency.pop("timeout", None)
    given = resiliency.pop("actorTimeout", None) or (inner.get("actor") if isinstance(inner, dict) else inner)
    if given is not None:
        values.setdefault("timeout", {})["actor"] = given


def _policy(retry: dict[str, Any], notes: Notes) -> dict[str, Any]:
    policy = {_RENAMED.get(key, key): value for key, value in retry.items()}
    coefficient = policy.pop("backoffCoefficient", _DOUBLING)
    policy.setdefault("backoff", "exponential")
    policy.setdefault("maxAttempts", 3)
    if policy["backoff"] == "exponential" and float(coefficient) != _DOUBLING:
        notes.leave(
            "spec.resiliency.retry.backoffCoefficient",
            f"delays double here, and {coefficient} is another factor",
            "choose initialDelay and maxInterval to fit",
        )
    return policy
