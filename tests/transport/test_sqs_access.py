"""Keys and permissions, on a server that checks them."""

import pytest

from asya_core.errors import TransportRefusedError, TransportUnavailableError
from asya_core.transports import publish
from asya_core.transports.sqs.settings import SqsSettings
from asya_core.transports.sqs.transport import SqsTransport
from tests.brokers.moto_server import REGION, MotoServer
from tests.brokers.moto_users import MotoUser, write_keys
from tests.transport.parties import Inbox, consuming, eventually, send


class Guarded(MotoUser):
    """A user, and the folder where its transports look for keys."""

    def __init__(self, server, folder):
        super().__init__(server)
        self.folder = folder

    def write(self, keys):
        write_keys(self.folder, keys)

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
    await guarded.make()
    return guarded


@pytest.mark.parametrize("wrong", ["aws_access_key_id", "aws_secret_access_key"])
async def test_wrong_keys_are_refused_and_not_told(guarded, wrong):
    guarded.write(guarded.keys | {wrong: "AKIAWRONG"})
    with pytest.raises(TransportRefusedError, match="check the keys in the Secret") as caught:
        await guarded.transport().connect()
    assert guarded.keys["aws_secret_access_key"] not in str(caught.value)


async def test_without_any_keys_the_transport_says_so(guarded, monkeypatch):
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", "/nonexistent")
    monkeypatch.setenv("AWS_CONFIG_FILE", "/nonexistent")
    with pytest.raises(TransportRefusedError, match=r"there are no keys to enter .* with"):
        await guarded.transport().connect()


async def test_new_keys_are_read_when_the_old_ones_are_refused(guarded, queue):
    guarded.write(guarded.keys)
    transport, inbox = guarded.transport(), Inbox()
    await transport.connect()
    try:
        await transport.ensure(queue)
        consumer = await transport.consume(queue, 1, inbox)
        await consuming(consumer)
        second = await guarded.make_keys()
        guarded.write(second)
        old, guarded.keys = guarded.keys, second
        await guarded.iam("DeleteAccessKey", AccessKeyId=old["aws_access_key_id"])
        await eventually(lambda: not transport.connected)
        await consuming(consumer)
        await publish(transport, queue, b"with new keys")
        assert (await inbox.take()).body == b"with new keys"
    finally:
        await transport.close()


async def test_a_pod_needs_not_be_allowed_to_list_queues(guarded, queue):
    guarded.write(guarded.keys)
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


async def test_a_pod_with_a_role_needs_no_keys(moto_server, tmp_path, queue, monkeypatch):
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    (tmp_path / "token").write_text("what Kubernetes says of the service account")
    monkeypatch.setenv("AWS_ROLE_ARN", "arn:aws:iam::123456789012:role/asya")
    monkeypatch.setenv("AWS_WEB_IDENTITY_TOKEN_FILE", str(tmp_path / "token"))
    monkeypatch.setenv("AWS_ENDPOINT_URL_STS", moto_server.url)
    transport = SqsTransport(SqsSettings(REGION, moto_server.url, tmp_path / "no-secrets", 30, 1))
    await transport.connect()
    assert await transport.ensure(queue) == "made"
    await transport.close()
