import io
import json

import pytest
from rich.console import Console

from asya_core.transports.memory import MemoryBroker, MemoryTransport
from asya_crew.error_end import ErrorEnd
from asya_crew.happy_end import HappyEnd
from examples.digits.demo.drive import Patience, drive
from examples.digits.demo.ends import Ends
from examples.digits.demo.feed import Feed
from examples.digits.demo.ledger import Ledger
from examples.digits.demo.producer import ROUTE, Producer
from examples.digits.demo.progress import watcher

IMAGES, QUEUE = 230, "asya-split"
USUAL = Patience()


class Pipeline:
    """Stands for all the actors: takes batches from the queue and stores an end for each of their images."""

    def __init__(self, broker, folder):
        self.broker = broker
        self.transport = MemoryTransport(broker)
        self.folder = folder
        self.happy_end = HappyEnd(folder.as_uri(), "happy-asya/")
        self.error_end = ErrorEnd(folder.as_uri(), "error-asya/")
        self.consumer = None
        self.broken = set()
        self.envelopes = []

    async def start(self):
        await self.transport.connect()
        await self.transport.ensure(QUEUE)
        self.consumer = await self.transport.consume(QUEUE, 1, self.work_off)

    def work_off(self, delivery):
        envelope = json.loads(delivery.body)
        self.envelopes.append(envelope)
        first, count = envelope["payload"]["first"], envelope["payload"]["count"]
        for image in range(first, first + count):
            child = {**envelope, "id": f"{envelope['id']}.{image}", "payload": self.outcome(image)}
            (self.error_end if image in self.broken else self.happy_end).process(child)
        self.consumer.settle(delivery)

    def outcome(self, image):
        if image in self.broken:
            return {"error": "processing_error", "details": {"message": "no"}}
        return {"image": image, "classified": 1, "confidence": 0.5}


@pytest.fixture
async def pipeline(tmp_path):
    pipeline = Pipeline(MemoryBroker(), tmp_path)
    await pipeline.start()
    yield pipeline
    await pipeline.transport.close()


async def drive_through(pipeline, patience=USUAL):
    ledger = Ledger(IMAGES)
    ends = Ends(pipeline.folder / "happy-asya", pipeline.folder / "error-asya")
    async with Producer(MemoryTransport(pipeline.broker), QUEUE) as producer:
        with watcher(Console(file=io.StringIO()), IMAGES) as shown:
            await drive(producer, Feed(IMAGES, window=100), ends, ledger, shown, patience=patience)
    return ledger


async def test_every_image_is_sent_and_accounted_for(pipeline):
    ledger = await drive_through(pipeline)
    assert ledger.is_right
    assert [(each["payload"]["first"], each["payload"]["count"]) for each in pipeline.envelopes] == [
        (0, 50),
        (50, 50),
        (100, 50),
        (150, 50),
        (200, 30),
    ]


async def test_a_message_has_an_id_of_its_own_its_route_and_its_time(pipeline):
    await drive_through(pipeline)
    assert len({each["id"] for each in pipeline.envelopes}) == len(pipeline.envelopes)
    assert all(each["route"] == {"actors": ROUTE, "current": 0} for each in pipeline.envelopes)
    assert all(each["status"]["created_at"] for each in pipeline.envelopes)


async def test_it_gives_up_when_nothing_comes_any_more(pipeline):
    pipeline.broken = {7, 99}
    ledger = await drive_through(pipeline, Patience(usually=60, after_failures=0.3))
    assert ledger.missing == [7, 99]
    assert [failure.reason for failure in ledger.failures] == ["processing_error at split: no"] * 2
