"""Retry and error rules as data: which policy a failure falls under, and when its next attempt is due."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any, Literal

import msgspec
from msgspec import Struct

from asya_core.durations import parse_duration
from asya_core.errors import SettingsError
from asya_core.faults import Fault
from asya_core.route import problem_with_actor

LONGEST_DELAY = 7 * 24 * 3600.0
"""Seconds that the next attempt may wait; brokers forget messages that wait much longer."""

SPREAD = 0.25
"""The share of `retry_after` over which attempts are spread with jitter."""


class Seconds(float):
    """A length of time in seconds, written as a duration (`30s`, `5m`) or a number."""


class Policy(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, rename="camel"):
    """How often, and after which delays, a failed message is tried again.

    `max_attempts` counts the first one. `max_duration` bounds the time since the message arrived at this actor.
    `then_route` replaces what lies ahead of the message once its attempts are used up; empty: error-end. When so
    many messages as `breaker` says have failed in a row (0: never), the handler seems to miss what it depends on, and
    until one succeeds, attempts cost nothing.
    """

    max_attempts: int = 1
    backoff: Literal["constant", "linear", "exponential"] = "exponential"
    initial_delay: Seconds = Seconds(1)
    max_interval: Seconds = Seconds(300)
    max_duration: Seconds | None = None
    jitter: bool = True
    then_route: list[str] = msgspec.field(default_factory=list)
    breaker: int = 0

    def delay(self, attempt: int, chance: float) -> float:
        """Return the seconds between attempt `attempt` (1 the first) and the next.

        With jitter it lies between half of the backoff and all of it, by `chance` in [0, 1).
        """
        growth = {"constant": 1.0, "linear": float(attempt), "exponential": 2.0 ** min(attempt - 1, 60)}[self.backoff]
        backoff = min(self.initial_delay * growth, self.max_interval)
        return backoff * (0.5 + chance / 2) if self.jitter else backoff

    def pause(self, attempt: int, retry_after: float | None, chance: float) -> float:
        """Return the same seconds, but no fewer than an exception asked for, and no more than a week.

        With jitter, those that are told the same come back up to a quarter of it later, not all at once.
        """
        floor = (retry_after or 0.0) * (1.0 + (SPREAD * chance if self.jitter else 0.0))
        return min(max(self.delay(attempt, chance), floor), LONGEST_DELAY)

    def in_time(self, delay: float, arrived: datetime, now: datetime) -> bool:
        """Tell whether an attempt after `delay` seconds still begins within `max_duration`."""
        return self.max_duration is None or (now - arrived).total_seconds() + delay <= self.max_duration


class Rule(Struct, frozen=True, forbid_unknown_fields=True):
    """Failures whose class, one of its bases, or code is among `errors` fall under the policy called `policy`."""

    errors: list[str]
    policy: str


class Resiliency(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, rename="camel"):
    """What an actor does about failures; `resiliency` of its values."""

    policies: dict[str, Policy] = msgspec.field(default_factory=dict)
    rules: list[Rule] = msgspec.field(default_factory=list)
    max_deliveries: int = 10
    unroutable_after: Seconds = Seconds(60)

    def policy_for(self, fault: Fault) -> Policy:
        """Return the policy of the first rule that names the fault, else `default`, else a single attempt."""
        names = fault.names()
        for rule in self.rules:
            if not names.isdisjoint(rule.errors):
                return self.policies[rule.policy]
        return self.policies.get("default", _SINGLE_ATTEMPT)


_SINGLE_ATTEMPT = Policy()


def read_resiliency(text: str) -> Resiliency:
    """Read the JSON of `resiliency`. Raises SettingsError with a sentence for what is wrong."""
    try:
        resiliency = msgspec.json.decode(text, type=Resiliency, dec_hook=_read_seconds)
    except msgspec.ValidationError as error:
        raise SettingsError([f"ASYA_RESILIENCY: {error}"]) from None
    except (msgspec.DecodeError, RecursionError, UnicodeError) as error:
        raise SettingsError([f'ASYA_RESILIENCY: {error}; write JSON, such as {{"maxDeliveries": 10}}']) from None
    if problems := _problems(resiliency):
        raise SettingsError([f"ASYA_RESILIENCY: {problem}" for problem in problems])
    return resiliency


def next_attempt_delay(
    policy: Policy, fault: Fault, attempt: int, arrived: datetime, now: datetime, chance: float
) -> float | None:
    """Return the seconds until the next attempt, or None when the policy allows none.

    An attempt that could only begin after `max_duration` is not made.
    """
    if attempt >= policy.max_attempts or not fault.may_pass:
        return None
    delay = policy.pause(attempt, fault.retry_after, chance)
    return delay if policy.in_time(delay, arrived, now) else None


def _read_seconds(_: type[Any], written: Any) -> Seconds:
    return Seconds(parse_duration(written))


def _problems(resiliency: Resiliency) -> list[str]:
    known = ", ".join(sorted(resiliency.policies)) or "none"
    found = [
        f"rules[{index}].policy: no policy is called {rule.policy!r}; known: {known}"
        for index, rule in enumerate(resiliency.rules)
        if rule.policy not in resiliency.policies
    ]
    for name, policy in resiliency.policies.items():
        found.extend(f"policies.{name}.{problem}" for problem in _problems_of(policy))
    if resiliency.max_deliveries < 1:
        found.append(f"maxDeliveries: {resiliency.max_deliveries}; must be at least 1")
    return found


def _problems_of(policy: Policy) -> Iterator[str]:
    if policy.max_attempts < 1:
        yield f"maxAttempts: {policy.max_attempts}; the first attempt counts, so at least 1"
    if policy.breaker < 0:
        yield f"breaker: {policy.breaker}; messages that fail in a row, so at least 1, or 0 for none"
    if policy.breaker > 0 and policy.max_duration is None:
        yield "maxDuration: missing; with breaker attempts may cost nothing, and it ends them; set it: 1h"
    if policy.max_interval > LONGEST_DELAY:
        yield f"maxInterval: {policy.max_interval:g} s; at most {LONGEST_DELAY:g} s, a week"
    for index, name in enumerate(policy.then_route):
        if problem := problem_with_actor(name):
            yield f"thenRoute[{index}]: {problem}"
