"""Build the container images with Docker or buildah, whichever is here.

BASE_IMAGE, where it is set, replaces the Dockerfiles' own base; REGISTRY is put before the images' names.
"""

import os
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator, Mapping

from tools import prepare

# In this order: the end actors' image is built on the runtime's.
IMAGES = ("sidecar", "runtime", "crew")
REMEDY = "start Docker's engine, or install buildah (on Debian: apt-get install buildah), and run `make build` again"


def builder() -> tuple[str, ...] | None:
    """Return the command that builds an image here, None when there is none that works."""
    if shutil.which("docker") and subprocess.run(["docker", "info"], capture_output=True, check=False).returncode == 0:
        return ("docker", "build")
    return ("buildah", "build") if shutil.which("buildah") else None


def tag(image: str, version: str, environment: Mapping[str, str]) -> str:
    """Return the name under which an image is built."""
    registry = environment.get("REGISTRY", "").rstrip("/")
    return f"{registry}/asya-{image}:{version}" if registry else f"asya-{image}:{version}"


def commands(build: tuple[str, ...], version: str, environment: Mapping[str, str]) -> Iterator[list[str]]:
    """Yield the command for each image that has a Dockerfile."""
    for image in IMAGES:
        file = prepare.ROOT / "images" / image / "Dockerfile"
        if not file.exists():
            continue
        base = tag("runtime", version, environment) if image == "crew" else environment.get("BASE_IMAGE")
        arguments = ["--build-arg", f"BASE_IMAGE={base}"] if base else []
        yield [*build, "--file", str(file), "--tag", tag(image, version, environment), *arguments, str(prepare.ROOT)]


def main() -> int:
    """Build every image and return the exit status of the first that fails."""
    build = builder()
    if build is None:
        print(f"not built here: the images, for neither Docker's engine nor buildah is here; remedy: {REMEDY}")
        return 0
    version = tomllib.loads((prepare.ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]
    for command in commands(build, version, os.environ):
        print(f"+ {' '.join(command)}", flush=True)
        status = subprocess.run(command, check=False).returncode
        if status != 0:
            print(
                f"error: {command[0]} ended with {status}, as said above; BASE_IMAGE can name another base image",
                file=sys.stderr,
            )
            return status
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
