"""Build programs that are written in Go, each at the version that its `tools/go/<name>/go.mod` pins."""

import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

from tools import prepare

SOURCES = prepare.ROOT / "tools" / "go"
BINARIES = prepare.CACHE / "go-tools"
_KUBERNETES = ("kube-apiserver", "kube-controller-manager", "kube-scheduler", "kubelet", "kube-proxy", "kubectl")
PACKAGES = {
    "coredns": ("github.com/coredns/coredns",),
    "ct": ("github.com/helm/chart-testing/v3/ct",),
    "helm4": ("helm.sh/helm/v4/cmd/helm",),
    "keda": tuple(f"github.com/kedacore/keda/v2/cmd/{each}" for each in ("operator", "adapter", "webhooks")),
    "kubeconform": ("github.com/yannh/kubeconform/cmd/kubeconform",),
    "kubernetes": tuple(f"k8s.io/kubernetes/cmd/{each}" for each in _KUBERNETES),
}
"""What is built of each module; one package alone is called like its key, several by their own last names."""

_STEPS = 10
_VERSION = re.compile(r"^(?:require )?\s*k8s\.io/kubernetes v(\d+)\.(\d+)\.(\S+)", re.MULTILINE)


class UnavailableError(Exception):
    """A tool can't be had on this machine; the message says why and what to do."""


def environment() -> dict[str, str]:
    """Return what Go is run with: its caches under ours, and no toolchain that it fetches by itself."""
    caches = {"GOMODCACHE": str(prepare.CACHE / "go" / "mod"), "GOCACHE": str(prepare.CACHE / "go" / "build")}
    ours = {"GOTOOLCHAIN": "local", "GOFLAGS": "-modcacherw -mod=readonly", "GOWORK": "off"}
    # Programs of one file each: some run in images that hold nothing else.
    return {**os.environ, **caches, **ours, "CGO_ENABLED": "0"}


def build(name: str) -> Path:
    """Return the path of a single program, or of the folder of several; build them if their pins, or how, have changed.

    Raises:
        UnavailableError: Go is missing, too old, or could not fetch or build the module.
    """
    folder = SOURCES / name
    home, packages = BINARIES / name, PACKAGES[name]
    target = home / name if len(packages) == 1 else home
    wanted = prepare.fingerprint([folder / "go.mod", folder / "go.sum", Path(__file__)], python="")
    if prepare.is_ready(home, wanted):
        return target
    go = shutil.which("go")
    if go is None:
        raise UnavailableError(f"{name} is built with Go, and Go is not on PATH; remedy: install Go 1.26 or newer")
    print(f"preparing: {name}", flush=True)
    home.mkdir(parents=True, exist_ok=True)
    with prepare.building(home, wanted):
        _compile(go, name, folder, target)
    return target


def module_folder(name: str, module: str) -> Path:
    """Return where the source of one of a program's modules lies. Raises UnavailableError as `build`."""
    command = [shutil.which("go") or "go", "list", "-m", "-f", "{{.Dir}}", module]
    return Path(_run(name, command, SOURCES / name).strip())


def _compile(go: str, name: str, folder: Path, target: Path) -> None:
    """Compile, and tell of each tenth of the packages, for the largest programs take minutes."""
    total = len(_run(name, [go, "list", "-deps", *PACKAGES[name]], folder).splitlines())
    flags = " ".join(["-ldflags=-s -w", *version_flags(name, folder)])
    command = [go, "build", "-v", "-trimpath", flags, "-o", str(target), *PACKAGES[name]]
    done, told, last = 0, 0, ""
    with subprocess.Popen(command, cwd=folder, env=environment(), stderr=subprocess.PIPE, text=True) as process:
        for line in process.stderr or ():
            done, last = done + 1, line.strip() or last
            if done * _STEPS // total > told:
                told = done * _STEPS // total
                print(f"preparing: {name}, {min(done, total)} of at most {total} packages", flush=True)
    if process.returncode != 0:
        raise _unavailable(name, last)


def version_flags(name: str, folder: Path) -> Iterator[str]:
    """Yield what tells Kubernetes' programs their version, which charts ask for; others know theirs, or need none."""
    if name == "kubernetes" and (found := _VERSION.search((folder / "go.mod").read_text(encoding="utf-8"))):
        major, minor, patch = found.groups()
        values = {"gitVersion": f"v{major}.{minor}.{patch}", "gitMajor": major, "gitMinor": minor}
        yield from (f"-X k8s.io/component-base/version.{key}={value}" for key, value in values.items())


def _run(name: str, command: list[str], folder: Path) -> str:
    result = subprocess.run(command, cwd=folder, env=environment(), capture_output=True, text=True, check=False)
    if result.returncode != 0:
        raise _unavailable(name, (result.stderr.strip().splitlines() or [""])[-1])
    return result.stdout


def _unavailable(name: str, last: str) -> UnavailableError:
    why = last or "no reason was given"
    return UnavailableError(f"{name} could not be built ({why}); remedy: Go 1.26 or newer and its module proxy")
