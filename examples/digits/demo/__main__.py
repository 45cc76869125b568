"""The command `python -m examples.digits.demo`: start the pipeline, send every image, account for each one."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console

from asya_cli.errors import CliError
from asya_cli.local.brokers import NAMES

from .run import Demo

INTERRUPTED = 130
"""Exit code that shells know for Ctrl-C."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the demo; 0 only if every image has exactly one result and nothing failed."""
    parser = argparse.ArgumentParser(prog="demo", description="Read handwritten digits with a pipeline of actors.")
    parser.add_argument("--transport", choices=NAMES, default="nats", help="the broker between the actors")
    parser.add_argument("--folder", type=Path, default=Path(".asya/demo"), help="where everything is kept")
    given = parser.parse_args(arguments)
    console = Console(highlight=False, soft_wrap=True)
    demo = Demo(console, given.transport, given.folder)
    try:
        return demo.run()
    except CliError as error:
        return complain(console, error)
    except KeyboardInterrupt:
        console.print(f"stopped: {demo.ledger.state}; all processes are ended")
        return INTERRUPTED


def complain(console: Console, error: CliError) -> int:
    """Show what went wrong, the words of the program to blame first, and return the exit code."""
    if error.detail:
        console.print(error.detail, markup=False)
    console.print(f"error: {error}", markup=False, style="red")
    return error.exit_code


if __name__ == "__main__":
    sys.exit(main())
