"""What a user gets who installs the distribution instead of working in this repository."""

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
import yaml

from tools import prepare

PACKAGES = {"asya_core", "asya_sidecar", "asya_crew", "asya_cli"}


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    """Build the wheel as `make build` does, elsewhere."""
    folder = tmp_path_factory.mktemp("dist")
    command = [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", folder]
    subprocess.run(command, cwd=prepare.ROOT, check=True, capture_output=True)
    return next(folder.glob("*.whl"))


@pytest.fixture(scope="module")
def names(wheel):
    with zipfile.ZipFile(wheel) as archive:
        return archive.namelist()


@pytest.fixture(scope="module")
def installed(wheel, tmp_path_factory):
    """Install the wheel with the commands' pins into an environment of its own and return its folder of programs."""
    folder = tmp_path_factory.mktemp("user") / "venv"
    env = prepare.ask_pip({key: value for key, value in os.environ.items() if not key.startswith("ASYA_")})
    uv, python = prepare.BOOTSTRAP / "bin" / "uv", folder / "bin" / "python"
    prepare.run(uv, "venv", "--quiet", "--python", sys.executable, folder, env=env)
    target = ("--quiet", "--python", python)
    pins = prepare.ROOT / "requirements" / "cli.txt"
    prepare.run(uv, "pip", "sync", *target, "--require-hashes", "--no-build", pins, env=env)
    prepare.run(uv, "pip", "install", *target, "--no-deps", "--offline", wheel, env=env)
    return python.parent


def beside(names, package):
    return {Path(name).parts[0] for name in names if Path(name).parts[0].startswith(package)}


def test_the_wheel_holds_our_packages_and_no_test(names):
    assert {each for each in beside(names, "asya") if not each.endswith(".dist-info")} == PACKAGES
    assert not [name for name in names if "__pycache__" in name or Path(name).name.startswith(("test_", "conftest"))]


@pytest.mark.parametrize("source", ["charts", "flavors", "values"])
def test_the_wheel_holds_every_file_of_the_charts_flavors_and_values(names, source):
    tracked = subprocess.run(["git", "ls-files", source], cwd=prepare.ROOT, capture_output=True, text=True, check=True)
    files = [name for name in tracked.stdout.splitlines() if not (prepare.ROOT / name).is_symlink()]
    assert files
    assert {f"asya_cli/bundle/{name}" for name in files} <= set(names)


def test_the_wheel_holds_the_runtime(names):
    runtime = prepare.ROOT / "images" / "runtime"
    modules = [path.relative_to(runtime).as_posix() for path in runtime.glob("asya_runtime/**/*.py")]
    assert "asya_runtime/__main__.py" in modules
    assert {f"asya_cli/bundle/runtime/{module}" for module in modules} <= set(names)


def test_the_command_runs_a_handler_where_the_repository_is_not(installed, tmp_path):
    (tmp_path / "text.py").write_text("def process(payload):\n    return {'length': len(payload['text'])}\n")
    command = [installed / "asya", "run", "text.process", '{"text": "four"}']
    env = {"PATH": os.environ["PATH"], "HOME": str(tmp_path)}
    done = subprocess.run(command, cwd=tmp_path, env=env, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stderr
    assert yaml.safe_load(done.stdout) == {"length": 4}


@pytest.mark.parametrize(
    ("chart", "arguments"), [("actor", []), ("crew", []), ("pipeline", ["--set", "actors.one.enabled=true"])]
)
def test_an_installed_chart_renders(installed, need, tmp_path, chart, arguments):
    script = "from asya_cli.assets import find_assets; import sys; print(find_assets().chart(sys.argv[1]))"
    ask = [installed / "python", "-c", script, chart]
    folder = subprocess.run(ask, cwd=tmp_path, capture_output=True, text=True, check=True).stdout.strip()
    assert Path(folder).is_relative_to(installed.parent)
    render = [need("helm"), "template", "my-model", folder, *arguments]
    done = subprocess.run(render, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "Deployment" in {each["kind"] for each in yaml.safe_load_all(done.stdout) if each}
