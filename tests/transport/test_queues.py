import asyncio

import pytest

from asya_core.errors import QueueConflictError, QueueMissingError, TransportRefusedError
from asya_core.transports import Depth, publish
from tests.transport.parties import Inbox


async def test_a_queue_is_made_once_and_found_after_that(broker, parties, queue):
    transport = await parties.join(broker)
    assert await transport.ensure(queue) == "made"
    await publish(transport, queue, b"kept")
    assert await transport.ensure(queue) == "found"
    assert await transport.depth(queue) == Depth(ready=1, in_flight=0, delayed=0)


async def test_a_deleted_queue_is_gone_with_its_messages(broker, parties, queue):
    transport = await parties.join(broker)
    await transport.ensure(queue)
    await publish(transport, queue, b"lost")
    await publish(transport, queue, b"lost, too", delay=3600)
    assert await transport.delete(queue) == "deleted"
    assert await transport.delete(queue) == "absent"
    await transport.ensure(queue)
    assert (await transport.depth(queue)).total == 0


@pytest.mark.parametrize("name", ["", "a b", "a.b", "a*", "a>", "ü", "a/b", "x" * 129, "a\r\n"])
async def test_a_name_that_some_broker_can_not_have_is_refused(broker, parties, name):
    transport = await parties.join(broker)
    with pytest.raises(TransportRefusedError, match="no name for a queue"):
        await transport.ensure(name)
    assert await transport.delete(name) == "absent"


@pytest.mark.parametrize("name", ["no-such-queue", "no such queue"])
async def test_a_missing_queue_can_neither_be_counted_nor_consumed(broker, parties, name):
    transport = await parties.join(broker)
    with pytest.raises(QueueMissingError):
        await transport.depth(name)
    with pytest.raises(QueueMissingError):
        await transport.consume(name, 1, Inbox())


async def test_hook_jobs_that_run_at_once_make_one_queue(broker, parties, queue):
    jobs = [await parties.join(broker) for _ in range(4)]
    results = await asyncio.gather(*(job.ensure(queue) for job in jobs))
    assert "made" in results
    await publish(jobs[0], queue, b"once")
    assert (await jobs[1].depth(queue)).total == 1
    assert await jobs[2].ensure(queue) == "found"


async def test_a_queue_with_other_arguments_is_refused_and_left_alone(real_broker, parties, queue):
    transport = await parties.join(real_broker)
    await real_broker.make_conflicting_queue(queue)
    with pytest.raises(QueueConflictError, match="exists with other arguments"):
        await transport.ensure(queue)
    assert await real_broker.has_conflicting_queue(queue)
    await transport.delete(queue)
