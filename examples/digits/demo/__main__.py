"""The command `python -m examples.digits.demo`: start the pipeline, send every image, account for each one."""

import argparse
import math
import sys
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console

from asya_cli.errors import FAILED, CliError, MisuseError
from asya_cli.local.brokers import NAMES, check_broker
from asya_core.errors import AsyaError

from .run import Demo

INTERRUPTED = 130
"""Exit code that shells know for Ctrl-C."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the demo; 0 only if every image has exactly one result and nothing failed."""
    parser = argparse.ArgumentParser(prog="demo", description="Read handwritten digits with a pipeline of actors.")
    brokers = f"the broker between the actors: {' or '.join(NAMES)}"
    parser.add_argument("--transport", metavar="NAME", default="nats", help=brokers)
    parser.add_argument("--folder", type=Path, default=Path(".asya/demo"), help="where everything is kept")
    parser.add_argument("--pace", type=positive, default=math.inf, help="images to send in a second, at most")
    given = parser.parse_args(arguments)
    console = Console(highlight=False, soft_wrap=True)
    try:
        check_broker(given.transport)
    except MisuseError as error:
        return complain(console, error)
    demo = Demo(console, given.transport, given.folder, pace=given.pace)
    try:
        return demo.run()
    except (CliError, AsyaError) as error:
        return complain(console, error)
    except KeyboardInterrupt:
        console.print(f"stopped: {demo.ledger.state}; all processes are ended")
        return INTERRUPTED


def positive(text: str) -> float:
    """Read a number above 0. Raises ValueError, of which argparse makes a sentence."""
    number = float(text)
    if not number > 0:
        raise ValueError(text)
    return number


def complain(console: Console, error: CliError | AsyaError) -> int:
    """Show what went wrong, the words of the program to blame first, and return the exit code."""
    if isinstance(error, CliError) and error.detail:
        console.print(error.detail, markup=False)
    console.print(f"error: {error}", markup=False, style="red")
    return error.exit_code if isinstance(error, CliError) else FAILED


if __name__ == "__main__":
    sys.exit(main())
