"""`asya local send`."""

from __future__ import annotations

import asyncio
import json
import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click

from asya_cli.argument import read_json, read_text
from asya_cli.commands.actor_names import complete_actor
from asya_cli.errors import FAILED, MisuseError
from asya_cli.local.message import Order, make_envelope, split_lines
from asya_cli.local.plan import read_plan
from asya_cli.local.refusal import refuse_ended, refuse_large, size_limit, strangers
from asya_cli.local.results import End
from asya_cli.local.running import Running
from asya_cli.local.sending import connected, follow, send, watch
from asya_core.durations import parse_duration
from asya_core.envelope import Envelope
from asya_core.errors import EnvelopeError
from asya_core.transports import Depth

_CHILDREN_SHOWN = 5

_HELP = """\
Send a message to the first of ACTORS; the others follow it in this order.

The payload is JSON, a file (FILE or @FILE), or stdin (-). The message's id is printed; with --follow its result is
printed, once it has one, and the id goes to stderr, as an error does, with the handler's traceback.

\b
asya local send text-processor '{"text": "hello"}'
asya local send preprocessor,classifier @message.json --follow --deadline 30s
asya local send text-processor messages.jsonl --lines

Of a message that fans out, --follow waits for the part that keeps its id, the first.

Exit codes: 0 sent, or it ended in a result; 1 it could not be sent, ended in an error, or did not end in time; 2 the
command line is wrong.
"""


@dataclass(frozen=True, slots=True)
class _Following:
    """How to wait: seconds, and whether to show whole envelopes."""

    timeout: float
    whole: bool


@click.command(help=_HELP)
@click.argument("actors", metavar="ACTOR[,ACTOR...]", shell_complete=complete_actor)
@click.argument("payload", metavar="JSON|FILE|-")
@click.option("--id", "id_", metavar="ID", help="Choose the message's id; it must be unique. Default: a random one.")
@click.option("--header", "headers", multiple=True, metavar="NAME=VALUE", help="Add a header; may be repeated.")
@click.option("--deadline", metavar="DURATION", help="End it in error if no handler has taken it by then; 30s, 5m.")
@click.option("--cancellable", is_flag=True, help="Let `asya cancel` end it before its next handler begins.")
@click.option("--lines", is_flag=True, help="Every line of the input is a message of its own.")
@click.option("-f", "--follow", "following", is_flag=True, help="Wait for the end and show the result.")
@click.option(
    "--timeout",
    type=click.FloatRange(min=0, min_open=True),
    default=60.0,
    show_default=True,
    help="Seconds that --follow waits.",
)
@click.option("--envelope", "whole", is_flag=True, help="With --follow: show the whole message, not just its payload.")
@click.pass_obj
def command(directory: Path, /, actors: str, payload: str, *, lines: bool, id_: str | None, **options: Any) -> int:
    """Send a message to actors."""
    running = Running.find(directory)
    markers = running.folder.payloads.as_uri() if options["cancellable"] else ""
    order = Order(actors.split(","), _headers(options["headers"]), _deadline(options["deadline"]), markers)
    for actor in strangers(running.info, order.actors):
        told = f"warning: no actor {actor!r} is up here; the message will wait for it, then end in an error"
        click.echo(told, err=True)
    if lines and id_:
        raise MisuseError("--id names one message, and --lines sends many; leave one of them out")
    payloads = _payloads_of_lines(payload) if lines else [read_json(payload)]
    now = datetime.now(UTC)
    try:
        envelopes = [make_envelope(order, each, now, id_) for each in payloads]
    except EnvelopeError as error:
        raise MisuseError(f"{error}; correct it") from None
    refuse_large(envelopes, size_limit(read_plan(running.folder.plan), order.actors[0]))
    if id_:
        refuse_ended(running.results, id_)
    following = _Following(options["timeout"], options["whole"]) if options["following"] else None
    return asyncio.run(_send(running, order, envelopes, following))


async def _send(running: Running, order: Order, envelopes: Sequence[Envelope], following: _Following | None) -> int:
    async with connected(running.open_transport()) as transport:
        await send(transport, running.queue(order.actors[0]), envelopes)
        if following is None:
            for envelope in envelopes:
                click.echo(envelope.id)
            return 0
        click.echo(envelopes[0].id if len(envelopes) == 1 else f"sent {len(envelopes)} messages", err=True)
        queues = {actor: running.queue(actor) for actor in dict.fromkeys(order.actors)}
        line = _ProgressLine()
        watching = asyncio.create_task(watch(transport, queues, line.show))
        try:
            return await _follow_all(running, envelopes, following, line)
        finally:
            watching.cancel()
            with suppress(asyncio.CancelledError):
                await watching


async def _follow_all(
    running: Running, envelopes: Sequence[Envelope], following: _Following, line: _ProgressLine
) -> int:
    """Show the ends in the order in which the messages were sent; tell how it went as an exit code."""
    results, until, codes = running.results, time.monotonic() + following.timeout, [0]
    for envelope in envelopes:
        end = await follow(results, envelope, max(0.0, until - time.monotonic()))
        line.clear()
        codes.append(_show(envelope, end, following))
        if end is not None and (children := results.children(envelope.id)):
            click.echo(f"note: it fanned out; stored by now of its children: {_few(children)}", err=True)
    return max(codes)


def _show(envelope: Envelope, end: End | None, following: _Following) -> int:
    if end is None:
        click.echo(
            f"error: {envelope.id} has not ended within {following.timeout:g} s; it waits or runs still; look at "
            "`asya local status` and `asya local logs`",
            err=True,
        )
        return FAILED
    if following.whole or end.kind == "result":
        _print(end.envelope if following.whole else end.payload)
    if end.kind == "error":
        click.echo(_explained(end), err=True)
        return FAILED
    return 0


def _print(value: Any) -> None:
    indent, separators = (2, None) if sys.stdout.isatty() else (None, (",", ":"))
    text = json.dumps(value, indent=indent, separators=separators, ensure_ascii=False)
    click.echo(text.encode("utf-8", "backslashreplace"))


def _explained(end: End) -> str:
    """Return the user's traceback, where there is one, and a sentence."""
    payload = end.payload if isinstance(end.payload, dict) else {}
    details = payload.get("details") or {}
    actor = (end.envelope.get("status") or {}).get("actor", "an actor")
    kind = f"{details['type']}: " if details.get("type") else ""
    sentence = f"error: {end.id} ended in an error at {actor} ({payload.get('error')}); {kind}{details.get('message')}"
    traceback = str(details.get("traceback") or "").rstrip()
    return f"{traceback}\n{sentence}" if traceback else sentence


def _few(ids: Sequence[str]) -> str:
    more = len(ids) - _CHILDREN_SHOWN
    return ", ".join(ids[:_CHILDREN_SHOWN]) + (f" and {more} more" if more > 0 else "")


class _ProgressLine:
    """One line on a terminal that says where messages wait; nothing where stderr is no terminal."""

    def __init__(self) -> None:
        self._began = time.monotonic()
        self._shown = False

    def show(self, depths: dict[str, Depth]) -> None:
        if not sys.stderr.isatty():
            return
        counts = "   ".join(
            f"{actor} {depth.ready} waiting, {depth.in_flight} running" for actor, depth in depths.items()
        )
        click.echo(f"\r\033[K{time.monotonic() - self._began:.0f} s   {counts}", nl=False, err=True)
        self._shown = True

    def clear(self) -> None:
        if self._shown:
            click.echo("\r\033[K", nl=False, err=True)
            self._shown = False


def _headers(given: Sequence[str]) -> dict[str, str]:
    headers = {}
    for each in given:
        name, equals, value = each.partition("=")
        if not equals or not name:
            raise MisuseError(f"--header {each!r} has no value; write it as NAME=VALUE")
        headers[name] = value
    return headers


def _deadline(given: str | None) -> float | None:
    try:
        return None if given is None else parse_duration(given)
    except ValueError as error:
        raise MisuseError(f"--deadline: {error}") from None


def _payloads_of_lines(given: str) -> list[bytes]:
    payloads = []
    for number, line in split_lines(read_text(given)):
        try:
            json.loads(line)
        except ValueError as error:
            raise MisuseError(f"line {number} is no JSON ({error}); correct it; nothing was sent") from None
        payloads.append(line)
    if not payloads:
        raise MisuseError("there is no message in the input; it has no lines; check the file")
    return payloads
