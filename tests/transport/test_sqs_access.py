"""Keys and permissions, on a server that checks them."""

import asyncio
import json
import secrets
from http.client import HTTPConnection

import pytest
from aiobotocore.session import get_session

from asya_core.errors import TransportRefusedError, TransportUnavailableError
from asya_core.transports import publish
from asya_core.transports.sqs.settings import SqsSettings
from asya_core.transports.sqs.transport import SqsTransport
from tests.brokers.moto_server import REGION, MotoServer
from tests.transport.parties import Inbox, consuming, eventually, send

UNCHECKED = 3
"""So many requests, those that make the user, are let in without a look at their keys."""
MAY = ["iam:*", "sqs:*"]


class Guarded:
    """The server, a user that it knows, and the folder where a transport looks for keys."""

    def __init__(self, server, folder):
        self.server = server
        self.folder = folder
        self.first = {}
        self.user = f"asya-{secrets.token_hex(4)}"

    def forget_checks(self):
        """Let the next requests in, whoever they are from."""
        connection = HTTPConnection("127.0.0.1", self.server.port)
        connection.request("POST", "/moto-api/reset-auth", str(UNCHECKED), {"Content-Type": "text/plain"})
        assert connection.getresponse().status == 200
        connection.close()

    async def iam(self, operation, **parameters):
        keys = self.first or {"aws_access_key_id": "nobody", "aws_secret_access_key": "nobody"}
        address = {"region_name": REGION, "endpoint_url": self.server.url}
        async with get_session().create_client("iam", **address, **keys) as client:
            return await client._make_api_call(operation, parameters)

    async def make_user(self):
        await asyncio.to_thread(self.forget_checks)
        await self.iam("CreateUser", UserName=self.user)
        await self.allow(MAY)
        self.first = await self.make_keys()

    async def make_keys(self):
        made = (await self.iam("CreateAccessKey", UserName=self.user))["AccessKey"]
        return {"aws_access_key_id": made["AccessKeyId"], "aws_secret_access_key": made["SecretAccessKey"]}

    async def allow(self, actions):
        document = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": actions, "Resource": "*"}]}
        await self.iam("PutUserPolicy", UserName=self.user, PolicyName="p", PolicyDocument=json.dumps(document))

    def write(self, keys):
        for name, value in keys.items():
            (self.folder / name.upper()).write_text(value)

    def transport(self):
        return SqsTransport(SqsSettings(REGION, self.server.url, self.folder, 30, 1))


@pytest.fixture(scope="module")
def checking_server():
    server = MotoServer()
    server.start()
    yield server
    server.kill()


@pytest.fixture
async def guarded(checking_server, tmp_path):
    guarded = Guarded(checking_server, tmp_path)
    await guarded.make_user()
    return guarded


@pytest.mark.parametrize("wrong", ["aws_access_key_id", "aws_secret_access_key"])
async def test_wrong_keys_are_refused_and_not_told(guarded, wrong):
    guarded.write(guarded.first | {wrong: "AKIAWRONG"})
    with pytest.raises(TransportRefusedError, match="check the keys in the Secret") as caught:
        await guarded.transport().connect()
    assert guarded.first["aws_secret_access_key"] not in str(caught.value)


async def test_without_any_keys_the_transport_says_so(guarded, monkeypatch):
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", "/nonexistent")
    monkeypatch.setenv("AWS_CONFIG_FILE", "/nonexistent")
    with pytest.raises(TransportRefusedError, match=r"there are no keys to enter .* with"):
        await guarded.transport().connect()


async def test_new_keys_are_read_when_the_old_ones_are_refused(guarded, queue):
    guarded.write(guarded.first)
    transport, inbox = guarded.transport(), Inbox()
    await transport.connect()
    try:
        await transport.ensure(queue)
        consumer = await transport.consume(queue, 1, inbox)
        await consuming(consumer)
        second = await guarded.make_keys()
        guarded.write(second)
        old, guarded.first = guarded.first, second
        await guarded.iam("DeleteAccessKey", UserName=guarded.user, AccessKeyId=old["aws_access_key_id"])
        await eventually(lambda: not transport.connected)
        await consuming(consumer)
        await publish(transport, queue, b"with new keys")
        assert (await inbox.take()).body == b"with new keys"
    finally:
        await transport.close()


async def test_a_pod_needs_not_be_allowed_to_list_queues(guarded, queue):
    guarded.write(guarded.first)
    transport, inbox = guarded.transport(), Inbox()
    await transport.connect()
    try:
        await transport.ensure(queue)
        await guarded.allow(["sqs:GetQueueUrl", "sqs:ReceiveMessage", "sqs:DeleteMessage", "iam:*"])
        narrow = guarded.transport()
        await narrow.connect()
        consumer = await narrow.consume(queue, 1, inbox)
        await consuming(consumer)
        refused = await send(narrow, queue, b"not allowed").wait()
        assert isinstance(refused, TransportUnavailableError)
        assert "IAM policy" in str(refused)
        assert narrow.connected
        await narrow.close()
    finally:
        await transport.close()
