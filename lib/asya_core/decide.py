"""What becomes of a message: pure functions from an envelope and what happened to it, to what is published.

The sidecar carries these decisions out and decides nothing itself. Every function returns new envelopes and leaves
its arguments as they were.
"""

from __future__ import annotations

from datetime import datetime

from msgspec import UNSET, Struct

from asya_core.envelope import Envelope, Status
from asya_core.error_record import error_of, to_error_end
from asya_core.faults import Fault
from asya_core.outgoing import Publication, attempt_of, forward, free_attempts_of, new_status, to_end, with_status
from asya_core.policies import Policy, Resiliency, next_attempt_delay
from asya_core.route import advanced, next_actor, problem_with_route
from asya_core.times import read_rfc3339, rfc3339


class Ended(Struct, frozen=True):
    """The handler ended without error; `first` is child 0, or None when it returned nothing."""

    first: Envelope | None


class Failed(Struct, frozen=True):
    """The message did not get through the handler. `chance` in [0, 1) spreads retries of many messages.

    `free_after` is after how many seconds it may try again at no cost, as what the handler depends on seems to be out.
    """

    fault: Fault
    chance: float
    free_after: float | None = None


Outcome = Ended | Failed


class Hop(Struct, frozen=True):
    """The circumstances of one run: the actor, its rules, and when the message first arrived at this actor."""

    actor: str
    resiliency: Resiliency
    arrived: datetime


def decide(envelope: Envelope, outcome: Outcome, hop: Hop, now: datetime) -> Publication:
    """Return what follows from a run."""
    if isinstance(outcome, Failed):
        return _after_fault(envelope, outcome, hop, now)
    if outcome.first is None:
        return to_end(envelope, hop.actor, now)
    return forward(outcome.first, hop.actor, now)


def refusal(envelope: Envelope, actor: str, deliveries: int, most: int, now: datetime) -> Fault | None:
    """Say why a message must not run at this actor, or None. Looked at before user code sees it."""
    if problem := problem_with_route(envelope.route):
        return Fault(code="route_error", message=problem)
    if (expected := next_actor(envelope.route)) != actor:
        place = "finished" if expected is None else f"at {expected!r}; send it to that actor's queue"
        return Fault(code="route_mismatch", message=f"the message came to {actor!r}, but its route is {place}")
    if deliveries > most:
        return Fault(
            code="deliveries",
            message=f"the broker delivered it {deliveries} times without an end, and maxDeliveries is {most}; "
            "it probably takes the whole pod down; run it with `asya run`",
        )
    return _past_deadline(envelope, now)


def _after_fault(envelope: Envelope, outcome: Failed, hop: Hop, now: datetime) -> Publication:
    fault = outcome.fault
    policy = hop.resiliency.policy_for(fault)
    if outcome.free_after is not None and policy.in_time(outcome.free_after, hop.arrived, now):
        return _retry(envelope, fault, hop.actor, _again(envelope, policy, hop, now, free=True), outcome.free_after)
    delay = next_attempt_delay(policy, fault, attempt_of(envelope), hop.arrived, now, outcome.chance)
    if delay is not None:
        return _retry(envelope, fault, hop.actor, _again(envelope, policy, hop, now, free=False), delay)
    if policy.then_route and fault.may_pass:
        return _rerouted(envelope, fault, policy.then_route, now)
    return to_error_end(envelope, fault, hop.actor, now, policy.max_attempts)


def _again(envelope: Envelope, policy: Policy, hop: Hop, now: datetime, *, free: bool) -> Status:
    """Begin the status of the next attempt, which is one more unless this one was free."""
    attempt, free_attempts = attempt_of(envelope) + (not free), free_attempts_of(envelope) + free
    status = new_status(envelope, phase="retrying", actor=hop.actor, now=now, attempt=attempt)
    status.max_attempts = policy.max_attempts
    status.free_attempts = free_attempts or UNSET
    status.actor_since = rfc3339(hop.arrived)
    return status


def _retry(envelope: Envelope, fault: Fault, actor: str, status: Status, delay: float) -> Publication:
    status.reason = fault.code
    status.error = error_of(fault, with_traceback=False)
    return Publication(actor, with_status(envelope, status), "retry", delay)


def _rerouted(envelope: Envelope, fault: Fault, then: list[str], now: datetime) -> Publication:
    """Replace what lies ahead by the policy's `thenRoute`, and go one step on; what went wrong goes with it."""
    status = new_status(envelope, phase="pending", actor=then[0], now=now)
    status.reason = fault.code
    status.error = error_of(fault)
    onward = with_status(envelope, status)
    onward.route = advanced(envelope.route)
    onward.route.actors = [*envelope.route.actors[: onward.route.current], *then]
    return Publication(then[0], onward, "routing")


def arrival(envelope: Envelope, now: datetime) -> datetime:
    """Return when the message first came to the actor that it is at; kept over that actor's retries."""
    status = envelope.status
    if status is UNSET or status.actor_since is UNSET:
        return now
    return read_rfc3339(status.actor_since) or now


def _past_deadline(envelope: Envelope, now: datetime) -> Fault | None:
    status = envelope.status
    if status is UNSET or status.deadline_at is UNSET:
        return None
    deadline = read_rfc3339(status.deadline_at)
    if deadline is None:
        sentence = f"status.deadline_at: {status.deadline_at!r} is no RFC 3339 time, such as 2026-01-31T12:00:00Z"
        return Fault(code="msg_parsing_error", message=sentence)
    if now < deadline:
        return None
    sentence = f"the message's deadline was {status.deadline_at}; it was not run; give it more time"
    return Fault(code="deadline_exceeded", message=sentence)
