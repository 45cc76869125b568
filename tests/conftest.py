"""Servers and containers that tests of several folders share; a server is started once, when the first test asks."""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path

import pytest

from tests.brokers.certificates import make_certificates
from tests.brokers.moto_server import MotoServer
from tests.brokers.rabbitmq_server import GivenRabbitmq, RabbitmqServer, programs_or_skip
from tests.container.containers import Container, Image, why_not
from tests.container.pods import render


@pytest.fixture(scope="session")
def rabbitmq_certificates(tmp_path_factory):
    """Give a folder with the server's certificate and authorities, or None where there is no openssl."""
    openssl = shutil.which("openssl")
    return make_certificates(Path(openssl), tmp_path_factory.mktemp("certificates")) if openssl else None


@pytest.fixture(scope="session")
def rabbitmq_server(need, tmp_path_factory, rabbitmq_certificates):
    url = os.environ.get("ASYA_TEST_RABBITMQ_URL")
    if url:

        def cannot():
            need.missing("the RabbitMQ of ASYA_TEST_RABBITMQ_URL is not ours to change", remedy="unset the variable")

        given = GivenRabbitmq(url, os.environ.get("ASYA_TEST_RABBITMQ_MANAGEMENT_URL"), cannot)
        given.vhost = given.make_vhost()
        yield given
        given.drop_vhost(given.vhost)
        return
    folder = tmp_path_factory.mktemp("rabbitmq")
    server = RabbitmqServer(programs_or_skip(need), folder, certificates=rabbitmq_certificates)
    server.start()
    yield server
    server.close()


@pytest.fixture(scope="session")
def moto_server():
    """Give SQS and S3 at one address; whoever uses them takes queues and buckets of names of its own."""
    server = MotoServer()
    server.start()
    yield server
    server.stop()


@pytest.fixture(scope="module")
def make_container(need, tmp_path_factory):
    """Give a function that makes the runtime's container for a handler of `tests/container/app`, flavors and values."""
    if missing := why_not():
        need.missing(missing, remedy="run these tests as root with CAP_SYS_ADMIN, and util-linux installed")
    with tempfile.TemporaryDirectory(prefix="asya-") as short:

        def make(handler, *flavors, **values):
            folder = tmp_path_factory.mktemp("container")
            pod = render(need("helm"), {"image": "my-processor:v1", "handler": handler, **values}, folder, flavors)
            sockets = Path(tempfile.mkdtemp(dir=short))
            container = Container(pod, Image(folder / "root"), sockets, folder / "log")
            container.prepare()
            return container

        yield make
