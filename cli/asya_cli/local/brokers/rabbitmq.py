"""RabbitMQ with its management API: one that the environment names, or else a node for this user's machine alone."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import click

from asya_cli.local.brokers.base import Broker
from asya_cli.local.brokers.rabbitmq_given import find_given, prepare_given
from asya_cli.local.brokers.rabbitmq_node import CONFIRM_MS, Node
from asya_cli.local.brokers.rabbitmq_programs import need_programs
from asya_cli.local.plan import Check, ProcessPlan

MAX_MESSAGE_SIZE = 32 * 1024 * 1024
"""Bytes of the largest message: above what actors may pass on (16 MiB), whatever the server's version."""

STATISTICS_MS = 1000


def prepare(folder: Path, logs: Path, free_port: Callable[[], int]) -> Broker:
    """Make the run's virtual host on the server that is given, or write a server's configuration into `folder`.

    Whoever asks the latter comes from this machine, so its own user for that (guest) is enough. Raises CliError where
    neither can be had.
    """
    given = find_given()
    if given is not None:
        return prepare_given(given, folder)
    programs = need_programs(_say)
    node = Node.on_free_ports(folder, free_port)
    node.configure([f"max_message_size = {MAX_MESSAGE_SIZE}"], statistics_ms=STATISTICS_MS)
    url, management = f"amqp://127.0.0.1:{node.port}", f"http://127.0.0.1:{node.management_port}"
    process = ProcessPlan(
        actor="rabbitmq",
        container="rabbitmq-server",
        argv=node.argv(programs),
        env=node.environ,
        cwd=str(folder),
        log=str(logs / "rabbitmq.rabbitmq-server.log"),
    )
    values = {"url": url, "managementUrl": management, "vhost": "/", "existingSecret": "", "monitoringSecret": ""}
    return Broker(
        transport="rabbitmq",
        url=url,
        process=process,
        check=Check(actor=process.actor, container=process.container, url=management),
        chart_values={"transport": "rabbitmq"} | {f"transports.rabbitmq.{key}": each for key, each in values.items()},
        environ={"ASYA_RABBITMQ_URL": url, "ASYA_RABBITMQ_MANAGEMENT_URL": management},
        notes=[
            f"rabbitmq-server: {setting} ({theirs}) -> {ours}"
            for setting, theirs, ours in (
                ("max_message_size", "whose default depends on the version", MAX_MESSAGE_SIZE),
                ("collect_statistics_interval", "5000 by default", STATISTICS_MS),
                ("dead_letter_worker_publisher_confirm_timeout", "180000 by default", CONFIRM_MS),
            )
        ],
    )


def _say(sentence: str) -> None:
    click.echo(sentence, err=True)
