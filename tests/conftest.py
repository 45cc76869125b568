"""Servers that tests of several folders share; each is started once, when the first test asks for it."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from tests.brokers.certificates import make_certificates
from tests.brokers.moto_server import MotoServer
from tests.brokers.rabbitmq_server import GivenRabbitmq, RabbitmqServer, programs_or_skip


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
