"""The cluster that the tests are given, ours or any other, and the brokers that its pods can reach."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tools.needs import Need, find

KUBECONFIG = "ASYA_TEST_KUBECONFIG"
"""Variable with the kubeconfig of the cluster; `make test-cluster` sets it for ours."""

ROOT = Path(__file__).resolve().parents[2]


class Given:
    """The cluster by its kubeconfig."""

    def __init__(self, kubeconfig: str, helm: Path, kubectl: Path) -> None:
        self._kubectl = [str(kubectl), "--kubeconfig", kubeconfig]
        self._helm = [str(helm), "--kubeconfig", kubeconfig]

    @classmethod
    def find(cls, need: Need) -> Given:
        """Return it, or skip where no cluster is given."""
        kubeconfig, kubectl = os.environ.get(KUBECONFIG), find("kubectl")
        if not kubeconfig or kubectl is None:
            need.missing("no cluster is given", remedy="run `make test-cluster`, or give one in ASYA_TEST_KUBECONFIG")
        return cls(kubeconfig, need("helm"), kubectl)

    def kubectl(self, *arguments: str, stdin: str | None = None) -> str:
        """Ask, and return the answer. Raises CalledProcessError, whose words are in its output."""
        return _run([*self._kubectl, *arguments], stdin)

    def helm(self, *arguments: str | Path) -> str:
        """The same of Helm."""
        return _run([*self._helm, *map(str, arguments)], None)

    def get(self, namespace: str, *what: str) -> dict[str, Any]:
        """Return an object, or a list of them."""
        found: dict[str, Any] = json.loads(self.kubectl("--namespace", namespace, "get", *what, "--output", "json"))
        return found

    def apply(self, *manifests: dict[str, Any]) -> None:
        """Apply objects, server-side."""
        text = json.dumps({"apiVersion": "v1", "kind": "List", "items": list(manifests)})
        self.kubectl("apply", "--server-side", "--filename", "-", stdin=text)

    def remove_namespace(self, name: str) -> None:
        """Remove a namespace and wait until it is gone."""
        self.kubectl("delete", "namespace", name, "--ignore-not-found", "--timeout=120s")

    def pods(self, namespace: str, actor: str) -> list[dict[str, Any]]:
        """Return an actor's pods that are not about to go."""
        found = self.get(namespace, "pods", "--selector", f"asya.sh/actor={actor}")["items"]
        return [each for each in found if "deletionTimestamp" not in each["metadata"]]


def _run(command: Sequence[str], stdin: str | None) -> str:
    done = subprocess.run(command, input=stdin, capture_output=True, text=True, check=False, cwd=ROOT)
    assert done.returncode == 0, f"{' '.join(command[:8])} …\n{done.stdout}\n{done.stderr}"
    return done.stdout
