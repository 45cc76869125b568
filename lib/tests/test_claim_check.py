import hashlib
import json
from datetime import UTC, datetime, timedelta, timezone
from urllib.parse import quote

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import UNSET, Raw

from asya_core.claim_check import Place, Reference, read_reference, with_payload, with_reference, write_reference
from asya_core.envelope import decode, encode
from asya_core.errors import ClaimError
from asya_core.limits import Limits

NOW = datetime(2026, 3, 1, 23, 30, tzinfo=UTC)
SHA = hashlib.sha256(b"content").hexdigest()
PLACE = Place("s3://bucket/team", "payloads-asya/")
BELOW = "s3://bucket/team/payloads-asya/"
GOOD = f"{BELOW}2026-03-01/{SHA}"


def refused(uri, sha256=SHA, place=PLACE):
    with pytest.raises(ClaimError) as caught:
        place.key_of(Reference(uri, sha256, 7))
    assert caught.value.code == "claim_refused"
    return str(caught.value)


def test_a_reference_names_day_and_content_and_leads_back_to_its_key():
    reference = PLACE.refer(SHA, 7, NOW)
    assert reference == Reference(GOOD, SHA, 7)
    assert PLACE.key_of(reference) == f"payloads-asya/2026-03-01/{SHA}"


def test_the_day_is_that_of_utc():
    east = NOW.astimezone(timezone(timedelta(hours=9)))
    assert PLACE.refer(SHA, 7, east).uri == GOOD


@pytest.mark.parametrize(
    ("url", "prefix", "below"),
    [
        ("s3://bucket", "a", "s3://bucket/a/"),
        ("s3://bucket/", "/a/b/", "s3://bucket/a/b/"),
        ("file:///data", "payloads-asya/", "file:///data/payloads-asya/"),
        ("file://localhost/data//x/", "a", "file:///data/x/a/"),
        ("az://container/x", "day=1", "az://container/x/day=1/"),
    ],
)
def test_one_place_is_written_in_one_way_however_it_is_set(url, prefix, below):
    place = Place(url, prefix)
    assert place.refer(SHA, 7, NOW).uri == f"{below}2026-03-01/{SHA}"


@pytest.mark.parametrize("url", ["", "bucket", "s3:/bucket", "s3://b?x=1", "s3://b#x", "file:///data/../etc", "S3://b"])
def test_a_url_that_is_none_is_no_place(url):
    with pytest.raises(ValueError, match="is no plain URL of a store"):
        Place(url, "a")


@pytest.mark.parametrize("prefix", ["", "/", ".", "..", "a/../b", "a//b", "a b", "a%2Fb", "é"])
def test_a_prefix_that_can_leave_its_folder_is_no_place(prefix):
    with pytest.raises(ValueError, match="is no prefix for keys"):
        Place("s3://bucket", prefix)


@pytest.mark.parametrize(
    "uri",
    [
        "",
        SHA,
        f"s3://other/team/payloads-asya/2026-03-01/{SHA}",
        f"gs://bucket/team/payloads-asya/2026-03-01/{SHA}",
        f"file:///bucket/team/payloads-asya/2026-03-01/{SHA}",
        f"s3://bucket/payloads-asya/2026-03-01/{SHA}",
        f"s3://bucket/team/payloads-asya-x/2026-03-01/{SHA}",
        f"s3://user@bucket/team/payloads-asya/2026-03-01/{SHA}",
        f"S3://bucket/team/payloads-asya/2026-03-01/{SHA}",
        f"{BELOW}../claims-asya/2026-03-01/{SHA}",
        f"{BELOW}%2e%2e/2026-03-01/{SHA}",
        f"{BELOW}2026-03-01/../2026-03-01/{SHA}",
        f"{BELOW}2026-03-01%2F{SHA}",
        f"{BELOW}/2026-03-01/{SHA}",
        f"{BELOW}2026-03-01//{SHA}",
        f"{BELOW}2026-03-01/{SHA}\n",
        f"{BELOW}2026-03-01/{SHA}/",
        f"{BELOW}2026-03-01/{SHA}?versionId=1",
        f"{BELOW}2026-03-01/{SHA}#x",
        f"{BELOW}2026-03-01/{SHA}.0.json",
        f"{BELOW}٢٠٢٦-03-01/{SHA}",
        f"{BELOW}2026-03-01/{SHA.upper()}",
        f" {GOOD}",
    ],
)
def test_a_reference_that_leads_elsewhere_is_refused(uri):
    assert "does not lie in s3://bucket/team/payloads-asya/, the one place for payloads" in refused(uri)


def test_a_reference_to_content_that_is_named_otherwise_is_refused():
    assert "is named after other content" in refused(GOOD, sha256="0" * 64)


def test_a_long_forgery_is_not_repeated_whole():
    assert len(refused("s3://" + "x" * 4000)) < 700


@given(st.one_of(st.text(max_size=200), st.text(alphabet="./%2eEfF\\0a", max_size=60).map(lambda text: BELOW + text)))
def test_what_is_followed_is_exactly_a_payload_below_the_place(uri):
    for tried in (uri, f"{uri}{GOOD}", f"{BELOW}{uri}/{SHA}", GOOD + uri, quote(GOOD + uri)):
        try:
            key = PLACE.key_of(Reference(tried, SHA, 7))
        except ClaimError:
            continue
        day = key.removeprefix("payloads-asya/").removesuffix(f"/{SHA}")
        assert len(day) == 10
        assert set(day) <= set("0123456789-")
        assert tried == f"s3://bucket/team/{key}"


@pytest.mark.parametrize(
    "raw",
    [
        b"null",
        b"{}",
        b'"s3://bucket"',
        b'{"uri": 5, "sha256": "", "size": 1}',
        json.dumps({"uri": GOOD, "sha256": SHA[:-1], "size": 7}).encode(),
        json.dumps({"uri": GOOD, "sha256": SHA + "\n", "size": 7}).encode(),
        json.dumps({"uri": GOOD, "sha256": SHA.upper(), "size": 7}).encode(),
        json.dumps({"uri": GOOD, "sha256": SHA, "size": -1}).encode(),
        json.dumps({"uri": GOOD, "sha256": SHA, "size": 7.5}).encode(),
        json.dumps({"uri": GOOD, "sha256": SHA, "size": 2**63}).encode(),
        json.dumps({"uri": "s3://" + "x" * 5000, "sha256": SHA, "size": 7}).encode(),
        b"[" * 5000,
    ],
)
def test_what_is_no_reference_is_refused(raw):
    with pytest.raises(ClaimError, match=r"^payload_ref: no reference to a payload") as caught:
        read_reference(Raw(raw))
    assert caught.value.code == "claim_refused"


def test_a_reference_is_read_as_it_was_written():
    reference = PLACE.refer(SHA, 7, NOW)
    assert read_reference(write_reference(reference)) == reference


def test_payload_and_reference_take_each_others_place_and_nothing_else_changes():
    body = b'{"id":"a","route":{"actors":["x"],"current":0},"headers":{"h":1},"payload":{"n": 1},"extra":true}'
    envelope = decode(body, Limits())
    referring = with_reference(envelope, write_reference(PLACE.refer(SHA, 7, NOW)))
    assert referring.payload is UNSET
    assert msgspec.json.decode(encode(referring))["payload_ref"] == {"uri": GOOD, "sha256": SHA, "size": 7}
    assert encode(with_payload(referring, Raw(b'{"n": 1}'))) == encode(envelope)
