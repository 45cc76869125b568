"""Where the cluster is: its folder, its network namespace, its addresses."""

from __future__ import annotations

import ctypes
import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tools.prepare import CACHE

NAME = "asya-cluster"
BRIDGE = "asya0"
NODE = "10.244.0.1"
"""The node's address: the bridge's own, so that API server, pods and brokers see each other without a route."""

PODS, SERVICES, API_SERVICE = "10.244.0.0/24", "10.96.0.0/16", "10.96.0.1"
API_PORT = 6443

_NETNS = Path("/var/run/netns") / NAME
_CLONE_NEWNET = 0x40000000


@dataclass(frozen=True, slots=True)
class Place:
    """The folder of a cluster. There is one cluster on a machine, for its network namespace has one name."""

    folder: Path = CACHE / "cluster"

    def __post_init__(self) -> None:
        for each in ("pki", "log", "pid", "run", "kubeconfig", "images"):
            (self.folder / each).mkdir(parents=True, exist_ok=True)

    @property
    def kubeconfig(self) -> Path:
        """The administrator's way in, from inside the namespace."""
        return self.folder / "kubeconfig" / "admin"


def inside(*command: str | Path) -> list[str]:
    """Return a command that runs another in the network namespace, and in nothing else of its own."""
    return ["nsenter", f"--net={_NETNS}", *map(str, command)]


def make_namespace() -> None:
    """Make the namespace with its bridge; what is there stays."""
    if not _NETNS.exists():
        _run("ip", "netns", "add", NAME)
    if subprocess.run(inside("ip", "link", "show", BRIDGE), capture_output=True, check=False).returncode:
        _run(*inside("ip", "link", "set", "lo", "up"))
        _run(*inside("ip", "link", "add", BRIDGE, "type", "bridge"))
        _run(*inside("ip", "address", "add", f"{NODE}/24", "dev", BRIDGE))
        _run(*inside("ip", "link", "set", BRIDGE, "up"))
        _run(*inside("ip", "route", "add", "default", "via", NODE, "dev", BRIDGE))
    _run(*inside("sysctl", "-qw", "net.ipv4.ip_forward=1"))


def remove_namespace() -> None:
    """Take the namespace away, and with it the bridge and all rules in it."""
    if _NETNS.exists():
        _run("ip", "netns", "delete", NAME)


@contextmanager
def entered() -> Iterator[None]:
    """Have this thread open its sockets in the namespace for the length of a block."""
    with Path("/proc/self/ns/net").open("rb") as own, _NETNS.open("rb") as theirs:
        _enter(theirs.fileno())
        try:
            yield
        finally:
            _enter(own.fileno())


def _enter(descriptor: int) -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.setns(descriptor, _CLONE_NEWNET):
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))


def _run(*command: str) -> None:
    subprocess.run(command, check=True, capture_output=True)
