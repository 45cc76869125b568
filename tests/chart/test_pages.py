"""The pages about the charts show commands that Helm takes, with the files that they show."""

from __future__ import annotations

import re
import shlex

import pytest
import yaml

from tests.chart.rendering import KUBE_VERSION, ROOT, Rendered

PAGES = (
    "README.md",
    "charts/actor/README.md",
    "charts/crew/README.md",
    "charts/pipeline/README.md",
    "docs/flavors.md",
    "flavors/README.md",
    "values/README.md",
)
_FILE = re.compile(r"^```yaml\n# (\S+\.yaml)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_CONSOLE = re.compile(r"^```console\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_HELM = re.compile(r"^\s*helm ", re.MULTILINE)


def shown(page: str) -> list[str]:
    """Every Helm command of a page, continued lines joined."""
    blocks = _CONSOLE.findall((ROOT / page).read_text(encoding="utf-8"))
    lines = [line for block in blocks for line in block.replace("\\\n", " ").splitlines()]
    return [line for line in lines if line.startswith("helm ")]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A folder like the repository's root, with every file that a page shows."""
    folder = tmp_path_factory.mktemp("reader")
    for name in ("charts", "flavors", "values"):
        (folder / name).symlink_to(ROOT / name)
    for page in PAGES:
        for name, content in _FILE.findall((ROOT / page).read_text(encoding="utf-8")):
            assert not (folder / name).exists(), f"two pages show a file {name}"
            (folder / name).write_text(content, encoding="utf-8")
    return folder


@pytest.mark.parametrize("page", PAGES)
def test_no_helm_command_stands_where_it_is_not_tried(page):
    text = (ROOT / page).read_text(encoding="utf-8")

    assert len(shown(page)) == len(_HELM.findall(text)) > 0


@pytest.mark.parametrize("command", [command for page in PAGES for command in shown(page)])
def test_commands_of_the_pages_render_with_images_that_a_node_can_pull(helm, folder, command):
    _, verb, *arguments = shlex.split(command)
    assert verb in ("install", "upgrade")
    done = helm.run("template", *arguments, "--kube-version", KUBE_VERSION, cwd=folder)
    assert done.returncode == 0, done.stderr

    rendered = Rendered([each for each in yaml.safe_load_all(done.stdout) if each])
    pods = [each["spec"]["template"]["spec"] for kind in ("Deployment", "Job") for each in rendered.all(kind)]
    images = {container["image"] for pod in pods for container in pod["containers"]}
    assert [image for image in images if not image.startswith("registry.example.com/")] == []
