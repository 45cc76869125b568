import re
import subprocess

import pytest
import yaml

from tools import prepare

WORKFLOWS = sorted((prepare.ROOT / ".github" / "workflows").glob("*.yaml"))
PROMISED = {
    "help",
    "demo",
    "test",
    "lint",
    "fmt",
    "build",
    "test-unit",
    "test-integration",
    "test-e2e",
    "test-runtime",
}
PROMISED |= {"lock", "generate", "verify", "chaos", "drain", "clean", "fuzz", "bench", "package", "test-helm4"}
PROMISED |= {"cluster-up", "cluster-down", "test-cluster"}


def test_help_lists_every_target_with_its_comment():
    makefile = (prepare.ROOT / "Makefile").read_text()
    shown = subprocess.run(["make", "help"], cwd=prepare.ROOT, capture_output=True, text=True, check=True).stdout
    targets = {line.split()[0] for line in shown.splitlines()}
    assert targets == set(re.findall(r"^\.PHONY: (\S+)$", makefile, re.MULTILINE))
    assert targets == PROMISED


def test_lint_runs_every_step_and_sums_up_which_failed(tmp_path):
    programs = tmp_path / "bin"
    programs.mkdir()
    for name in ("ruff", "mypy", "yamllint", "python"):
        (programs / name).write_text(f"#!/bin/sh\nexit {int(name in ('ruff', 'yamllint'))}\n")
        (programs / name).chmod(0o755)
    (tmp_path / ".ready").touch()
    done = subprocess.run(
        ["make", "lint", f"VENV={tmp_path}"], cwd=prepare.ROOT, capture_output=True, text=True, check=False
    )
    ran, failed = done.stdout.split("error: these steps of make lint failed:\n")

    assert done.returncode != 0
    assert ran.splitlines()[-1] == f"{programs}/python -m tools.generate --check"
    assert [line.split()[:2] for line in failed.splitlines() if line.startswith("  ")] == [
        *([f"{programs}/ruff", step] for step in ("check", "format")),
        [f"{programs}/yamllint", "--strict"],
    ]


@pytest.mark.parametrize("file", WORKFLOWS, ids=lambda file: file.stem)
def test_workflows_pin_their_actions_and_ask_for_no_right_to_write(file):
    workflow = yaml.safe_load(file.read_text())
    assert workflow["permissions"] == {}
    for job in workflow["jobs"].values():
        assert set(job["permissions"].values()) <= {"read"}
        for step in job["steps"]:
            assert re.fullmatch(r"[\w-]+/[\w-]+@[0-9a-f]{40}|", step.get("uses", ""))
            assert step.get("run", "make").startswith("make")
