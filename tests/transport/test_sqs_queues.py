"""How queues are made on SQS, and which are refused."""

import json

import pytest

from asya_core.errors import (
    QueueConflictError,
    QueueMissingError,
    TransportRefusedError,
)
from asya_core.transports import publish
from asya_core.transports.sqs.settings import OWNER_TAG


async def test_a_queue_comes_with_one_for_its_dead_letters(sqs, joined, queue):
    transport = await joined(owner="team-a", tags={"cost-centre": "7"})
    assert await transport.ensure(queue) == "made"
    for name in (queue, f"{queue}-dlq"):
        url = await sqs.url(name)
        tags = (await sqs.call("ListQueueTags", QueueUrl=url))["Tags"]
        assert tags == {OWNER_TAG: "team-a", "cost-centre": "7"}
        found = (await sqs.call("GetQueueAttributes", QueueUrl=url, AttributeNames=["All"]))["Attributes"]
        assert (found["MessageRetentionPeriod"], found["VisibilityTimeout"]) == ("1209600", "60")
    url = await sqs.url(queue)
    found = (await sqs.call("GetQueueAttributes", QueueUrl=url, AttributeNames=["RedrivePolicy"]))["Attributes"]
    policy = json.loads(found["RedrivePolicy"])
    assert policy["deadLetterTargetArn"].endswith(f":{queue}-dlq")
    assert int(policy["maxReceiveCount"]) == 1000
    assert await transport.queues(queue) == [queue]
    assert await transport.delete(queue) == "deleted"
    for name in (queue, f"{queue}-dlq"):
        with pytest.raises(QueueMissingError):
            await transport.depth(name)


async def test_a_conflict_names_the_attribute_and_both_values(sqs, joined, queue):
    transport = await joined()
    await transport.ensure(queue)
    url = await sqs.url(queue)
    await sqs.call("SetQueueAttributes", QueueUrl=url, Attributes={"VisibilityTimeout": "7"})
    with pytest.raises(QueueConflictError, match=r"other arguments \(VisibilityTimeout is '7', not '60'\)"):
        await transport.ensure(queue)


async def test_nothing_is_made_beside_a_queue_that_is_not_ours(sqs, joined, queue):
    transport = await joined(owner="us")
    await sqs.make_conflicting_queue(queue)
    with pytest.raises(QueueConflictError):
        await transport.ensure(queue)
    with pytest.raises(QueueMissingError):
        await transport.depth(f"{queue}-dlq")


async def test_another_owners_queue_is_neither_used_nor_removed(joined, queue):
    ours, theirs, anybody = await joined(owner="us"), await joined(owner="them"), await joined()
    await theirs.ensure(queue)
    await anybody.ensure(f"{queue}-2")
    for call in (ours.ensure, ours.delete):
        with pytest.raises(QueueConflictError, match=r"another owner's: its tag asya.sh/owner is 'them', not 'us'"):
            await call(queue)
        with pytest.raises(QueueConflictError, match=r"is nobody's, not 'us'"):
            await call(f"{queue}-2")
    assert await theirs.ensure(queue) == "found"
    assert await theirs.delete(queue) == "deleted"


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("orders.fifo", "no order is promised"),
        ("x" * 77, "77 characters; SQS allows 76"),
        ("a b", "no name for a queue"),
    ],
)
async def test_what_sqs_can_not_have_is_refused_with_a_sentence(joined, name, words):
    transport = await joined()
    with pytest.raises(TransportRefusedError, match=words):
        await transport.ensure(name)


async def test_a_fifo_queue_is_not_published_to(sqs, joined, queue):
    transport = await joined()
    await sqs.call("CreateQueue", QueueName=f"{queue}.fifo", Attributes={"FifoQueue": "true"})
    with pytest.raises(QueueMissingError, match="a FIFO queue, which Asya does not use"):
        await publish(transport, f"{queue}.fifo", b"")
    assert await transport.queues(queue) == []


async def test_more_queues_than_sqs_lists_at_once_are_all_listed(joined, queue, monkeypatch):
    monkeypatch.setattr("asya_core.transports.sqs.queues.LISTED_AT_ONCE", 2)
    transport = await joined()
    names = [f"{queue}-{number}" for number in range(4)]
    for name in names:
        await transport.ensure(name)
    assert await transport.queues(queue) == names
