"""Finding the programs of RabbitMQ, or, as root on Debian, installing them. Nothing here is done without being said."""

from __future__ import annotations

import fcntl
import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from asya_cli.errors import CliError

PACKAGED = Path("/usr/lib/rabbitmq/bin")
"""Where the packages of Debian and Red Hat put the programs; those on PATH there change to another user first."""

LOCK = Path("/run/asya-install.lock")
"""Held by a root who looks for the programs, so that two runs at once don't both install, or use what is half there."""

_UPDATE = ("apt-get", "update")
_INSTALL = ("apt-get", "install", "-y", "--no-install-recommends", "rabbitmq-server")
_REMEDY = "install it (on Debian: apt-get install rabbitmq-server), or give a server in ASYA_LOCAL_RABBITMQ_URL"
_WORDS_OF_FAILURE = 2000  # characters of what apt-get says that are shown

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Programs:
    """The server, and Erlang's register of nodes, which it needs."""

    server: Path
    epmd: Path


def find_programs() -> Programs | None:
    """Return the programs, or None where the server is not installed. Raises CliError when only a part is there."""
    folder = _folder()
    if folder is None:
        return None
    epmd = shutil.which("epmd")
    if epmd is None:
        raise CliError(
            f"can't find epmd; RabbitMQ is in {folder}, but Erlang's programs are not on PATH; put them there"
        )
    return Programs(folder / "rabbitmq-server", Path(epmd))


def need_programs(say: Say) -> Programs:
    """Return the programs, installed if need be and possible; `say` is told before that is tried.

    Raises CliError with the remedy.
    """
    with _alone():
        found = find_programs()
        if found is None:
            _install(say)
            found = find_programs()
    if found is None:
        raise CliError(f"can't find rabbitmq-server; its package is installed, but not in {PACKAGED}; put it on PATH")
    return found


@contextmanager
def _alone() -> Iterator[None]:
    """Wait while another run installs; only root can, and only where there is such a folder."""
    if os.geteuid() != 0 or not LOCK.parent.is_dir():
        yield
        return
    with LOCK.open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _folder() -> Path | None:
    if (PACKAGED / "rabbitmq-server").is_file():
        return PACKAGED
    found = shutil.which("rabbitmq-server")
    return Path(found).resolve().parent if found else None


def _install(say: Say) -> None:
    """Install Debian's package. Raises CliError with the remedy where that is not ours to do, or fails."""
    if shutil.which("apt-get") is None or os.geteuid() != 0:
        raise CliError(f"can't find rabbitmq-server; it is not on PATH; {_REMEDY}")
    if os.environ.get("ASYA_NO_APT") == "1":
        raise CliError(f"can't find rabbitmq-server; it is not on PATH, and ASYA_NO_APT=1 forbids asya that; {_REMEDY}")
    say("rabbitmq-server is not on PATH: installing Debian's package rabbitmq-server (ASYA_NO_APT=1 declines)")
    # RUNLEVEL=1 keeps the package from starting a server of its own.
    environ = os.environ | {"DEBIAN_FRONTEND": "noninteractive", "RUNLEVEL": "1"}
    for command in (_UPDATE, _INSTALL):
        done = subprocess.run(command, env=environ, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            words = (done.stdout + done.stderr)[-_WORDS_OF_FAILURE:]
            raise CliError(f"can't install rabbitmq-server; `{' '.join(command)}` failed; {_REMEDY}", detail=words)
