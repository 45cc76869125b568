"""KEDA in the cluster: its three programs as images, and its own manifests."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

from tests.cluster.images import Single, build_single, carry
from tests.cluster.place import Place
from tools import go_tools

MODULE = "github.com/kedacore/keda/v2"
_PROGRAMS = {
    "operator": ("keda", "/keda"),
    "adapter": ("keda-metrics-apiserver", "/keda-adapter"),
    "webhooks": ("keda-admission-webhooks", "/keda-admission-webhooks"),
}
"""Our program's name; its image in the manifests, and the path that they call it by."""

_USER = 1000
_PATCH = f"""\
- op: replace
  path: /spec/template/spec/containers/0/imagePullPolicy
  value: Never
- op: replace
  path: /spec/template/spec/containers/0/readinessProbe/initialDelaySeconds
  value: 1
- op: add
  path: /spec/template/spec/securityContext/runAsUser
  value: {_USER}
"""
_READY = "180s"


def build_keda(programs: Path) -> None:
    """Build the images."""
    for program, (name, inside) in _PROGRAMS.items():
        build_single(Single(_image(name), programs / program, inside, _USER))


def install_keda(place: Place, kubectl: list[str]) -> None:
    """Install, and return once KEDA can read metrics. Raises CalledProcessError."""
    carry(place, (_image(name) for name, _ in _PROGRAMS.values()))
    manifests = _manifests(place, kubectl)
    apply = [*kubectl, "apply", "--server-side", "--filename", str(manifests)]
    # The first time, some objects come before their kinds are known.
    if subprocess.run(apply, capture_output=True, check=False).returncode:
        subprocess.run(apply, stdout=subprocess.DEVNULL, check=True)
    wait = ("rollout", "status", "deployment", "--namespace=keda", f"--timeout={_READY}")
    subprocess.run([*kubectl, *wait], stdout=subprocess.DEVNULL, check=True)
    api = ("wait", "--for=condition=Available", "apiservice/v1beta1.external.metrics.k8s.io", f"--timeout={_READY}")
    subprocess.run([*kubectl, *api], stdout=subprocess.DEVNULL, check=True)


def _image(name: str) -> str:
    return f"localhost/{name}:1"


def _manifests(place: Place, kubectl: list[str]) -> Path:
    """Return KEDA's manifests with our images in them."""
    folder = place.folder / "keda"
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(go_tools.module_folder("keda", MODULE) / "config", folder / "config")
    subprocess.run(["chmod", "-R", "u+w", str(folder)], check=True)
    (folder / "patch.yaml").write_text(_PATCH, encoding="utf-8")
    lines = [
        "resources:",
        "- config/default",
        "patches:",
        "- target:",
        "    kind: Deployment",
        "  path: patch.yaml",
        "images:",
    ]
    for name, _ in _PROGRAMS.values():
        lines += [f"- name: ghcr.io/kedacore/{name}", f"  newName: localhost/{name}", '  newTag: "1"']
    (folder / "kustomization.yaml").write_text("\n".join([*lines, ""]), encoding="utf-8")
    file = folder / "all.yaml"
    with file.open("wb") as output:
        subprocess.run([*kubectl, "kustomize", str(folder)], stdout=output, check=True)
    return file
