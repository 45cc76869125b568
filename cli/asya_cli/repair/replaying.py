"""What a handler is called with to see an error again: the stored payload, in a local run with the actor's settings."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from msgspec import UNSET, Raw

from asya_cli.errors import CliError
from asya_cli.local.plan import read_plan
from asya_cli.local.running import STATE_DIR
from asya_cli.local.state import Folder
from asya_cli.local.substitution import RUNTIME
from asya_cli.repair.payload_store import payloads_of
from asya_cli.repair.place import Place
from asya_core.envelope import Envelope, Status, encode
from asya_core.outgoing import with_status
from asya_core.route import next_actor
from asya_core.stored_errors import StoredError

_OURS = ("ASYA_", "PYTHON", "XDG_")
_OF_THE_POD = ("HOME", "USER", "PATH", "TMPDIR")
_KEPT = ("ASYA_BATCH_MAX_SIZE",)


@dataclass(frozen=True, slots=True)
class ActorSettings:
    """How a local run calls an actor's handler; `variables` are those that its values set."""

    handler: str
    mode: str
    variables: Mapping[str, str]


def actor_settings(directory: Path, actor: str) -> ActorSettings | None:
    """Return the settings of an actor of the local run in this folder, up or not; None where there is none."""
    try:
        processes = read_plan(Folder(directory / STATE_DIR).plan).processes
    except (OSError, ValueError):
        return None
    for each in processes:
        if (each.actor, each.container) == (actor, RUNTIME):
            variables = {name: value for name, value in each.env.items() if _is_users(name)}
            return ActorSettings(each.env.get("ASYA_HANDLER", ""), each.env.get("ASYA_HANDLER_MODE", ""), variables)
    return None


def failed_actor(error: StoredError) -> str:
    """Return the actor whose handler the message is for, empty where nobody knows."""
    return next_actor(error.envelope.route) or error.actor


def stored_payload(place: Place, error: StoredError) -> bytes:
    """Return the payload with which it would be redriven, from wherever it lies.

    Raises CliError where it was not stored, AsyaError where its reference can't be followed.
    """
    if error.reference is not None:
        return _claimed(place, error.reference)
    if error.payload is None:
        raise CliError(
            f"the payload of {error.id} was too large to be stored; replay it with `asya run` and a file of yours"
        )
    if error.was_no_envelope and not error.is_edited:
        raise CliError(
            f"{error.id} stands for bytes that were no envelope, so no handler would get them; give it a payload with "
            "`asya errors edit` first"
        )
    return bytes(error.payload)


def as_envelope(error: StoredError, payload: bytes) -> bytes:
    """Return the whole message as its actor would get it."""
    before = error.status
    status = Status(
        phase="pending",
        actor=before.actor,
        attempt=before.attempt,
        generation=before.generation,
        created_at=before.created_at,
        deadline_at=before.deadline_at,
    )
    envelope: Envelope = with_status(error.envelope, status)
    envelope.payload, envelope.payload_ref = Raw(payload), UNSET
    return encode(envelope)


def _claimed(place: Place, raw: Raw) -> bytes:
    """Read a payload that is stored by reference, if it lies where payloads lie and is what it was."""
    payloads = payloads_of(place)
    if payloads is None:
        raise CliError(
            "the payload is stored by reference, and nothing says where payloads lie; give -f values of the "
            "environment, or ASYA_CLAIM_CHECK_URL"
        )
    return payloads.read(raw)


def _is_users(name: str) -> bool:
    return name in _KEPT or not (name.startswith(_OURS) or name in _OF_THE_POD)
