"""One script writes the version wherever it stands."""

from __future__ import annotations

import shutil
import subprocess

import pytest

from tools import versions
from tools.outputs import ROOT


@pytest.fixture
def copy(tmp_path):
    shutil.copytree(ROOT / "charts", tmp_path / "charts", symlinks=True)
    for name in ("docs", "examples/argocd"):
        shutil.copytree(ROOT / name, tmp_path / name)
    for name in ("pyproject.toml", "README.md"):
        shutil.copy(ROOT / name, tmp_path)
    return tmp_path


def test_everything_has_one_version():
    assert versions.strange(ROOT, versions.version()) == []
    assert versions.main([]) == 0


def test_a_new_version_stands_everywhere_and_nothing_else_changed(copy):
    assert versions.main(["9.8.7-rc.1"], copy) == 0

    assert versions.version(copy) == "9.8.7-rc.1"
    assert versions.strange(copy, "9.8.7-rc.1") == []
    for name in ("README.md", "docs/install/kind.md", "examples/argocd/actor.yaml", "charts/actor/values.yaml"):
        assert "9.8.7-rc.1" in (copy / name).read_text()
        assert (copy / name).read_text().replace("9.8.7-rc.1", versions.version()) == (ROOT / name).read_text()
    kube = [path.read_text().count('kubeVersion: ">=1.25.0-0"') for path in (copy / "charts").glob("*/Chart.yaml")]
    assert kube == [1] * len(kube)


def test_helm_takes_the_lock_files_that_it_wrote(copy, need):
    helm = need("helm")
    versions.main(["9.8.7"], copy)
    for chart in ("crew", "pipeline"):
        command = [helm, "dependency", "build", copy / "charts" / chart]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr


def test_a_place_that_differs_is_named(copy, capsys):
    chart = copy / "charts" / "crew" / "Chart.yaml"
    chart.write_text(chart.read_text().replace("appVersion: ", "appVersion: 7.7.7+"))

    assert versions.main([], copy) == 1
    assert "charts/crew/Chart.yaml: 7.7.7+" in capsys.readouterr().err


def test_what_is_no_version_is_refused(copy, capsys):
    before = (copy / "pyproject.toml").read_text()

    assert versions.main(["v1"], copy) == 1
    assert "no semantic version" in capsys.readouterr().err
    assert (copy / "pyproject.toml").read_text() == before
