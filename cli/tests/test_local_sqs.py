"""The same commands on a run whose broker is a stand-in for SQS."""

import importlib.util
import json
import time
from pathlib import Path

import pytest

from asya_cli.errors import CliError
from asya_cli.local.brokers import prepare_broker
from asya_cli.local.ports import FreePorts
from cli.tests.commands import WITHIN, Workplace

HANDLERS = """
def shout(payload):
    return payload["text"].upper()
"""
GPU = "flavors/gpu.yaml"
"""A flavor that names SQS."""


@pytest.fixture
def place(tmp_path):
    place = Workplace(tmp_path, HANDLERS)
    yield place
    place.close()


def wait_delayed(place):
    """Wait until one message is kept back for later."""
    until = time.monotonic() + WITHIN
    while time.monotonic() < until:
        found = json.loads(place("status", "-o", "json").stdout)
        assert (found["broker"]["name"], found["broker"]["ready"]) == ("sqs", True)
        if [actor["depth"]["delayed"] for actor in found["actors"]] == [1, 0, 0]:
            return
    raise AssertionError(found)


@pytest.mark.needs("helm")
@pytest.mark.timeout(240)
def test_every_command_works_and_what_is_lost_is_told(place):
    retry = "resiliency.policies.default.initialDelay=1m"
    up = place("up", "--transport", "sqs", "handlers.shout", "-f", GPU, "--set", retry, "--detach")
    assert "broker: http://127.0.0.1:" in up.stdout
    assert "(this broker keeps messages in memory alone; they are gone when it ends)" in up.stdout
    assert "warning:" not in up.stderr
    assert json.loads(place("send", "handlers", '{"text": "hi"}', "--follow").stdout) == "HI"
    assert "Running on http://127.0.0.1:" in place("logs", "sqs").stdout
    place("send", "handlers", "{}")
    wait_delayed(place)
    down = place("down")
    assert down.stdout == "1 message is gone from asya-handlers; this broker keeps messages in memory alone\nstopped\n"


@pytest.mark.parametrize("missing", ["moto", "flask", "aiobotocore"])
def test_what_is_not_installed_is_named(monkeypatch, tmp_path, missing):
    really = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == missing else really(name))
    with pytest.raises(CliError) as refused:
        prepare_broker("sqs", tmp_path / "sqs", tmp_path, FreePorts())
    assert str(refused.value) == (
        f"can't run on SQS; {missing} is not installed; run `pip install 'asya[local-sqs]'`, or give an SQS in "
        "ASYA_LOCAL_SQS_ENDPOINT"
    )


def test_this_shells_credentials_stay_where_they_are(monkeypatch, tmp_path):
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "real")
    broker = prepare_broker("sqs", tmp_path / "sqs", tmp_path, FreePorts())
    secret = Path(broker.environ["ASYA_SECRETS_DIR"])
    assert {file.name: (file.read_text(), file.stat().st_mode & 0o777) for file in secret.iterdir()} == {
        "AWS_ACCESS_KEY_ID": ("local", 0o600),
        "AWS_SECRET_ACCESS_KEY": ("local", 0o600),
    }


def test_a_store_that_is_no_object_storage_is_refused(place):
    done = place("up", "handlers.shout", "--store", "results", code=2)
    assert "--store 'results' is no object storage; its URL begins with one of s3://, gs://, az://" in done.stderr
