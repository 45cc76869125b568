"""`python -m tests.fuzz [--inputs N] [--seed N]`: feed bad inputs until one is not survived."""

from __future__ import annotations

import argparse
import secrets
import sys

from tests.fuzz.campaign import NotSurvivedError, campaign


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("--inputs", type=int, default=1_000_000, help="how many inputs in all (default: a million)")
    parser.add_argument("--seed", type=int, default=secrets.randbelow(2**32), help="the same seed, the same inputs")
    options = parser.parse_args()
    sys.stdout.write(f"SEED={options.seed}\n")
    sys.stdout.flush()
    try:
        fed = campaign(options.inputs, options.seed)
    except NotSurvivedError as error:
        sys.stdout.write(f"{error}\n")
        return 1
    sys.stdout.write(f"survived: {', '.join(f'{count} {name}' for name, count in fed.items())}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
