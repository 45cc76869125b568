"""Our own images, built as anybody builds them, but on a base from Debian's packages and wheels from a folder."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

from tests.cluster.images import buildah, carry
from tests.cluster.place import Place
from tools import images, prepare, versions

BASE = "localhost/python:1"
REGISTRY = "localhost"
USERS = f"{REGISTRY}/text-processor:1"
"""A user's image: it knows nothing of Asya."""

_SUITE = "bookworm"
_INCLUDED = "python3,python3-venv,ca-certificates"
_WHEELS = ("build", "sidecar", "nats", "rabbitmq", "sqs", "crew")
_PIP = "[global]\nno-index = true\nfind-links = /wheels\ndisable-pip-version-check = true\n"
_HANDLERS = Path(__file__).with_name("handlers")


def build_base(place: Place) -> None:
    """Make a base image with Python out of Debian's packages; takes about a minute."""
    root = place.folder / "base"
    include = ("--variant=minbase", f"--include={_INCLUDED}")
    subprocess.run(["debootstrap", *include, _SUITE, root, *_mirror()], check=True, stdout=subprocess.DEVNULL)
    container = buildah("from", "scratch")
    buildah("copy", "--quiet", container, root, "/")
    buildah("commit", "--quiet", "--rm", container, BASE)
    subprocess.run(["rm", "-rf", str(root)], check=True)


def build_products(place: Place) -> None:
    """Build sidecar, runtime, crew and a user's image, and carry them into the cluster."""
    wheels, pip = _wheels(), place.folder / "pip.conf"
    pip.write_text(_PIP, encoding="utf-8")
    mounts = ("--volume", f"{wheels}:/wheels:ro", "--volume", f"{pip}:/etc/pip.conf:ro")
    version = versions.version()
    settings = {"REGISTRY": REGISTRY, "BASE_IMAGE": BASE}
    for command in images.commands(("build", "--quiet", "--layers", *mounts), version, settings):
        buildah(*command)
    _build_users()
    carry(place, [*(images.tag(each, version, settings) for each in images.IMAGES), USERS])


def _build_users() -> None:
    container = buildah("from", BASE)
    buildah("copy", "--quiet", container, _HANDLERS / "text_processor.py", "/app/text_processor.py")
    buildah("config", "--workingdir", "/app", container)
    buildah("commit", "--quiet", "--rm", container, USERS)


def _wheels() -> Path:
    """Download what the images install, with every hash checked."""
    folder = prepare.CACHE / "wheels"
    pip = [str(prepare.BOOTSTRAP / "bin" / "python"), "-m", "pip", "download", "--quiet", "--dest", str(folder)]
    for each in _WHEELS:
        file = prepare.ROOT / "requirements" / f"{each}.txt"
        subprocess.run([*pip, "--require-hashes", "--only-binary=:all:", "--requirement", str(file)], check=True)
    return folder


def _mirror() -> list[str]:
    """Return where this machine gets Debian's own packages from; nothing where that can't be told."""
    told = subprocess.run(["apt-cache", "policy", "base-files"], capture_output=True, text=True, check=True).stdout
    found = re.search(r"^ +\d+ (https?://\S+)", told, re.MULTILINE)
    return [found[1]] if found else []
