"""`asya replay`: the handler of a message that failed, once more, here."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any

import click

from asya_cli.commands.errors_show import the_error
from asya_cli.commands.place_options import complete_id, errors_of, place_of, place_options
from asya_cli.commands.run import call_and_show, variable
from asya_cli.errors import MisuseError, told
from asya_cli.once import ENVELOPE, Call
from asya_cli.repair.place import Place
from asya_cli.repair.replaying import actor_settings, as_envelope, failed_actor, stored_payload
from asya_core.stored_errors import StoredError

_HELP = """\
Call a handler here with the payload of a message that ended in an error, as `asya run` does. Nothing is sent.

HANDLER is module.function or module.Class.method, imported from the current directory. Without it, the handler and the
variables of the actor at which the message failed are taken from the local run in this folder.

\b
asya replay 4be0643f-1d98-573b-97cd-ca98a65347dd
asya replay 4be0643f-1d98-573b-97cd-ca98a65347dd classifier.TextClassifier.process --env MODEL_PATH=./model
asya replay 4be0643f-1d98-573b-97cd-ca98a65347dd judge.process -f values/prod.yaml

After `asya errors edit`, it is the edited payload.

Exit codes: 0 it returned; 1 it raised, ended its process, or could not be loaded; 2 the command line is wrong.
"""


@click.command(help=_HELP)
@click.argument("id_", metavar="ID", shell_complete=complete_id)
@click.argument("handler", required=False)
@click.option(
    "--mode", type=click.Choice(["payload", "envelope"]), help="What the handler gets; as the actor, if not set."
)
@click.option("--env", "variables", multiple=True, metavar="KEY=VALUE", help="Set a variable; may be repeated.")
@click.option("--timeout", metavar="SECONDS", type=click.FloatRange(min=0, min_open=True), help="End it after so long.")
@place_options()
def command(id_: str, handler: str | None, mode: str | None, variables: Sequence[str], **options: Any) -> int:
    """Call a handler here with the payload of a message that ended in an error."""
    given = dict(variable(each) for each in variables)
    with told():
        place = place_of(options)
        error = the_error(errors_of(place), id_).error
        call = _call(place, error, handler, mode, options)
    os.environ.update(given)
    return call_and_show(call)


def _call(place: Place, error: StoredError, handler: str | None, mode: str | None, options: dict[str, Any]) -> Call:
    actor = failed_actor(error)
    settings = actor_settings(options["directory"].resolve(), actor)
    if handler is None:
        if settings is None or not settings.handler:
            raise MisuseError(
                f"no local run in this folder has an actor {actor!r}, so its handler is not known; name it, like "
                "module.function"
            )
        handler = settings.handler
        os.environ.update(settings.variables)
        mode = mode or settings.mode
    payload = stored_payload(place, error)
    if mode == ENVELOPE:
        return Call(handler, as_envelope(error, payload), ENVELOPE, options["timeout"])
    return Call(handler, payload, "payload", options["timeout"])
