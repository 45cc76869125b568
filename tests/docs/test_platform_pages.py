"""Pages for platform engineers: what needs no cluster is run, what installs is dry-run, pins are the values' own."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from functools import partial
from http.server import SimpleHTTPRequestHandler
from pathlib import Path

import pytest
import yaml

from tests.chart.kube import DRY_RUN, kube_server, serving
from tests.docs.steps import Command, File, matches, read_steps
from tools.needs import find
from tools.package import main as package

ROOT = Path(__file__).resolve().parents[2]
PAGES = (
    "docs/quickstart/for-platform-engineers.md",
    "docs/install/helm.md",
    "docs/install/eks.md",
    "docs/install/kind.md",
    "docs/install/argocd.md",
    "docs/migrating.md",
)
ADDRESS = "https://charts.example.com/asya"
ELSEWHERE = ("kind", "docker", "for", "REGISTRY=registry.example.com/asya", "make")
"""What needs an engine of containers, or is tested as a target of make."""
OF_A_CLUSTER = ("test", "uninstall", "rollback", "list", "status", "get")
FIELDS = [
    "actor",
    "transport",
    "image",
    "handler",
    "imagePullPolicy",
    "pythonExecutable",
    "replicas",
    "env",
    "resources",
    "tolerations",
    "nodeSelector",
    "volumes",
    "volumeMounts",
    "flavor",
    "flavors",
    "secretRefs",
    "stateProxy",
    "scaling.enabled",
    "scaling.minReplicaCount",
    "scaling.maxReplicaCount",
    "scaling.minReplicas",
    "scaling.maxReplicas",
    "scaling.pollingInterval",
    "scaling.cooldownPeriod",
    "scaling.queueLength",
    "scaling.advanced",
    "scaling.additionalTriggers",
    "timeout.processing",
    "timeout.gracefulShutdown",
    "resiliency.actorTimeout",
    "resiliency.policies",
    "resiliency.rules",
    "resiliency.retry",
    "resiliency.nonRetryableErrors",
    "sidecar.image",
    "sidecar.imagePullPolicy",
    "sidecar.resources",
    "sidecar.env",
    "workload.kind",
    "workload.replicas",
    "workload.pythonExecutable",
    "workload.template.metadata",
    "workload.template.spec",
    "metadata.name",
    "metadata.namespace",
    "metadata.labels",
    "metadata.annotations",
    "status",
    "compositionRef",
]
"""Every field of an AsyncActor, of 2025 and of 2026."""


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture(scope="module")
def repository(need, tmp_path_factory):
    need("helm")
    folder = tmp_path_factory.mktemp("repository") / "charts"
    assert package(["--target", str(folder)]) == 0
    return folder


@pytest.fixture
def reader(repository, tmp_path):
    """A reader in a checkout: `run(line)` gives exit code and output, the chart repository being on this machine."""
    for name in ("charts", "flavors", "values", "examples"):
        (tmp_path / name).symlink_to(ROOT / name)
    with kube_server(tmp_path) as environment, serving(partial(_Quiet, directory=repository)) as address:
        path = f"{Path(sys.executable).parent}{os.pathsep}{environment['PATH']}"
        yield partial(_run, folder=tmp_path, environment={**environment, "PATH": path}, address=address)


def _run(line: str, *, folder: Path, environment: dict[str, str], address: str) -> tuple[int, str]:
    done = subprocess.run(
        ["sh", "-c", line.replace(ADDRESS, address)],
        cwd=folder,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    lines = [each for each in done.stdout.splitlines(keepends=True) if "found symbolic link" not in each]
    return done.returncode, "".join(lines)


def steps(page: str) -> list[File | Command]:
    return list(read_steps(re.sub(r" *\\\n\s*", " ", (ROOT / page).read_text(encoding="utf-8"))))


def try_out(command: Command, reader) -> None:
    words = shlex.split(command.line)
    if words[0] in ELSEWHERE:
        assert not command.shown, f"{command.line}: nothing shown can be held to it"
    elif words[0] == "kubectl":
        try_kubectl(words, reader)
    elif words[0] == "helm":
        try_helm(words, command, reader)
    else:
        assert words[0] == "asya", f"nobody tries {command.line}"
        held_to(command, command.line, reader)


def held_to(command: Command, line: str, reader) -> None:
    code, printed = reader(line)
    told = f"$ {command.line}\n{printed}\nended with {code}; the page shows:\n{command.shown}"
    assert (code != 0) == command.fails, told
    assert matches(command.shown, printed), told


def try_helm(words: list[str], command: Command, reader) -> None:
    if words[1] in OF_A_CLUSTER:
        return
    if words[1] in ("install", "upgrade"):
        chart = words[3]
        if chart.startswith(("asya/", "charts/")):
            arguments = [word for word in words[2:] if word != "--install"]
            code, printed = reader(shlex.join(["helm", "install", *arguments, *DRY_RUN]))
            assert code == 0, printed
        else:
            assert_pinned(words)
    elif words[1:3] == ["repo", "add"] and words[3] != "asya":
        assert any(f"helm repo add {words[3]} {words[4]}" in text for text in third_party().values())
    else:
        held_to(command, command.line, reader)


def try_kubectl(words: list[str], reader) -> None:
    """Make what is made, without a cluster; a file that is applied is one that is there."""
    if "create" in words and find("kubectl"):
        code, printed = reader(shlex.join([*words, "--dry-run=client", "-o", "yaml"]))
        assert code == 0, printed
        assert yaml.safe_load(printed)["metadata"]["name"]
    if "--filename" in words:
        assert (ROOT / words[words.index("--filename") + 1]).is_file()


def third_party() -> dict[str, str]:
    return {str(path.relative_to(ROOT)): path.read_text() for path in (ROOT / "values/third-party").glob("*.yaml")}


def assert_pinned(words: list[str]) -> None:
    """Someone else's chart is installed as the file of values says, at the same version."""
    file = words[words.index("-f") + 1]
    release, chart, version = words[2], words[3], words[words.index("--version") + 1]
    text = re.sub(r"\\\n#\s*", "", third_party()[file])

    assert f"helm install {release} {chart} --version {version} " in text


@pytest.mark.timeout(300)
@pytest.mark.parametrize("page", PAGES)
def test_a_page_does_what_it_says(page, reader, tmp_path):
    if "helm repo add asya" not in (ROOT / page).read_text():
        assert reader(f"helm repo add asya {ADDRESS}")[0] == 0
    for step in steps(page):
        if isinstance(step, File):
            (tmp_path / step.name).parent.mkdir(exist_ok=True)
            (tmp_path / step.name).write_text(step.content)
        else:
            try_out(step, reader)


@pytest.mark.parametrize("page", PAGES)
def test_links_of_a_page_lead_somewhere(page):
    text = (ROOT / page).read_text()
    for target in re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", text):
        assert target.startswith("https://") or ((ROOT / page).parent / target).exists(), target


def test_every_field_of_an_asyncactor_has_its_row():
    text = (ROOT / "docs/migrating.md").read_text()
    cells = " ".join(line.split("|")[1] for line in text.splitlines() if line.startswith("| "))

    assert [field for field in FIELDS if f"`{field}`" not in cells] == []
