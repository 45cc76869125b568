"""`python -m tests.cluster up|down|test`: a Kubernetes of one node on this machine, and the tests on it."""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import time
from collections.abc import Sequence

from tests.cluster.cluster import Cluster
from tests.cluster.debian import MissingError
from tests.cluster.given import KUBECONFIG
from tests.cluster.place import NAME, Place, inside
from tools import go_tools
from tools.go_tools import UnavailableError

_BEGAN = time.monotonic()


def main(arguments: Sequence[str]) -> int:
    """Bring the cluster up, take it down, or bring it up and test on it; return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m tests.cluster", description=__doc__)
    parser.add_argument("what", choices=("up", "down", "test"))
    given, more = parser.parse_known_args(arguments)
    cluster = Cluster(Place(), say)
    try:
        if given.what == "down":
            cluster.down()
            return 0
        cluster.up()
    except (MissingError, UnavailableError, TimeoutError) as error:
        say(f"error: {error}")
        return 1
    except subprocess.CalledProcessError as error:
        say(f"error: {error}\n{error.stderr or ''}".rstrip())
        return 1
    say("ready")
    say(f"KUBECONFIG={cluster.place.kubeconfig}, inside its namespace: nsenter --net=/var/run/netns/{NAME} kubectl …")
    return run_tests(cluster, more) if given.what == "test" else 0


def run_tests(cluster: Cluster, more: Sequence[str]) -> int:
    """Run the tests from inside the network namespace, where pods and brokers can be reached; return the exit code."""
    command = inside(sys.executable, "-m", "pytest", "tests/cluster", *more)
    programs = go_tools.build("kubernetes")
    env = {"PATH": f"{programs}:{os.environ['PATH']}", KUBECONFIG: str(cluster.place.kubeconfig)}
    return subprocess.run(command, env={**os.environ, **env}, check=False).returncode


def say(line: str) -> None:
    """Print a line with the time since the start."""
    sys.stdout.write(f"{time.monotonic() - _BEGAN:6.1f} s  {line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
