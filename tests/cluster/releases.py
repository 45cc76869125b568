"""Helm releases in the namespace of a test."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from tests.cluster.given import Given

_WITHIN = ("--timeout", "3m")


class Releases:
    """Releases of our packages; `options` are what all of them share, as options of Helm."""

    def __init__(
        self, cluster: Given, namespace: str, charts: Mapping[str, Path], options: Sequence[str | Path]
    ) -> None:
        self._cluster = cluster
        self._namespace = namespace
        self._charts = charts
        self._options = options
        self._given: dict[str, list[str | Path]] = {}

    def install(self, release: str, chart: str, values: Path) -> None:
        """Install a chart with a values file of its own."""
        self._given[release] = [self._charts[chart], *self._options, "-f", values]
        self._helm("install", release, *self._given[release], *_WITHIN)

    def upgrade(self, release: str, *more: str) -> None:
        """Upgrade with what it was installed with, and something more."""
        self._helm("upgrade", release, *self._given[release], *more, *_WITHIN)

    def test(self, release: str) -> str:
        """Run its tests, and return what Helm says."""
        return self._helm("test", release)

    def wait_ready(self, actor: str) -> str:
        """Wait until an actor's pods are ready, and return the name of the first."""
        kubectl = self._cluster.kubectl
        kubectl("--namespace", self._namespace, "rollout", "status", f"deployment/{actor}", "--timeout=120s")
        return str(self.pods(actor)[0]["metadata"]["name"])

    def pods(self, actor: str) -> list[dict[str, Any]]:
        """Return an actor's pods that are not about to go."""
        return self._cluster.pods(self._namespace, actor)

    def run(self, pod: str, *command: str) -> str:
        """Run a program in a handler's container, and return what it prints."""
        inside = ("exec", pod, "--container", "asya-runtime", "--", *command)
        return self._cluster.kubectl("--namespace", self._namespace, *inside)

    def uninstall(self, release: str) -> None:
        """Uninstall, and wait for the end of its pods."""
        self._helm("uninstall", release, "--ignore-not-found", "--wait")

    def uninstall_all(self) -> None:
        """The same with everything that was installed."""
        for release in self._given:
            self.uninstall(release)

    def _helm(self, *arguments: str | Path) -> str:
        return self._cluster.helm(*arguments, "--namespace", self._namespace)
