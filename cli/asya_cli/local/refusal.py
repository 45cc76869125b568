"""What must not be sent, told before anything is: it would end in an error, or show somebody else's result."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from asya_cli.errors import CliError, MisuseError
from asya_cli.local.plan import Plan
from asya_cli.local.results import Results
from asya_cli.local.state import RunInfo
from asya_core.envelope import Envelope, encode
from asya_core.limits import Limits
from asya_core.route import ENDS

_LIMIT = "ASYA_MAX_BODY_BYTES"


def strangers(info: RunInfo, actors: Sequence[str]) -> list[str]:
    """Return the actors that nobody runs here.

    Raises MisuseError for an end actor, CliError when it is the first that nobody runs.
    """
    for end in ENDS:
        if end in actors:
            raise MisuseError(f"{end} can't be in a route; it follows by itself; leave it out")
    known = {actor.name for actor in info.actors if not actor.is_end}
    missing = [actor for actor in actors if actor not in known]
    if actors[0] in missing:
        raise CliError(
            f"no actor {actors[0]!r} is up here; its name is misspelt, or it was not started; "
            f"these are: {', '.join(sorted(known))}"
        )
    return missing


def refuse_ended(results: Results, id_: str) -> None:
    """Raise CliError when the id has an end already: the ends store no second one."""
    if results.has_ended(id_):
        raise CliError(f"id {id_} has ended already; choose another, or start with `asya local up --fresh`")


def refuse_large(envelopes: Sequence[Envelope], limit: int) -> None:
    """Raise CliError for a message of more than `limit` bytes, which no sidecar would read."""
    for number, envelope in enumerate(envelopes, start=1):
        size = len(encode(envelope))
        if size > limit:
            which = "the message" if len(envelopes) == 1 else f"message {number}"
            raise CliError(
                f"{which} has {size} bytes; actors take at most {limit} (maxBodyBytes); "
                "send less, or a reference to where the data lies"
            )


def size_limit(plan: Plan, actor: str) -> int:
    """Return the bytes of the largest message that an actor takes."""
    return min(_limits(plan, actor), default=Limits().size)


def _limits(plan: Plan, actor: str) -> Iterator[int]:
    for process in plan.processes:
        if process.actor == actor and process.env.get(_LIMIT, "").isdigit():
            yield int(process.env[_LIMIT])
