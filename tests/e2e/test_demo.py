"""The demo is what people run first: it has to end right, also when parts of it die on the way."""

import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from asya_cli.local.running import Running
from asya_cli.local.state import Folder
from tests.brokers.rabbitmq_server import require_local

ROOT = Path(__file__).resolve().parents[2]
IMAGES = 1797
SLOWLY = ("--pace", "300")
"""Images a second; without a limit it is over before a test can do anything."""

pytestmark = pytest.mark.needs("helm", "nats-server")


@contextmanager
def demo(folder: Path, *options: str) -> Iterator[subprocess.Popen[str]]:
    """Start the demo; whatever the test does, nothing of it is left behind."""
    command = [sys.executable, "-u", "-m", "examples.digits.demo", "--folder", str(folder), *options]
    with subprocess.Popen(
        command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, encoding="utf-8"
    ) as process:
        try:
            yield process
        finally:
            process.kill()  # the pipeline ends with it
    assert Folder(folder).wait_stopped(30)


def read_until(process, words):
    """Return the demo's lines up to the first that has `words` in it."""
    lines = []
    for line in process.stdout:
        lines.append(line)
        if words in line:
            return lines
    raise AssertionError("".join(lines))


def assert_right(process, folder, lines):
    output = "".join([*lines, *process.stdout])
    assert process.wait(30) == 0, output
    summary = json.loads((folder / "summary.json").read_text())
    assert (summary["images"], summary["results"], summary["errors"]) == (IMAGES, IMAGES, 0), output
    assert summary["accuracy_before"] < 0.90
    assert summary["accuracy_after"] > 0.96
    assert len(list((folder / "results" / "happy-asya").glob("*/*.json"))) == IMAGES
    assert f"{IMAGES} sent, {IMAGES} results, 0 errors" in output


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "demo"


def test_killing_a_runtime_and_a_sidecar_in_the_middle_loses_nothing(folder):
    with demo(folder, *SLOWLY) as process:
        lines = read_until(process, " 10 %")
        pipeline = Running(Folder(folder))
        killed = [("classify", "asya-runtime"), ("judge", "asya-sidecar"), ("split", "asya-runtime")]
        pids = {each: pipeline.kill(*each) for each in killed}
        assert all(pids.values())
        for each, pid in pids.items():
            assert pipeline.wait_started_anew(*each, than=pid).exit_code == -signal.SIGKILL
        lines += read_until(process, " 90 %")
        assert_right(process, folder, lines)


def test_a_second_demo_is_refused_and_ctrl_c_ends_the_first(folder):
    with demo(folder, *SLOWLY) as first:
        read_until(first, "processes are ready")
        second = subprocess.run(
            first.args, cwd=ROOT, check=False, stdout=subprocess.PIPE, text=True, encoding="utf-8", timeout=60
        )
        assert second.returncode == 1
        assert "error: a local run is up" in second.stdout
        first.send_signal(signal.SIGINT)
        output = first.stdout.read()
        assert first.wait(30) == 130
    assert "images have a result; all processes are ended" in output
    assert "Traceback" not in output
    assert not (folder / "summary.json").exists()


@pytest.mark.timeout(240)  # a RabbitMQ takes its time to start
def test_rabbitmq_gives_the_same_results(need, folder):
    require_local(need)
    with demo(folder, "--transport", "rabbitmq") as process:
        lines = read_until(process, " 90 %")
        assert_right(process, folder, lines)
