"""Build the linters that are written in Go, each at the version that its `tools/go/<name>/go.mod` pins."""

import os
import shutil
import subprocess
from pathlib import Path

from tools import prepare

SOURCES = prepare.ROOT / "tools" / "go"
BINARIES = prepare.CACHE / "go-tools"
PACKAGES = {
    "ct": "github.com/helm/chart-testing/v3/ct",
    "helm4": "helm.sh/helm/v4/cmd/helm",
    "kubeconform": "github.com/yannh/kubeconform/cmd/kubeconform",
}


class UnavailableError(Exception):
    """A tool can't be had on this machine; the message says why and what to do."""


def environment() -> dict[str, str]:
    """Return what Go is run with: its caches under ours, and no toolchain that it fetches by itself."""
    caches = {"GOMODCACHE": str(prepare.CACHE / "go" / "mod"), "GOCACHE": str(prepare.CACHE / "go" / "build")}
    return {**os.environ, **caches, "GOTOOLCHAIN": "local", "GOFLAGS": "-modcacherw -mod=readonly", "GOWORK": "off"}


def build(name: str) -> Path:
    """Return the tool's path; build it first if its pins changed since the last time.

    Raises:
        UnavailableError: Go is missing, too old, or could not fetch or build the module.
    """
    folder = SOURCES / name
    home, binary = BINARIES / name, BINARIES / name / name
    wanted = prepare.fingerprint([folder / "go.mod", folder / "go.sum"], python="")
    if prepare.is_ready(home, wanted):
        return binary
    go = shutil.which("go")
    if go is None:
        raise UnavailableError(f"{name} is built with Go, and Go is not on PATH; remedy: install Go 1.26 or newer")
    print(f"preparing: {name}", flush=True)
    home.mkdir(parents=True, exist_ok=True)
    with prepare.building(home, wanted):
        command = [go, "build", "-trimpath", "-ldflags=-s -w", "-o", str(binary), PACKAGES[name]]
        result = subprocess.run(command, cwd=folder, env=environment(), capture_output=True, text=True, check=False)
        if result.returncode != 0:
            last = (result.stderr.strip().splitlines() or ["no reason was given"])[-1]
            raise UnavailableError(f"{name} could not be built ({last}); remedy: Go 1.26 or newer and its module proxy")
    return binary
