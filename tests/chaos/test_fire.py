"""Short runs of `make chaos`, and its negative controls."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from asya_cli.local.state import Folder
from tests.brokers.rabbitmq_server import require_local
from tests.chaos.acts import DEEDS

ROOT = Path(__file__).resolve().parents[2]

pytestmark = [pytest.mark.needs("helm", "nats-server"), pytest.mark.timeout(400)]


def burn(folder, *options, transport="nats"):
    """Run the chaos as `make chaos` does; return its exit code, its account and all that it said."""
    command = [sys.executable, "-m", "tests.chaos", "--transport", transport, "--folder", str(folder), *options]
    done = subprocess.run(
        command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=380, check=False
    )
    assert Folder(folder / "run").wait_stopped(30)
    last = done.stdout.splitlines()[-1]
    assert last.startswith("{"), done.stdout
    return done.returncode, json.loads(last), done.stdout


def assert_balances(code, ledger, output):
    assert code == 0, output
    assert (ledger["lost"], ledger["queued"], ledger["duplicate_results"]) == (0, 0, 0)
    assert ledger["results"] + ledger["errors"] > ledger["sent"]
    assert ledger["errors"] > ledger["sent"] / 10


def test_nothing_is_lost_when_everything_is_broken_at_random(tmp_path):
    settings = ["--seed", "4", "--messages", "500", "--deeds", "18", "--seconds", "20", "--freeze", "3"]
    code, ledger, output = burn(tmp_path, *settings)
    assert "18 deeds are done" in output
    assert all(re.search(rf"kill (\w\S*/)?{victim}, process", output) for victim in ("worker", "sidecar", "broker"))
    assert all(re.search(rf"{deed} \S+'s", output) for victim in ("network", "queue") for deed in DEEDS[victim])
    assert ledger["sent"] == 500
    assert_balances(code, ledger, output)


def test_a_second_run_in_one_folder_is_refused_and_leaves_the_first_its_files(tmp_path):
    running = Folder(tmp_path / "run")
    running.prepare()
    (tmp_path / "work").mkdir()
    with running.held():
        command = [sys.executable, "-m", "tests.chaos", "--folder", str(tmp_path), "--messages", "1"]
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 1
    assert "a local run is up" in done.stdout
    assert list((tmp_path / "work").iterdir()) == []


def test_nothing_is_lost_on_rabbitmq_when_sidecars_broker_and_network_fail(tmp_path, need):
    require_local(need)
    settings = ["--seed", "4", "--messages", "300", "--deeds", "10", "--seconds", "12", "--freeze", "3"]
    settings += ["--victims", "sidecar", "broker", "network"]
    assert_balances(*burn(tmp_path, *settings, transport="rabbitmq"))


def test_nothing_is_lost_on_sqs_when_sidecars_stop_and_the_network_fails(tmp_path):
    settings = ["--seed", "6", "--messages", "150", "--deeds", "7", "--seconds", "6", "--freeze", "2"]
    settings += ["--victims", "sidecar", "network"]
    assert_balances(*burn(tmp_path, *settings, transport="sqs"))


def test_sidecars_that_settle_too_early_are_found_out(tmp_path):
    settings = ["--seed", "1", "--messages", "100", "--deeds", "6", "--seconds", "4", "--victims", "sidecar"]
    code, ledger, output = burn(tmp_path, *settings, "--careless", "early")
    assert code == 1, output
    assert ledger["lost"] > 0
    assert "has no end" in output


def test_sidecars_that_wait_for_no_confirmation_are_found_out(tmp_path):
    settings = ["--seed", "31", "--messages", "600", "--deeds", "1", "--seconds", "20", "--victims", "queue"]
    code, ledger, output = burn(tmp_path, *settings, "--careless", "unconfirmed")
    assert code == 1, output
    assert ledger["lost"] > 0
    assert "has no end" in output
