"""What moto does otherwise than SQS, as `EMULATORS.md` says; one that tells the truth one day goes from there."""

import asyncio

import pytest
from aiobotocore.session import get_session

from tests.brokers.moto_server import CREDENTIALS, REGION


@pytest.fixture
async def sqs(moto_server):
    keys = {name.lower(): value for name, value in CREDENTIALS.items()}
    async with get_session().create_client("sqs", region_name=REGION, endpoint_url=moto_server.url, **keys) as client:
        yield client


@pytest.fixture
async def url(sqs, queue):
    return (await sqs.create_queue(QueueName=queue))["QueueUrl"]


async def receive(sqs, url, **options):
    """Return one message, waiting for it."""
    return (await sqs.receive_message(QueueUrl=url, WaitTimeSeconds=5, **options))["Messages"][0]


async def count(sqs, url):
    names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
    found = (await sqs.get_queue_attributes(QueueUrl=url, AttributeNames=names))["Attributes"]
    return sum(map(int, found.values()))


async def test_an_old_receipt_deletes_what_somebody_else_has_in_hand(sqs, url):
    await sqs.send_message(QueueUrl=url, MessageBody="x")
    first = await receive(sqs, url, VisibilityTimeout=0)
    await receive(sqs, url, VisibilityTimeout=60)
    await sqs.delete_message(QueueUrl=url, ReceiptHandle=first["ReceiptHandle"])
    assert await count(sqs, url) == 0


async def test_an_old_receipt_renews_what_somebody_else_has_in_hand(sqs, url):
    await sqs.send_message(QueueUrl=url, MessageBody="x")
    first = await receive(sqs, url, VisibilityTimeout=0)
    await receive(sqs, url, VisibilityTimeout=60)
    await sqs.change_message_visibility(QueueUrl=url, ReceiptHandle=first["ReceiptHandle"], VisibilityTimeout=0)
    await receive(sqs, url)


async def test_the_visibility_of_what_is_in_nobodys_hand_can_be_changed(sqs, url):
    await sqs.send_message(QueueUrl=url, MessageBody="x")
    message = await receive(sqs, url, VisibilityTimeout=0)
    await sqs.change_message_visibility(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"], VisibilityTimeout=60)


async def test_more_than_ten_attributes_are_taken(sqs, url):
    attributes = {f"a{number}": {"DataType": "String", "StringValue": "x"} for number in range(11)}
    await sqs.send_message(QueueUrl=url, MessageBody="x", MessageAttributes=attributes)


async def test_characters_that_sqs_refuses_are_taken(sqs, url):
    await sqs.send_message(QueueUrl=url, MessageBody="a\x01b")
    assert (await receive(sqs, url))["Body"] == "a\x01b"


async def test_attributes_do_not_count_towards_the_size(sqs, url):
    await sqs.set_queue_attributes(QueueUrl=url, Attributes={"MaximumMessageSize": "1024"})
    attributes = {"a": {"DataType": "String", "StringValue": "x" * 1024}}
    await sqs.send_message(QueueUrl=url, MessageBody="x", MessageAttributes=attributes)


async def test_sizes_are_counted_in_characters(sqs, url):
    await sqs.set_queue_attributes(QueueUrl=url, Attributes={"MaximumMessageSize": "1024"})
    await sqs.send_message(QueueUrl=url, MessageBody="😀" * 1024)


async def test_a_queue_can_be_made_again_at_once(sqs, url, queue):
    await sqs.delete_queue(QueueUrl=url)
    assert (await sqs.create_queue(QueueName=queue))["QueueUrl"] == url


async def test_counts_and_order_are_exact_at_once(sqs, url):
    for number in range(20):
        await sqs.send_message(QueueUrl=url, MessageBody=str(number))
    assert await count(sqs, url) == 20
    found = (await sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10))["Messages"]
    assert [message["Body"] for message in found] == [str(number) for number in range(10)]


async def test_one_entry_that_is_too_large_makes_a_whole_batch_fail(sqs, url):
    await sqs.set_queue_attributes(QueueUrl=url, Attributes={"MaximumMessageSize": "1024"})
    entries = [{"Id": str(size), "MessageBody": "x" * size} for size in (1, 2000)]
    with pytest.raises(sqs.exceptions.ClientError, match="must be shorter than 1024 bytes"):
        await sqs.send_message_batch(QueueUrl=url, Entries=entries)
    assert await count(sqs, url) == 0


async def test_any_keys_are_good(moto_server, queue):
    keys = {"aws_access_key_id": "nobody", "aws_secret_access_key": "knows"}
    async with get_session().create_client("sqs", region_name=REGION, endpoint_url=moto_server.url, **keys) as client:
        await asyncio.wait_for(client.create_queue(QueueName=queue), 10)
