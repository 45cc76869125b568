"""Rendering this repository's charts, and finding one's way in what comes out."""

from __future__ import annotations

import itertools
import json
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parents[2]
KUBE_VERSION = "1.34.0"
HANDLER = {"image": "registry.example.com/text:1.0.0", "handler": "text_processor.process"}
RUNTIME, SIDECAR, JOB = "asya-runtime", "asya-sidecar", "queues"

LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

Object = dict[str, Any]


@dataclass(frozen=True)
class Rendered:
    """The objects of one release."""

    objects: list[Object]

    def all(self, kind: str) -> list[Object]:
        return [each for each in self.objects if each["kind"] == kind]

    def one(self, kind: str, name: str | None = None) -> Object:
        found = [each for each in self.all(kind) if name in (None, each["metadata"]["name"])]
        assert len(found) == 1, f"{len(found)} objects of kind {kind}: {[each['metadata']['name'] for each in found]}"
        return found[0]

    def pod(self, kind: str = "Deployment", name: str | None = None) -> Object:
        pod: Object = self.one(kind, name)["spec"]["template"]["spec"]
        return pod

    def container(self, name: str, of: str | None = None) -> Object:
        pod = self.pod("Job" if name == JOB else "Deployment", of)
        return next(each for each in pod["containers"] if each["name"] == name)

    def env(self, container: str, of: str | None = None) -> dict[str, Any]:
        """Variables of a container: a text, or where it comes from."""
        entries = self.container(container, of)["env"]
        names = [entry["name"] for entry in entries]
        assert len(set(names)) == len(names), f"a variable is there twice: {names}"
        return {entry["name"]: entry["value"] if "value" in entry else entry["valueFrom"] for entry in entries}

    def trigger(self, name: str | None = None) -> Object:
        trigger: Object = self.one("ScaledObject", name)["spec"]["triggers"][0]
        return trigger


@dataclass
class Helm:
    """`helm template` with values as a mapping."""

    program: Path
    folder: Path
    numbers: Iterator[int] = field(default_factory=itertools.count)
    texts: dict[tuple[str, ...], str] = field(default_factory=dict)

    def run(
        self, *arguments: str | Path, cwd: Path = ROOT, environment: Mapping[str, str] | None = None
    ) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [self.program, *arguments], cwd=cwd, env=environment, capture_output=True, text=True, check=False
        )

    def template(
        self,
        values: Mapping[str, Any] | None = None,
        *,
        chart: str | Path = "charts/actor",
        release: str = "my-model",
        files: Sequence[str | Path] = (),
        arguments: Sequence[str] = (),
    ) -> Rendered:
        """What Helm renders. Tests share most values, so files of the repository are rendered once for all of them."""
        key = (json.dumps(values), str(chart), release, *map(str, files), "", *arguments)
        text = self.texts.get(key) or self._text(values, chart, release, files, arguments)
        if isinstance(chart, str) and all(isinstance(file, str) for file in files):
            self.texts[key] = text
        return Rendered([each for each in yaml.load_all(text, Loader=LOADER) if each])

    def _text(self, values, chart, release, files, arguments) -> str:
        done = self._template(values, chart, release, files, arguments)
        assert done.returncode == 0, done.stderr
        strange = [line for line in done.stderr.splitlines() if "found symbolic link" not in line]
        assert not strange, f"Helm warns: {strange}"
        return done.stdout

    def refusal(
        self,
        values: Mapping[str, Any],
        *,
        chart: str | Path = "charts/actor",
        release: str = "my-model",
        arguments: Sequence[str] = (),
    ) -> str:
        """What Helm says when it does not render; fails where it does."""
        done = self._template(values, chart, release, (), arguments)
        assert done.returncode != 0, "Helm rendered what it should refuse"
        return done.stderr

    def _template(self, values, chart, release, files, arguments) -> subprocess.CompletedProcess[str]:
        given = [item for file in files for item in ("--values", file)]
        if values is not None:
            file = self.folder / f"{next(self.numbers)}.json"
            file.write_text(json.dumps(values))
            given += ["--values", file]
        options = ("--kube-version", KUBE_VERSION, "--namespace", "asya")
        return self.run("template", release, chart, *options, *given, *arguments)
