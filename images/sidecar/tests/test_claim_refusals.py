"""References that lead elsewhere, to other content, or to nothing."""

import hashlib

import pytest

from images.sidecar.tests.bench import working
from images.sidecar.tests.payload_store import LARGE, referring
from images.sidecar.tests.scripted_runtime import echo


@pytest.mark.parametrize(
    ("change", "code", "words"),
    [
        (lambda good: {**good, "uri": "file:///etc/passwd"}, "claim_refused", "the one place for payloads"),
        (lambda good: {**good, "uri": good["uri"].replace("payloads-asya", "claims-asya")}, "claim_refused", "place"),
        (lambda good: {**good, "sha256": "0" * 64}, "claim_refused", "named after other content"),
        (lambda good: {**good, "size": good["size"] - 1}, "claim_refused", "has 2002 bytes, not 2001"),
        (lambda good: {"uri": good["uri"]}, "claim_refused", "no reference to a payload"),
        (
            lambda good: (
                {key: str(value).replace(good["sha256"], "1" * 64) for key, value in good.items()}
                | {"size": good["size"]}
            ),
            "claim_missing",
            "is not there",
        ),
        (
            lambda good: {**good, "size": 20_000_000},
            "msg_parsing_error",
            "; at most 16777216 are taken; raise maxBodyBytes",
        ),
    ],
)
async def test_a_reference_that_can_never_be_followed_is_recorded_without_running(folder, store, change, code, words):
    reference = change(store.put(LARGE))
    async with working(folder, echo, **store.settings) as bench:
        await bench.send(referring(reference))
        await bench.until_settled("m1")

        (record,) = bench.queued("error-end")
        assert record["payload"]["error"] == record["status"]["reason"] == code
        assert words in record["payload"]["details"]["message"]
        assert record["payload"]["original_payload_ref"] == reference
        assert bench.runtime.invoked == []
        assert bench.sample("asya_actor_messages_failed_total", queue="a", reason=code) == 1


@pytest.mark.parametrize(
    ("content", "code", "words"),
    [
        (b"z" * 2002, "claim_refused", "its hash is another"),
        (b"[" * 300 + b"]" * 300, "msg_parsing_error", "nested deeper than 255"),
    ],
)
async def test_content_is_checked_before_it_is_passed_on(folder, store, content, code, words):
    reference = store.put(LARGE)
    (path,) = store.objects
    if code == "claim_refused":
        path.write_bytes(content)
    else:
        digest = hashlib.sha256(content).hexdigest()
        path.with_name(digest).write_bytes(content)
        uri = reference["uri"].replace(reference["sha256"], digest)
        reference = {"uri": uri, "sha256": digest, "size": len(content)}
    async with working(folder, echo, **store.settings) as bench:
        await bench.send(referring(reference))
        await bench.until_settled("m1")

        (record,) = bench.queued("error-end")
        assert record["payload"]["error"] == code
        assert words in record["payload"]["details"]["message"]


async def test_without_a_store_a_reference_is_refused(folder):
    async with working(folder, echo) as bench:
        await bench.send(referring({"uri": "s3://x"}))
        await bench.until_settled("m1")

        (record,) = bench.queued("error-end")
        assert record["payload"]["error"] == "claim_refused"
        assert "no store of large payloads is set here; set claimCheck.url" in record["payload"]["details"]["message"]
