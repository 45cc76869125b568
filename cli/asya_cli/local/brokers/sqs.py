"""SQS: one that the environment names, or else a stand-in for this run alone, which keeps its messages in memory."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from asya_cli.errors import CliError
from asya_cli.local.brokers.base import Broker
from asya_cli.local.brokers.sqs_given import URL, find_given, prepare_given
from asya_cli.local.brokers.sqs_secret import MOUNTED, write_secret
from asya_cli.local.plan import Check, ProcessPlan

REGION = "us-east-1"
"""The stand-in has all regions; this one is in every address that it gives."""

WAIT = "1s"
"""How long each look into a queue waits for messages. An actor that stops first ends the look, which costs nothing."""

_CLIENT = ("aiobotocore",)
_SERVER = ("moto", "flask", "werkzeug")


def prepare(folder: Path, logs: Path, free_port: Callable[[], int]) -> Broker:
    """Make sure of the SQS that is given, or say how to run a stand-in; `folder` holds what a run has to remember.

    The stand-in lets everybody in, so this machine's own credentials stay where they are. Raises CliError where
    neither can be had.
    """
    given = find_given()
    _need(_CLIENT if given else (*_CLIENT, *_SERVER), "sqs" if given else "local-sqs")
    if given is not None:
        return prepare_given(given, folder)
    folder.mkdir(parents=True, exist_ok=True)
    secrets = write_secret(folder.parent, {"AWS_ACCESS_KEY_ID": "local", "AWS_SECRET_ACCESS_KEY": "local"})
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    process = ProcessPlan(
        actor="sqs",
        container="moto-server",
        argv=[sys.executable, "-P", "-m", "asya_cli.local.brokers.sqs_server", str(port)],
        env={},
        cwd=str(folder),
        log=str(logs / "sqs.moto-server.log"),
    )
    values = {"endpoint": url, "region": REGION, "existingSecret": MOUNTED, "waitTime": WAIT}
    return Broker(
        transport="sqs",
        url=url,
        process=process,
        check=Check(actor=process.actor, container=process.container, url=f"{url}/moto-api/"),
        chart_values={"transport": "sqs"} | {f"transports.sqs.{key}": each for key, each in values.items()},
        environ={
            "ASYA_SQS_ENDPOINT": url,
            "ASYA_SQS_REGION": REGION,
            "ASYA_SQS_WAIT_TIME": WAIT,
            "ASYA_SECRETS_DIR": str(secrets),
        },
        notes=[
            "SQS -> moto's server, which keeps messages in memory; they are gone when it ends",
            f"SQS: transports.sqs.waitTime (20s by default) -> {WAIT}",
        ],
        is_forgetful=True,
    )


def _need(modules: Sequence[str], extra: str) -> None:
    """Raise CliError where one of the modules is not installed."""
    missing = [name for name in modules if importlib.util.find_spec(name) is None]
    if missing:
        otherwise = "" if extra == "sqs" else f", or give an SQS in {URL}"
        raise CliError(f"can't run on SQS; {missing[0]} is not installed; run `pip install 'asya[{extra}]'`{otherwise}")
