"""Debian's packages that the cluster is made of."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

PACKAGES = {
    "etcd": "etcd-server",
    "containerd": "containerd",
    "ctr": "containerd",
    "runc": "runc",
    "/usr/lib/cni/bridge": "containernetworking-plugins",
    "buildah": "buildah",
    "debootstrap": "debootstrap",
    "iptables": "iptables",
    "conntrack": "conntrack",
    "ip": "iproute2",
    "nsenter": "util-linux",
    "openssl": "openssl",
    "gcc": "gcc",
    "/usr/include/unistd.h": "libc6-dev",
}
"""A program or file, and the package that brings it."""


class MissingError(Exception):
    """Something that the cluster needs is not here; the message says what to do."""


def need_packages(say: Callable[[str], None]) -> None:
    """Install what is missing. Raises MissingError where that can't be done."""
    missing = sorted({package for file, package in PACKAGES.items() if not shutil.which(file) and not _exists(file)})
    if not missing:
        return
    remedy = f"install them: apt-get install {' '.join(missing)}"
    if os.geteuid() != 0 or shutil.which("apt-get") is None:
        raise MissingError(f"the cluster needs root, and Debian's packages {', '.join(missing)}; {remedy}")
    say(f"installing Debian's packages {', '.join(missing)}")
    # RUNLEVEL=1 keeps the packages from starting servers of their own.
    env = {**os.environ, "DEBIAN_FRONTEND": "noninteractive", "RUNLEVEL": "1"}
    for command in (["update"], ["install", "--yes", "--no-install-recommends", *missing]):
        done = subprocess.run(["apt-get", *command], env=env, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise MissingError(f"apt-get {command[0]} failed:\n{(done.stdout + done.stderr)[-2000:]}\n{remedy}")


def _exists(file: str) -> bool:
    return file.startswith("/") and Path(file).exists()
