"""nats-server with JetStream, for this user's machine alone: loopback only, its messages under `.asya/`."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

from asya_cli.local.brokers.base import Broker
from asya_cli.local.plan import Check, ProcessPlan
from asya_cli.local.programs import find_program

MAX_PAYLOAD = 32 * 1024 * 1024
"""Bytes of the largest message. The server's own default, 1 MiB, is below what actors may pass on (16 MiB)."""

_SERVERS_OWN = 1024 * 1024

_CONFIGURATION = """\
listen: "127.0.0.1:{port}"
http: "127.0.0.1:{monitoring}"
max_payload: {max_payload}
jetstream: {{
  store_dir: {store}
}}
"""


def prepare(folder: Path, logs: Path, free_port: Callable[[], int]) -> Broker:
    """Write the server's configuration into `folder` and say how to run it. Raises CliError without the program."""
    program = find_program("nats-server")
    store, configuration = folder / "store", folder / "nats-server.conf"
    store.mkdir(parents=True, exist_ok=True)
    port, monitoring = free_port(), free_port()
    text = _CONFIGURATION.format(
        port=port, monitoring=monitoring, max_payload=MAX_PAYLOAD, store=json.dumps(str(store))
    )
    configuration.write_text(text, encoding="utf-8")
    url = f"nats://127.0.0.1:{port}"
    process = ProcessPlan(
        actor="nats",
        container="nats-server",
        argv=[str(program), "--config", str(configuration)],
        env={},
        cwd=str(folder),
        log=str(logs / "nats.nats-server.log"),
    )
    ready = f"http://127.0.0.1:{monitoring}/healthz"
    return Broker(
        transport="nats",
        url=url,
        process=process,
        check=Check(actor=process.actor, container=process.container, url=ready),
        chart_values={"transport": "nats", "transports.nats.url": url, "transports.nats.existingSecret": ""},
        environ={"ASYA_NATS_URL": url},
        notes=[f"nats-server: max_payload {_SERVERS_OWN} (its default) -> {MAX_PAYLOAD}"],
    )
