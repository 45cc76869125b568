import json

from hypothesis import given, settings
from hypothesis import strategies as st

from asya_core.envelope import decode, encode
from lib.tests.envelopes import LIMITS, envelope_texts, header_names, json_texts, meaning, raw


@given(envelope_texts())
@settings(max_examples=250)
def test_any_envelope_says_the_same_after_decode_and_encode(text):
    expected = meaning(text)
    expected["route"].setdefault("current", "0")

    assert meaning(encode(decode(text.encode(), LIMITS))) == expected


@given(envelope_texts())
@settings(max_examples=100)
def test_writing_is_stable(text):
    envelope = decode(text.encode(), LIMITS)
    written = encode(envelope)

    assert decode(written, LIMITS) == envelope
    assert encode(decode(written, LIMITS)) == written


@given(json_texts, st.dictionaries(header_names, json_texts, max_size=3))
@settings(max_examples=100)
def test_the_bytes_of_payload_metadata_and_headers_stay_as_they_are(payload, headers):
    members = ",".join(f"{json.dumps(name)}:{value}" for name, value in headers.items())
    route = f'{{"actors":["b"],"metadata":{payload}}}'
    text = f'{{"id":"a","route":{route},"headers":{{{members}}},"payload":{payload},"x":1}}'
    envelope = decode(text.encode(), LIMITS)
    written = encode(envelope)

    assert raw(envelope.payload) == payload.encode()
    assert raw(envelope.route.metadata) == payload.encode()
    assert {name: raw(value) for name, value in envelope.headers.items()} == {
        name: value.encode() for name, value in headers.items()
    }
    assert f'"payload":{payload}'.encode() in written
    assert f'"metadata":{payload}'.encode() in written
