"""Follows every id from its publish to exactly one of {result, error, still queued}. Pure.

An id is lost when it has no end and cannot be in a queue either. While all goes well each message that has not wholly
ended stands in at least one queue, for a queue gives it up only when what follows from it stands in the next one; so
more unfinished messages than queued ones means that some are lost, whatever the queued ones are.
"""

from __future__ import annotations

import json
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field

from tests.chaos.messages import End, Kind, Message

_RAW = re.compile(r"(raw-[0-9a-f]{64})-.+")
_MOST_NAMED = 20


@dataclass(frozen=True, slots=True)
class Stored:
    """One object that an end wrote; `steps` are those of a result's payload."""

    id: str
    kind: Kind
    steps: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """The id; without the broker's part where the id was made of the message's bytes."""
        found = _RAW.fullmatch(self.id)
        return found[1] if found else self.id


@dataclass(frozen=True, slots=True)
class Evidence:
    """What is known when all is over.

    `claims` says which end owns an id, `copies` how often a message was sent where that was more than once, `queued`
    how many messages all queues hold, `executions` how often handlers ran for a message, `dropped` how many messages
    came to an end whose id the other end had already.
    """

    stored: Sequence[Stored]
    claims: Mapping[str, str]
    queued: int = 0
    copies: Mapping[str, int] = field(default_factory=dict)
    executions: Mapping[str, int] = field(default_factory=dict)
    dropped: int = 0


@dataclass(frozen=True, slots=True)
class Run:
    """What was sent, and by which seed over which transport."""

    transport: str
    seed: int
    messages: Sequence[Message]


@dataclass(frozen=True, slots=True)
class Ledger:
    """The account. `sent` and `lost` count messages as they were sent; results, errors and duplicates count ids."""

    transport: str
    seed: int
    sent: int
    results: int
    errors: int
    queued: int
    lost: int
    duplicate_results: int
    re_executions: int
    zombie_publishes: int

    def json(self) -> str:
        """Return the account as one line."""
        return json.dumps(asdict(self))


def count_lost(messages: Iterable[Message], ended: Iterable[str], queued: int) -> int:
    """Return how many messages are lost for certain, `ended` being the names of all ids that have an end."""
    known = frozenset(ended)
    unfinished = sum(not known.issuperset(message.ends) for message in messages)
    return max(0, unfinished - queued)


def draw_up(run: Run, evidence: Evidence) -> tuple[Ledger, list[str]]:
    """Return the account, and a sentence for everything that is wrong; it balances when there is none."""
    kinds = Counter(each.kind for each in evidence.stored)
    doubled = _doubled(run.messages, evidence)
    ledger = Ledger(
        transport=run.transport,
        seed=run.seed,
        sent=len(run.messages),
        results=kinds["result"],
        errors=kinds["error"],
        queued=evidence.queued,
        lost=count_lost(run.messages, (each.name for each in evidence.stored), evidence.queued),
        duplicate_results=len(doubled),
        re_executions=sum(_more_than_expected(run.messages, evidence.executions)),
        zombie_publishes=evidence.dropped,
    )
    problems = [*_missing(run.messages, evidence), *_wrong(run.messages, evidence), *_unclaimed(evidence)]
    problems += [f"{name} has more than one end" for name in doubled]
    if evidence.queued:
        problems.append(f"{evidence.queued} messages are still queued")
    return ledger, problems


def in_short(problems: Sequence[str]) -> list[str]:
    """Return the first problems, and how many more there are."""
    more = len(problems) - _MOST_NAMED
    return [*problems[:_MOST_NAMED], *([f"and {more} more"] if more > 0 else [])]


def _doubled(messages: Iterable[Message], evidence: Evidence) -> list[str]:
    """Return the names with more ends than one; bytes that were sent twice may have a record of each copy."""
    allowed = {name: evidence.copies.get(each.id, 1) for each in messages for name in each.ends if _is_raw(name)}
    found: defaultdict[str, list[Kind]] = defaultdict(list)
    for each in evidence.stored:
        found[each.name].append(each.kind)
    return [name for name, kinds in found.items() if len(kinds) > allowed.get(name, 1) or len(set(kinds)) > 1]


def _missing(messages: Iterable[Message], evidence: Evidence) -> Iterator[str]:
    known = {each.name for each in evidence.stored}
    for message in messages:
        yield from (f"{name} has no end" for name in message.ends if name not in known)


def _wrong(messages: Iterable[Message], evidence: Evidence) -> Iterator[str]:
    expected: dict[str, End] = {name: end for message in messages for name, end in message.ends.items()}
    for each in evidence.stored:
        end = expected.get(each.name)
        if end is None:
            yield f"{each.id} was never sent, and has ended in a {each.kind}"
        elif end.kind != each.kind:
            yield f"{each.id} was to end in a {end.kind}, and ended in a {each.kind}"
        elif end.steps != each.steps:
            yield f"{each.id} was to go through {end.steps}, and went through {each.steps}"


def _unclaimed(evidence: Evidence) -> Iterator[str]:
    """Look for objects that are there without their end's claim."""
    for each in evidence.stored:
        if (owner := evidence.claims.get(each.id)) != each.kind:
            yield f"{each.id} has a {each.kind}, and its claim belongs to {owner or 'nobody'}"


def _more_than_expected(messages: Iterable[Message], executions: Mapping[str, int]) -> Iterator[int]:
    for message in messages:
        yield max(0, executions.get(message.id, 0) - message.executions)


def _is_raw(name: str) -> bool:
    return name.startswith("raw-")
