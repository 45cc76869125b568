import json

import pytest
from msgspec import UNSET

from asya_core.envelope import check_json, decode, decode_edit, encode
from asya_core.errors import EnvelopeError
from asya_core.limits import Limits
from lib.tests.envelopes import LIMITS, meaning, raw


def text(payload="1", **others):
    """The JSON of an envelope; every argument is JSON already."""
    members = {"id": '"a"', "route": '{"actors":["b"]}', **others, "payload": payload}
    return "{" + ",".join(f"{json.dumps(name)}:{value}" for name, value in members.items()) + "}"


def read(written):
    return decode(written if isinstance(written, bytes) else written.encode(), LIMITS)


def refusal_of(written):
    with pytest.raises(EnvelopeError) as caught:
        read(written)
    assert caught.value.code == "msg_parsing_error"
    return str(caught.value)


@pytest.mark.parametrize(
    "payload",
    [
        "null", '""', "[]", "{}", "-0", "0.10", "1e999", "-1E+05", "9" * 10_000, '"\\ud83d\\ude00"', '"é"', '"\\u0000"',
        '{"b": 1 ,\n"a":[ ]}', '{"a":1,"a":2}',
    ],
)  # fmt: skip
def test_a_payload_survives_byte_for_byte(payload):
    envelope = read(text(payload))

    assert raw(envelope.payload) == payload.encode()
    assert f'"payload":{payload}'.encode() in encode(envelope)


@pytest.mark.parametrize("value", ["null", "true", "3", "1e999", '"text"', "[1, 2]", '{"a": {}}'])
def test_headers_of_any_json_type_survive(value):
    assert meaning(encode(read(text(headers=f'{{"":{value},"h":{value}}}'))))["headers"] == meaning(
        f'{{"":{value},"h":{value}}}'
    )


@pytest.mark.parametrize("name", ["extra", "unknown", "<unknown>", "", "Payload", "__dict__"])
def test_unknown_members_survive_at_every_level_whatever_their_name(name):
    other = f'{json.dumps(name)}:{{"a":[1e999]}}'
    written = text(
        route=f'{{"actors":["b"],"current":0,{other}}}',
        status=f'{{"phase":"pending",{other},"error":{{"type":"E",{other}}}}}',
        **{name: '{"a":[1e999]}'},
    )

    assert meaning(encode(read(written))) == meaning(written)


def test_unknown_members_do_not_hide_a_mistake():
    assert refusal_of(text(extra="1", status='{"attempt":"two","x":1}')) == (
        "no envelope: Expected `int`, got `str` - at `$.status.attempt`"
    )


def test_a_route_begins_at_its_first_actor():
    assert read(text()).route.current == 0


def test_of_members_that_come_twice_the_last_one_counts_as_in_every_json_parser():
    written = (
        '{"id":"a","id":"b","route":{"actors":["x"]},"route":{"actors":["y"],"z":1,"z":2},"payload":1,"payload":2}'
    )

    assert meaning(encode(read(written))) == {
        "id": "b",
        "route": {"actors": ["y"], "current": "0", "z": "2"},
        "payload": "2",
    }


def test_a_reference_may_stand_for_the_payload():
    envelope = read('{"id":"a","route":{"actors":["b"]},"payload_ref":{"uri":"s3://x"}}')

    assert envelope.payload is UNSET
    assert meaning(encode(envelope))["payload_ref"] == {"uri": "s3://x"}


@pytest.mark.parametrize(
    ("written", "sentence"),
    [
        ("", "not JSON: Input data was truncated"),
        ("nonsense", "not JSON: invalid character (byte 4)"),
        ("[]", "no envelope: Expected `object`, got `array`"),
        ("null", "no envelope: Expected `object`, got `null`"),
        ('{"id":"a","payload":1}', "no envelope: Object missing required field `route`"),
        ('{"route":{"actors":[]},"payload":1}', "no envelope: Object missing required field `id`"),
        (
            '{"id":"a","route":{"actors":[]}}',
            "payload: missing; an envelope has a payload, which may be null",
        ),
        (text(id="7"), "no envelope: Expected `str`, got `int` - at `$.id`"),
        (text(route="[]"), "no envelope: Expected `object`, got `array` - at `$.route`"),
        (text(route="{}"), "no envelope: Object missing required field `actors` - at `$.route`"),
        (text(route='{"actors":"b"}'), "no envelope: Expected `array`, got `str` - at `$.route.actors`"),
        (text(route='{"actors":[],"current":true}'), "no envelope: Expected `int`, got `bool` - at `$.route.current`"),
        (text(route='{"actors":[],"current":0.0}'), "no envelope: Expected `int`, got `float` - at `$.route.current`"),
        (text(headers="[]"), "no envelope: Expected `object`, got `array` - at `$.headers`"),
        (text(status="null"), "no envelope: Expected `object`, got `null` - at `$.status`"),
        (text(status='{"attempt":true}'), "no envelope: Expected `int`, got `bool` - at `$.status.attempt`"),
        (text(status='{"attempt":-1}'), "no envelope: Expected `int` >= 0 - at `$.status.attempt`"),
        (text(status='{"error":[]}'), "no envelope: Expected `object`, got `array` - at `$.status.error`"),
        (text(id='""'), "id: '' must be 1 to 128 characters of A-Z a-z 0-9 . _ : -"),
        (text(parent_id='""'), "parent_id: '' must be 1 to 128 characters of A-Z a-z 0-9 . _ : -"),
    ],
)  # fmt: skip
def test_what_is_no_envelope_is_refused_with_a_sentence_that_names_the_field(written, sentence):
    assert refusal_of(written) == sentence


@pytest.mark.parametrize("digits", [str(2**63), str(2**64), "1" + "0" * 4000, "1" + "0" * 5000], ids=len)
@pytest.mark.parametrize("place", ["attempt", "max_attempts", "generation", "current"])
def test_a_count_that_not_every_parser_can_hold_is_refused(place, digits):
    counted = f'{{"actors":["b"],"{place}":{digits}}}'
    written = text(route=counted) if place == "current" else text(status=f'{{"{place}":{digits}}}')

    assert f"{place}`" in refusal_of(written)


@pytest.mark.parametrize(
    "broken", ['{"id":7,', '{"x":1,"id":"a",', '{"id":7,"x":nonsense}', '{"status":7,"\\ud800":1}']
)
def test_broken_json_is_refused_even_behind_a_wrong_or_unknown_field(broken):
    assert refusal_of(broken).startswith("not JSON: ")


@pytest.mark.parametrize(
    "payload", ['"\\ud800"', '"\\uDBFF."', '{"\\ud83d":1}', '["\\ud83d\\ud83d"]', '"\\udc00"', '"caf\\udce9 "']
)
def test_half_a_surrogate_pair_is_refused_with_what_to_do(payload):
    assert refusal_of(text(payload)) == (
        r"not JSON: it holds half of a surrogate pair, such as \ud83d alone; write both halves, or the character itself"
    )


@pytest.mark.parametrize(
    ("payload", "sentence"),
    [
        ("NaN", "NaN at byte 45 is no number of JSON; write null instead"),
        ("[1, -Infinity]", "-Infinity at byte 49 is no number of JSON; write null instead"),
        ('["NaN", x]', "invalid character (byte 53)"),
    ],
)
def test_what_is_no_number_is_refused_with_what_to_do(payload, sentence):
    assert refusal_of(text(payload)) == f"not JSON: {sentence}"


def test_a_byte_order_mark_is_refused_with_what_to_do():
    assert refusal_of(b"\xef\xbb\xbf" + text().encode()) == (
        "not JSON: it begins with a byte order mark; send UTF-8 without one"
    )


@pytest.mark.parametrize("body", [b"\xff", text('"\xe9"').encode("latin-1"), text().encode("utf-16")])
def test_what_is_not_utf_8_is_refused(body):
    assert refusal_of(body).startswith("not UTF-8: ")


@pytest.mark.parametrize(
    "payload", ["NaN", "Infinity", "-", "01", "1.", ".5", "'a'", '"\t"', '"\\x"', "[1,]", "1 1", ""]
)
def test_a_payload_that_only_lenient_parsers_take_is_refused(payload):
    assert refusal_of(text(payload)).startswith("not JSON: ")


def test_size_and_depth_are_looked_at_before_anything_is_parsed():
    with pytest.raises(EnvelopeError, match=r"^too large: 11 bytes; at most 10 are taken; raise maxBodyBytes"):
        decode(b"nonsense {[", Limits(size=10))
    with pytest.raises(EnvelopeError, match=r"^nested deeper than 1 arrays or objects; send a flatter message$"):
        decode(b"nonsense {[", Limits(depth=1))


def test_nesting_that_the_limit_allows_but_the_parser_cannot_take_is_refused():
    with pytest.raises(EnvelopeError, match=r"^not JSON: "):
        decode(text("[" * 100_000 + "]" * 100_000).encode(), Limits(depth=10**6))


def test_an_envelope_as_deep_as_the_limit_is_taken():
    payload = "[" * 255 + "]" * 255

    assert raw(read(text(payload)).payload) == payload.encode()
    assert refusal_of(text(f"[{payload}]")) == "nested deeper than 256 arrays or objects; send a flatter message"


def test_an_edit_is_read_whatever_stands_where_the_handler_may_not_write():
    edit = decode_edit(text(id='"a-0.1"', parent_id="null", status='"done"', x="1").encode(), LIMITS)

    assert (edit.id, edit.route.actors) == ("a-0.1", ["b"])
    assert list(edit.unknown) == ["x"]


@pytest.mark.parametrize("body", [b"{}", b"{", b"\xff", b'"' + b"[" * 300 + b'"', b"[" * 300])
def test_an_edit_that_is_no_envelope_is_refused(body):
    with pytest.raises(EnvelopeError):
        decode_edit(body, LIMITS)


def test_json_that_may_stand_in_an_envelope_is_told_from_other_bytes():
    check_json(b' {"a": [1e999]} ')
    for body in (b"", b"NaN", b"\xff", b'"\xff"', b"{} {}", b"[" * 100_000):
        with pytest.raises(EnvelopeError):
            check_json(body)
