"""`python -m tests.chaos`: breaks parts of a running pipeline and follows every message to its one end.

The last line is the account as JSON; the exit code is 0 when it balances, else 1.
"""

from __future__ import annotations

import argparse
import secrets
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from asya_cli.errors import CliError
from asya_cli.local.brokers import NAMES
from tests.chaos.acts import DEEDS
from tests.chaos.careless_sidecar import CONTROLS
from tests.chaos.fire import LONG_FREEZE, LONG_FREEZES, Fire, Settings, Tell
from tests.chaos.ledger import in_short

_MESSAGES_A_SECOND = 25
_SECONDS_A_DEED = 3.0
_SHORTEST = 60.0
_FEWEST = 20


def main(arguments: Sequence[str]) -> int:
    """Run once; return the exit code."""
    settings = read(arguments)
    say = _clocked()
    say(f"seed {settings.seed}: {settings.messages} messages, {settings.acts} deeds within {settings.seconds:g} s")
    fire = Fire(settings, say)
    try:
        ledger, problems = fire.burn()
    except CliError as error:
        say(f"error: {error}\n{error.detail}")
        return 1
    for line in fire.last_words() if problems else ():
        write(line)
    for problem in in_short(problems):
        say(f"error: {problem}")
    write(ledger.json())
    return 1 if problems else 0


def read(arguments: Sequence[str]) -> Settings:
    """Read the command line."""
    parser = argparse.ArgumentParser(prog="python -m tests.chaos", description=__doc__.partition("\n")[0])
    add = parser.add_argument
    add("--transport", choices=NAMES, default="nats", help="which broker (default: nats)")
    add("--seed", type=int, default=None, help="decides messages and deeds (default: a random one, which is shown)")
    add("--messages", type=int, default=2000, help="how many to send (default: 2000)")
    add("--deeds", type=int, default=None, help="how many kills, freezes, cuts and removals (default: one in 3 s)")
    add("--seconds", type=float, default=None, help="within which to do that (default: one for each 25 messages)")
    add("--victims", nargs="+", choices=tuple(DEEDS), default=tuple(DEEDS), help="to what (default: all)")
    add("--freeze", type=float, default=None, help="longest freeze or cut in seconds (default: longer than a lease)")
    add("--patience", type=float, default=300.0, help="seconds to wait for the last message (default: 300)")
    add("--folder", type=Path, default=Path(".asya/chaos"), help="where it runs (default: .asya/chaos)")
    careless = "a negative control: sidecars that settle early, or leave their outputs unconfirmed, and lose"
    add("--careless", choices=tuple(CONTROLS), nargs="?", const="early", default="", help=careless)
    given = parser.parse_args(arguments)
    seconds = given.seconds or max(_SHORTEST, given.messages / _MESSAGES_A_SECOND)
    return Settings(
        folder=given.folder.resolve(),
        transport=given.transport,
        seed=secrets.randbelow(1_000_000) if given.seed is None else given.seed,
        messages=given.messages,
        acts=given.deeds if given.deeds is not None else max(_FEWEST, int(seconds / _SECONDS_A_DEED)),
        seconds=seconds,
        victims=tuple(given.victims),
        freeze=given.freeze or LONG_FREEZES.get(given.transport, LONG_FREEZE),
        patience=given.patience,
        careless=given.careless,
    )


def write(line: str) -> None:
    """Print a line at once."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def _clocked() -> Tell:
    began = time.monotonic()
    return lambda words: write(f"{time.monotonic() - began:6.1f} s  {words}")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
