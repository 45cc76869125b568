"""Images without a registry: built by buildah, carried into containerd as files."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.cluster.place import Place

PAUSE = "localhost/pause:1"
_PAUSE_SOURCE = Path(__file__).with_name("pause.c")
_CERTIFICATES = Path("/etc/ssl/certs/ca-certificates.crt")


@dataclass(frozen=True, slots=True)
class Single:
    """An image that holds one static program and nothing else."""

    name: str
    program: Path
    inside: str
    user: int


def buildah(*arguments: str | Path) -> str:
    """Run buildah, as root in this machine's own namespaces, and return what it says. Raises CalledProcessError."""
    env = {**os.environ, "BUILDAH_ISOLATION": "chroot", "STORAGE_DRIVER": "overlay"}
    command = ["buildah", *map(str, arguments)]
    return subprocess.run(command, env=env, check=True, stdout=subprocess.PIPE, text=True).stdout.strip()


def build_single(image: Single) -> None:
    """Build it from nothing."""
    container = buildah("from", "scratch")
    buildah("copy", "--quiet", container, image.program, image.inside)
    buildah("copy", "--quiet", container, _CERTIFICATES, _CERTIFICATES)
    entry = f'["{image.inside}"]'
    buildah("config", "--user", str(image.user), "--entrypoint", entry, container)
    buildah("commit", "--quiet", "--rm", container, image.name)


def build_pause(place: Place) -> None:
    """Build the image that holds each pod's namespaces."""
    program = place.folder / "images" / "pause"
    subprocess.run(["gcc", "-Os", "-static", "-s", "-o", program, _PAUSE_SOURCE], check=True)
    build_single(Single(PAUSE, program, "/pause", 65535))


def carry(place: Place, names: Iterable[str]) -> None:
    """Bring images from buildah's store into containerd's; an image that is there is replaced."""
    for name in names:
        file = place.folder / "images" / f"{name.replace('/', '-').replace(':', '-')}.tar"
        file.unlink(missing_ok=True)
        buildah("push", "--quiet", name, f"docker-archive:{file}:{name}")
        subprocess.run(_ctr(place, "images", "import", str(file)), check=True, stdout=subprocess.DEVNULL)
        file.unlink()


def _ctr(place: Place, *arguments: str) -> Sequence[str]:
    return ["ctr", "--address", str(place.folder / "run" / "containerd.sock"), "--namespace", "k8s.io", *arguments]
