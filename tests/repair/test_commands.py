"""The commands find broker and store by the files and options that a cluster's operator gives."""

import asyncio
import hashlib
import json

import pytest

from asya_cli.__main__ import run
from asya_core.claim_check import Place as ClaimPlace
from asya_core.claim_check import write_reference
from asya_core.transports import open_transport
from tests.repair.making import NOW, keep, keep_error, message, record, stored

pytestmark = pytest.mark.needs("helm")


@pytest.fixture
def queues(nats_settings, prefix):
    """Give the queues of two actors, by a broker of which the commands know nothing but its address."""
    names = [f"{prefix}judge", f"{prefix}judge-2"]

    async def each(what):
        transport = open_transport("nats", nats_settings)
        await transport.connect()
        for name in names:
            await getattr(transport, what)(name)
        await transport.close()

    asyncio.run(each("ensure"))
    yield names
    asyncio.run(each("delete"))


@pytest.fixture
def asya(queues, nats_settings, prefix, tmp_path, monkeypatch, capfd):
    """Call a command from a folder without a local run."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mine.yaml").write_text(
        json.dumps({"queues": {"prefix": prefix}, "transports": {"nats": {"url": nats_settings["ASYA_NATS_URL"]}}})
    )
    where = ["-f", "values/nats.yaml", "-f", "mine.yaml"]

    def call(*arguments, code=0):
        capfd.readouterr()
        ended = run([*arguments, *where])
        printed = capfd.readouterr()
        assert ended == code, f"{arguments} ended with {ended}\n{printed.out}{printed.err}"
        return printed

    assert queues
    return call


def test_errors_go_back_to_their_queue_and_on_to_another(asya, store, store_url, prefix):
    for number in range(3):
        keep_error(store, f"m{number}", ["split", "judge"])
    assert asya("errors", "redrive", "--actor", "judge", "--yes", "--store", store_url).err == "3 redriven\n"
    assert stored(store) == []
    rows = [json.loads(line) for line in asya("queues", "ls", "--json").out.splitlines()]
    assert [(row["actor"], row["ready"]) for row in rows] == [("judge", 3), ("judge-2", 0)]
    peeked = asya("queues", "peek", "judge", "--limit", "1").out
    assert "  route    split -> [judge]\n" in peeked
    assert "generation 1" in peeked
    told = asya("queues", "move", "judge", "judge-2", "--dry-run").err
    assert told == f"3 messages of {prefix}judge would be looked at; nothing was done\n"
    assert asya("queues", "move", "judge", "judge-2", "--yes").err == "3 moved\n"
    messages = [json.loads(line) for line in asya("queues", "peek", "judge-2", "--json").out.splitlines()]
    assert {message["id"] for message in messages} == {"m0", "m1", "m2"}
    assert {tuple(message["route"]["actors"]) for message in messages} == {("split", "judge-2")}


def test_a_store_in_the_cluster_has_to_be_named(asya):
    told = asya("errors", "ls", code=1).err
    assert "the store of values/nats.yaml, mine.yaml is file:///data, a volume in the cluster" in told


def test_nobody_moves_messages_unasked(asya, store, store_url):
    keep_error(store, "m", ["judge"])
    asya("errors", "redrive", "m", "--store", store_url)
    told = asya("queues", "move", "judge", "judge-2", code=2).err
    assert "Move 1 message from" in told
    assert "say it with --yes, or look first with --dry-run" in told


def test_a_payload_that_is_stored_by_reference_is_edited_whole(store, store_url, monkeypatch, tmp_path, capfd):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("ASYA_CLAIM_CHECK_URL", store_url)
    body = b'{"text":"large","n":1}'
    sha256 = hashlib.sha256(body).hexdigest()
    reference = ClaimPlace(store_url, "payloads-asya/").refer(sha256, len(body), NOW)
    store.put(f"payloads-asya/2026-03-01/{sha256}", body)
    text = message("a", ["judge"], payload_ref=json.loads(bytes(write_reference(reference))))
    del text["payload"]
    keep(store, record(text))
    assert run(["errors", "edit", "a", "--set", "n=2", "--store", store_url]) == 0
    capfd.readouterr()
    assert run(["errors", "show", "a", "--json", "--store", store_url]) == 0
    kept = json.loads(capfd.readouterr().out)["payload"]
    assert kept["edited_payload"] == {"text": "large", "n": 2}
    assert kept["original_payload_ref"]["sha256"] == sha256
