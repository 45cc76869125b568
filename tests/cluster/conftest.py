"""A namespace of its own for each module, with what every actor there needs."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from asya_core.transports import open_transport
from tests.cluster.brokers import AMQP, MANAGEMENT, PASSWORD, READER, USER
from tests.cluster.given import ROOT, Given
from tests.cluster.place import NODE
from tests.cluster.queue_access import Queues
from tests.cluster.releases import Releases
from tools.needs import Need
from tools.package import package

Install = Callable[[str, str, str], None]
RESTRICTED = {"pod-security.kubernetes.io/enforce": "restricted"}


@pytest.fixture(scope="session")
def cluster(need: Need) -> Given:
    return Given.find(need)


@pytest.fixture(scope="module")
def namespace(cluster: Given) -> Iterator[str]:
    """A namespace that admits restricted pods alone, with the Secrets for RabbitMQ."""
    name = f"test-{secrets.token_hex(3)}"
    metadata = {"name": name, "labels": RESTRICTED}
    cluster.apply(
        {"apiVersion": "v1", "kind": "Namespace", "metadata": metadata},
        _secret(name, "asya-rabbitmq", USER),
        _secret(name, "asya-rabbitmq-reader", READER),
    )
    yield name
    cluster.remove_namespace(name)


@pytest.fixture(scope="module")
def environment(namespace: str, tmp_path_factory: pytest.TempPathFactory) -> list[str | Path]:
    """What all actors of the namespace share, as options of Helm."""
    file = tmp_path_factory.mktemp("values") / "environment.yaml"
    lines = ["imageRegistry: localhost", f"queues: {{prefix: {namespace}-}}"]
    lines += ["transports: {rabbitmq: {monitoringSecret: asya-rabbitmq-reader}}"]
    file.write_text("\n".join([*lines, ""]), encoding="utf-8")
    return ["-f", ROOT / "values/rabbitmq.yaml", "-f", file]


@pytest.fixture
def queues(namespace: str, tmp_path: Path) -> Iterator[Queues]:
    """The way to the namespace's queues."""
    folder = tmp_path / "secrets"
    folder.mkdir()
    (folder / "username").write_text(USER, encoding="utf-8")
    (folder / "password").write_text(PASSWORD, encoding="utf-8")
    environ = {
        "ASYA_RABBITMQ_URL": f"amqp://{NODE}:{AMQP}",
        "ASYA_RABBITMQ_MANAGEMENT_URL": f"http://{NODE}:{MANAGEMENT}",  # which alone counts what is in hand
        "ASYA_SECRETS_DIR": str(folder),
    }
    with asyncio.Runner() as runner:
        queues = Queues(open_transport("rabbitmq", environ), runner, f"{namespace}-")
        yield queues
        queues.close()


def _secret(namespace: str, name: str, user: str) -> dict[str, object]:
    metadata = {"name": name, "namespace": namespace}
    return {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": metadata,
        "stringData": {"username": user, "password": PASSWORD},
    }


@pytest.fixture(scope="session")
def charts(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The packages, by chart."""
    return {each.name.rsplit("-", 1)[0]: each for each in package(tmp_path_factory.mktemp("charts") / "charts")}


@pytest.fixture
def releases(
    cluster: Given, namespace: str, environment: list[str | Path], charts: dict[str, Path]
) -> Iterator[Releases]:
    """What a test installs; it goes at the end."""
    releases = Releases(cluster, namespace, charts, environment)
    yield releases
    releases.uninstall_all()


@pytest.fixture
def install(releases: Releases, tmp_path: Path) -> Install:
    """Install a release of a chart with values of its own."""

    def one(release: str, chart: str, values: str) -> None:
        file = tmp_path / f"{release}.yaml"
        file.write_text(values, encoding="utf-8")
        releases.install(release, chart, file)

    return one
