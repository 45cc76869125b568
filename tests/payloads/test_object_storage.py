"""Large payloads in a cloud's object storage, entered with credentials from files, and while it is away."""

from __future__ import annotations

import http.client
import json
import tempfile
from pathlib import Path

import pytest

from asya_core.errors import ObjectMissingError, ObjectSizeError, ObjectStoreError
from asya_core.objects import open_store
from asya_sidecar import fetching, sending
from images.sidecar.tests.bench import envelope, working
from images.sidecar.tests.scripted_runtime import echo
from tests.brokers.moto_server import CREDENTIALS, REGION, MotoServer

LARGE = "x" * 70_000


@pytest.fixture(scope="module")
def server():
    server = MotoServer()
    server.start()
    yield server
    server.stop()


@pytest.fixture
def config(server):
    return {**CREDENTIALS, "AWS_REGION": REGION, "AWS_ENDPOINT_URL": server.url}


@pytest.fixture
def settings(tmp_path, config):
    for name, value in config.items():
        (tmp_path / name).write_text(f"{value}\n", encoding="utf-8")
    return {"ASYA_CLAIM_CHECK_URL": "s3://payloads/team", "ASYA_CLAIM_CHECK_SECRETS_DIR": str(tmp_path)}


@pytest.fixture
def folder():
    with tempfile.TemporaryDirectory(prefix="asya-") as path:  # a socket's path may not be long
        yield Path(path)


def make_bucket(server):
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=10)
    connection.request("PUT", "/payloads")
    assert connection.getresponse().status == 200
    connection.close()


@pytest.fixture
def store(server, config):
    make_bucket(server)
    return open_store("s3://payloads/team", config)


async def test_payloads_go_to_the_bucket_and_come_back_from_it(folder, store, settings):
    async with working(folder, echo, **settings) as bench:
        await bench.send(envelope("m1", LARGE))
        await bench.until_settled("m1")
        (sent,) = bench.queued("b")
    reference = sent["payload_ref"]
    key = reference["uri"].removeprefix("s3://payloads/team/")
    assert json.loads(store.get(key, reference["size"])) == LARGE

    async with working(folder, echo, **settings) as bench:
        await bench.send({"id": "m2", "route": {"actors": ["a", "b"]}, "payload_ref": reference})
        await bench.until_settled("m2")
        assert json.loads(bench.runtime.invoked[0].payload) == LARGE
        assert bench.queued("b")[0]["payload_ref"] == reference
    assert list(store.list()) == [key]


async def test_nothing_is_lost_while_storage_is_away_or_has_no_bucket(folder, server, settings, config, monkeypatch):
    monkeypatch.setattr(sending, "_LAST_RETRY", 0.1)
    monkeypatch.setattr(fetching, "_LAST_RETRY", 0.1)
    make_bucket(server)
    async with working(folder, echo, hello={"concurrency": 4}, **settings) as bench:
        await bench.send(envelope("m0", LARGE))
        await bench.until_settled("m0")
        reference = bench.queued("b")[0]["payload_ref"]
        server.stop()

        await bench.send({"id": "m1", "route": {"actors": ["a", "b"]}, "payload_ref": reference})
        await bench.send(envelope("m2", f"{LARGE}2"))
        await failed(bench, 2)
        server.start()
        await failed(bench, len(bench.ledger.all("store failed")) + 4)
        assert bench.ledger.all("settled") == ["m0"]

        make_bucket(server)
        key = reference["uri"].removeprefix("s3://payloads/team/")
        open_store("s3://payloads/team", config).put(key, json.dumps(LARGE).encode())
        await bench.until_settled("m1", "m2", within=30.0)
        assert [sent["status"]["attempt"] for sent in bench.queued("b")] == [1, 1, 1]
        assert bench.queued("error-end") == []


async def failed(bench, times):
    await bench.ledger.until(lambda: len(bench.ledger.all("store failed")) >= times, within=30.0)


def test_an_object_is_made_once_and_read_only_at_its_size(store):
    assert store.create("a/once", b"12345") is True
    assert store.create("a/once", b"54321") is False
    assert store.get("a/once", 5) == b"12345"
    with pytest.raises(ObjectSizeError, match="has 5 bytes, not 6"):
        store.get("a/once", 6)


def test_a_missing_object_is_told_from_a_missing_bucket(store, config):
    with pytest.raises(ObjectMissingError, match="no object 'nothing'"):
        store.get("nothing")
    with pytest.raises(ObjectStoreError) as caught:
        open_store("s3://elsewhere", config).get("nothing")
    assert not isinstance(caught.value, ObjectMissingError)
