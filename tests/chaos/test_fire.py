import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from asya_cli.local.state import Folder
from tests.chaos.acts import DEEDS

ROOT = Path(__file__).resolve().parents[2]

pytestmark = [pytest.mark.needs("helm", "nats-server"), pytest.mark.timeout(400)]


def burn(folder, *options):
    """Run the chaos as `make chaos` does; return its exit code, its account and all that it said."""
    command = [sys.executable, "-m", "tests.chaos", "--transport", "nats", "--folder", str(folder), *options]
    done = subprocess.run(
        command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=380, check=False
    )
    assert Folder(folder / "run").wait_stopped(30)
    last = done.stdout.splitlines()[-1]
    assert last.startswith("{"), done.stdout
    return done.returncode, json.loads(last), done.stdout


def test_nothing_is_lost_when_everything_is_killed_and_frozen_at_random(tmp_path):
    settings = ["--seed", "1", "--messages", "500", "--kills", "12", "--seconds", "15", "--freeze", "3"]
    code, ledger, output = burn(tmp_path, *settings)
    assert (code, "12 deeds are done" in output) == (0, True), output
    assert all(re.search(rf"kill (\w\S*/)?{victim}, process", output) for victim in DEEDS), output
    assert ledger["sent"] == 500
    assert (ledger["lost"], ledger["queued"], ledger["duplicate_results"]) == (0, 0, 0)
    assert ledger["results"] + ledger["errors"] > 500
    assert ledger["errors"] > 50


def test_sidecars_that_settle_too_early_are_found_out(tmp_path):
    settings = ["--seed", "1", "--messages", "100", "--kills", "6", "--seconds", "4", "--victims", "sidecar"]
    code, ledger, output = burn(tmp_path, *settings, "--careless")
    assert code == 1, output
    assert ledger["lost"] > 0
    assert "has no end" in output
