"""Brokers beside the node, which pods reach by the names that the environments in `values/` have for them."""

from __future__ import annotations

import http.client
import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

from asya_cli.local.brokers.rabbitmq_node import Node
from asya_cli.local.brokers.rabbitmq_programs import Programs, need_programs
from asya_cli.local.programs import find_program
from tests.brokers.rabbitmq_server import Management
from tests.cluster.place import NODE, Place, entered
from tests.cluster.processes import Processes, wait_until

AMQP, MANAGEMENT, NATS, NATS_MONITORING, AWS = 5672, 15672, 4222, 8222, 5000
USER, PASSWORD = "asya", "secret"
READER = "keda"
"""May read depths on RabbitMQ, and nothing else."""

_QUESTIONS = {"nats": (NATS_MONITORING, "/healthz"), "moto": (AWS, "/moto-api/"), "rabbitmq": (MANAGEMENT, "/")}
_READY_SECONDS = 90.0
_STATISTICS_MS = 1000
_HEADLESS = "None"

_NATS_CONFIGURATION = """\
listen: "{node}:{port}"
http: "{node}:{monitoring}"
jetstream: {{ store_dir: {store} }}
"""


def start_brokers(place: Place, processes: Processes, kubectl: list[str], say: Callable[[str], None]) -> None:
    """Start them, and return once all three answer. Raises TimeoutError."""
    _start_rabbitmq(place, processes, need_programs(say))
    _start_nats(place, processes)
    moto = [sys.executable, "-P", "-m", "moto.server", "-H", NODE, "-p", str(AWS)]
    processes.start("moto", moto)
    manifests = json.dumps({"apiVersion": "v1", "kind": "List", "items": list(_manifests())})
    apply = [*kubectl, "apply", "--server-side", "--filename", "-"]
    subprocess.run(apply, input=manifests.encode(), stdout=subprocess.DEVNULL, check=True)
    for name, (port, path) in _QUESTIONS.items():
        wait_until(f"{name} (its words: {processes.log(name)})", partial(_answers, port, path), _READY_SECONDS)
    _make_reader()


def _start_rabbitmq(place: Place, processes: Processes, programs: Programs) -> None:
    node = Node(place.folder / "rabbitmq", AMQP, MANAGEMENT, 4369, 25672)
    node.configure([f"default_user = {USER}", f"default_pass = {PASSWORD}"], statistics_ms=_STATISTICS_MS)
    # Written for one machine's own use; here pods come, too.
    file = node.folder / "rabbitmq.conf"
    file.write_text(file.read_text(encoding="utf-8").replace("127.0.0.1", NODE), encoding="utf-8")
    processes.start("rabbitmq", node.argv(programs), node.environ)


def _start_nats(place: Place, processes: Processes) -> None:
    folder = place.folder / "nats"
    folder.mkdir(exist_ok=True)
    store = json.dumps(str(folder / "store"))
    file = folder / "nats-server.conf"
    text = _NATS_CONFIGURATION.format(node=NODE, port=NATS, monitoring=NATS_MONITORING, store=store)
    file.write_text(text, encoding="utf-8")
    processes.start("nats", [find_program("nats-server"), "--config", file])


def _make_reader() -> None:
    with entered():
        call = Management((NODE, AMQP), (NODE, MANAGEMENT), USER, PASSWORD).call
        call("PUT", f"users/{READER}", {"password": PASSWORD, "tags": "monitoring"})
        call("PUT", f"permissions/%2F/{READER}", {"configure": "^$", "write": "^$", "read": "^$"})


def _answers(port: int, path: str) -> bool:
    with entered():
        connection = http.client.HTTPConnection(NODE, port, timeout=5)
        try:
            connection.request("GET", path)
            return connection.getresponse().status < http.HTTPStatus.BAD_REQUEST
        except OSError:
            return False
        finally:
            connection.close()


def _manifests() -> Iterator[dict[str, Any]]:
    """Yield services without pods: their addresses are the node's."""
    for namespace, name, ports, address in (
        ("rabbitmq", "rabbitmq", {"amqp": AMQP, "http": MANAGEMENT}, None),
        ("nats", "nats", {"client": NATS}, None),
        ("nats", "nats-headless", {"monitor": NATS_MONITORING}, _HEADLESS),
        ("aws", "aws", {"http": AWS}, None),
    ):
        metadata = {"name": name, "namespace": namespace}
        yield {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace}}
        spec: dict[str, Any] = {"ports": [{"name": each, "port": port} for each, port in ports.items()]}
        if address:
            spec["clusterIP"] = address
        yield {"apiVersion": "v1", "kind": "Service", "metadata": metadata, "spec": spec}
        yield {
            "apiVersion": "discovery.k8s.io/v1",
            "kind": "EndpointSlice",
            "metadata": {**metadata, "labels": {"kubernetes.io/service-name": name}},
            "addressType": "IPv4",
            "endpoints": [{"addresses": [NODE], "conditions": {"ready": True}}],
            "ports": spec["ports"],
        }
