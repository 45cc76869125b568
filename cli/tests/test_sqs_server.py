"""The stand-in for SQS where moto alone would lose a message, hand it out twice, or hand it to nobody."""

import http.client
import io
import json
import secrets
import socket
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing

import botocore.session
import pytest

from asya_cli.local.brokers.sqs_server import one_at_a_time
from tests.brokers.moto_server import CREDENTIALS, REGION, MotoServer

HEADERS = {
    "Authorization": f"AWS4-HMAC-SHA256 Credential=test/20260101/{REGION}/sqs/aws4_request",
    "Content-Type": "application/x-amz-json-1.0",
    "X-Amz-Target": "AmazonSQS.ReceiveMessage",
}


@pytest.fixture(scope="module")
def server():
    server = MotoServer()
    server.start()
    yield server
    server.stop()


@pytest.fixture
def sqs(server):
    keys = {name.lower(): value for name, value in CREDENTIALS.items()}
    return botocore.session.get_session().create_client("sqs", region_name=REGION, endpoint_url=server.url, **keys)


@pytest.fixture
def queue(sqs):
    return sqs.create_queue(QueueName=f"t{secrets.token_hex(4)}")["QueueUrl"]


def take(sqs, queue):
    """Wait for messages and return their bodies."""
    return [each["Body"] for each in sqs.receive_message(QueueUrl=queue, WaitTimeSeconds=20)["Messages"]]


def test_one_request_is_worked_on_at_a_time():
    company = threading.Barrier(2)

    def application(environ, start_response):
        del environ, start_response
        try:
            company.wait(0.2)
        except threading.BrokenBarrierError:
            company.reset()
            return [b"alone"]
        return [b"with another"]

    served = one_at_a_time(application)
    with ThreadPoolExecutor(2) as pool:
        answers = list(pool.map(lambda _: served({"wsgi.input": io.BytesIO()}, None), range(2)))
    assert answers == [[b"alone"], [b"alone"]]


def test_a_request_that_comes_slowly_keeps_nobody_waiting(server, sqs, queue):
    with socket.create_connection(("127.0.0.1", server.port)) as slow:
        slow.sendall(b"POST / HTTP/1.1\r\nHost: sqs\r\nContent-Length: 10\r\n\r\nhalf")
        sqs.send_message(QueueUrl=queue, MessageBody="quick")
        assert take(sqs, queue) == ["quick"]


def test_a_consumer_that_is_gone_gets_nothing_more(server, sqs, queue):
    with closing(http.client.HTTPConnection("127.0.0.1", server.port)) as consumer:
        consumer.request("POST", "/", json.dumps({"QueueUrl": queue, "WaitTimeSeconds": 20}), HEADERS)
    sqs.send_message(QueueUrl=queue, MessageBody="for the living")
    assert take(sqs, queue) == ["for the living"]


def test_who_waits_gets_what_is_delayed_once_its_time_is_up(sqs, queue):
    sqs.send_message(QueueUrl=queue, MessageBody="later", DelaySeconds=1)
    names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesDelayed"]
    counts = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=names)["Attributes"]
    assert [counts[name] for name in names] == ["0", "1"]
    assert take(sqs, queue) == ["later"]
