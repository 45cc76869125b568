"""`python -m asya_sidecar.queues ensure|check|delete ACTOR...`: what the chart's hook Jobs and `helm test` run.

Prints one line for each queue: what was made, found, refused or deleted, and why. `check` changes nothing: it says how
many messages each queue holds, and fails where one is missing.
"""

from __future__ import annotations

import asyncio
import functools
import os
import sys
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path

from asya_core.errors import QueueConflictError, SettingsError, TransportError
from asya_core.route import is_actor_name
from asya_core.transports import Transport, check_statistics, open_transport
from asya_sidecar import exit_codes

CONNECT_SECONDS = 60.0
"""How long the broker may take to answer before the Job fails, for Helm to show."""

VERBS = ("ensure", "check", "delete")

_KEYS = {"sqs": "AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY"}
"""What a Secret holds for a transport that knows no user and password."""

_USAGE = f"usage: python -m asya_sidecar.queues {'|'.join(VERBS)} ACTOR [ACTOR ...]"


def main(arguments: Sequence[str]) -> int:
    """Do what the arguments say; return the exit code."""
    verb, actors = (arguments[0] if arguments else ""), list(arguments[1:])
    if verb not in VERBS or not actors or not all(map(is_actor_name, actors)):
        say(_USAGE)
        return exit_codes.BAD_SETTINGS
    if missing := _missing_secret():
        say(f"error: {missing}")
        return exit_codes.BAD_SETTINGS
    try:
        transport = open_transport(os.environ.get("ASYA_TRANSPORT", ""), os.environ)
    except SettingsError as error:
        for problem in error.problems:
            say(f"error: {problem}")
        return exit_codes.BAD_SETTINGS
    queues = [os.environ.get("ASYA_QUEUE_PREFIX", "asya-") + actor for actor in actors]
    code = asyncio.run(_each(transport, verb, queues))
    return _check_statistics(queues[0]) if verb != "delete" and code == exit_codes.OK else code


def _missing_secret() -> str:
    """Say what is missing where the Secret that the chart names brought no files; empty where all is well."""
    secret, folder = os.environ.get("ASYA_SECRET_NAME"), Path(os.environ.get("ASYA_SECRETS_DIR", ""))
    if not secret or (folder.is_dir() and any(not file.name.startswith(".") for file in folder.iterdir())):
        return ""
    return (
        f"Secret {secret!r} is missing in this namespace, or empty; the broker's credentials have to be in it; "
        f"make it with the keys {_KEYS.get(os.environ.get('ASYA_TRANSPORT', ''), 'username and password')}"
    )


def say(line: str) -> None:
    """Print a line at once, so that a Job's log shows how far it came."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


async def _each(transport: Transport, verb: str, queues: list[str]) -> int:
    try:
        async with asyncio.timeout(CONNECT_SECONDS):
            await transport.connect()
    except TimeoutError:
        say(f"error: the broker did not answer within {CONNECT_SECONDS:g} s; check its address and its network policy")
        return exit_codes.TRANSPORT_FAILED
    except TransportError as error:
        say(f"error: {error}")
        return exit_codes.TRANSPORT_FAILED
    try:
        acts: dict[str, Callable[[str], Awaitable[str]]] = {
            "ensure": transport.ensure,
            "check": functools.partial(_count, transport),
            "delete": transport.delete,
        }
        done = [await _one(acts[verb], queue) for queue in queues]
        return exit_codes.OK if all(done) else exit_codes.TRANSPORT_FAILED
    finally:
        await transport.close()


async def _count(transport: Transport, queue: str) -> str:
    depth = await transport.depth(queue)
    return f"there, {depth.ready} waiting, {depth.in_flight} in progress, {depth.delayed} delayed"


async def _one(act: Callable[[str], Awaitable[str]], queue: str) -> bool:
    try:
        say(f"{queue}: {await act(queue)}")
    except QueueConflictError as error:
        say(f"{queue}: refused: {error}")
        return False
    except TransportError as error:
        say(f"{queue}: error: {error}")
        return False
    return True


def _check_statistics(queue: str) -> int:
    """Say whether KEDA can see how deep queues are: an actor whose queue looks empty would never get a pod."""
    try:
        found = check_statistics(os.environ["ASYA_TRANSPORT"], os.environ, queue)
    except TransportError as error:
        say(f"depth statistics: refused: {error}")
        return exit_codes.TRANSPORT_FAILED
    if found:
        say(f"depth statistics: {found}")
    return exit_codes.OK


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
