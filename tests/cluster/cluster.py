"""The whole cluster, up and down."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

from tests.cluster import control_plane, node
from tests.cluster.brokers import start_brokers
from tests.cluster.certificates import NODE_NAME, make_certificates
from tests.cluster.debian import need_packages
from tests.cluster.images import PAUSE, build_pause, buildah, carry
from tests.cluster.keda import build_keda, install_keda
from tests.cluster.place import Place, inside, make_namespace, remove_namespace
from tests.cluster.processes import Processes, wait_until
from tests.cluster.products import BASE, build_base, build_products
from tools import go_tools

_READY_SECONDS = 60.0

Say = Callable[[str], None]


class Cluster:
    """One node. Its binaries and images are kept between two times up; everything else goes with it."""

    def __init__(self, place: Place, say: Say) -> None:
        self.place = place
        self.processes = Processes(place)
        self._say = say

    @property
    def kubectl(self) -> list[str]:
        """The command by which to ask the cluster."""
        return inside(go_tools.build("kubernetes") / "kubectl", "--kubeconfig", self.place.kubeconfig)

    def up(self) -> None:
        """Bring everything up that is not. Raises MissingError, UnavailableError, TimeoutError, CalledProcessError."""
        need_packages(self._say)
        kubernetes, coredns, keda = (go_tools.build(name) for name in ("kubernetes", "coredns", "keda"))
        self._build_images(keda)
        make_namespace()
        make_certificates(self.place)
        self._say("starting the control plane")
        control_plane.start_control_plane(self.place, self.processes, kubernetes, coredns)
        self._say("starting the node")
        node.start_containerd(self.place, self.processes)
        carry(self.place, [PAUSE])
        node.start_node(self.place, self.processes, kubernetes, self.kubectl)
        wait_until(f"the node (its words: {self.processes.log('kubelet')})", self._is_ready, _READY_SECONDS)
        self._say("installing KEDA, starting brokers")
        install_keda(self.place, self.kubectl)
        start_brokers(self.place, self.processes, self.kubectl, self._say)
        self._say("building and loading our own images")
        build_products(self.place)

    def down(self) -> None:
        """End everything and take it away: processes, pods, mounts, control groups, the namespace, the folder."""
        self._say("stopping")
        # First those that make pods, or nothing would stay deleted.
        for name in ("controller-manager", "scheduler"):
            self.processes.stop(name)
        if self.processes.is_running("apiserver") and self.processes.is_running("kubelet"):
            delete = ("delete", "pods", "--all", "--all-namespaces", "--now", "--timeout=30s")
            subprocess.run([*self.kubectl, *delete], capture_output=True, check=False)
        # The API server before etcd, or it hangs.
        for name in ("kubelet", "kube-proxy", "containerd", "rabbitmq", "nats", "moto", "coredns", "apiserver", "etcd"):
            self.processes.stop(name)
        for pid in _shims(self.place.folder):
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        for mount in _mounts(self.place.folder):
            subprocess.run(["umount", "--lazy", mount], capture_output=True, check=False)
        remove_namespace()
        _remove_control_groups()
        shutil.rmtree(self.place.folder)

    def _build_images(self, keda: Path) -> None:
        """Build the images that stay from one time up to the next."""
        if not _has_image(BASE):
            self._say("building a base image from Debian's packages, about a minute")
            build_base(self.place)
        if not _has_image(PAUSE):
            self._say("building the images of KEDA")
            build_keda(keda)
            build_pause(self.place)

    def _is_ready(self) -> bool:
        what = ("get", "node", NODE_NAME, "--output", 'jsonpath={.status.conditions[?(@.type=="Ready")].status}')
        return subprocess.run([*self.kubectl, *what], capture_output=True, text=True, check=False).stdout == "True"


def _has_image(name: str) -> bool:
    return name in buildah("images", "--format", "{{.Name}}:{{.Tag}}").splitlines()


def _shims(folder: Path) -> Iterator[int]:
    """Yield the parents of containers that are left: those of our containerd alone."""
    for each in Path("/proc").iterdir():
        if each.name.isdecimal():
            with suppress(OSError):
                command = (each / "cmdline").read_bytes().split(b"\0")
                if command[0].endswith(b"containerd-shim-runc-v2") and bytes(folder / "run") in b" ".join(command):
                    yield int(each.name)


def _mounts(folder: Path) -> list[str]:
    """Return what is mounted below a folder, the innermost first."""
    places = [line.split()[1] for line in Path("/proc/mounts").read_text(encoding="utf-8").splitlines()]
    return sorted((place for place in places if place.startswith(f"{folder}/")), reverse=True)


def _remove_control_groups() -> None:
    for top in [*Path("/sys/fs/cgroup").glob("*/kubepods"), Path("/sys/fs/cgroup/kubepods")]:
        for folder, _, _ in os.walk(top, topdown=False):
            with suppress(OSError):
                Path(folder).rmdir()
