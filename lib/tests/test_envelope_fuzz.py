"""Mutated envelopes: each is either refused with a sentence, or read and written without a change in meaning."""

import random

from asya_core.envelope import decode, encode
from asya_core.errors import EnvelopeError
from asya_core.limits import Limits
from lib.tests.envelopes import meaning

CASES = 100_000
LIMITS = Limits(size=2000, depth=12)

SEEDS = [
    b'{"id":"a","route":{"actors":["b"]},"payload":1}',
    b'{"id":"a-0.1","parent_id":"a","route":{"actors":["b","c"],"current":2,"metadata":{}},"payload_ref":{"uri":""}}',
    b'{"id":"a","route":{"actors":[],"x":[1]},"headers":{"traceparent":"00-1"},"payload":["\\ud83d\\ude00",1e999]}',
    b'{ "id" : "a" , "route" : { "actors" : [ "b" ] } , "status" : { "attempt" : 2 , "x" : null } , "payload" : { } }',
    '{"id":"a","route":{"actors":["b"]},"status":{"error":{"mro":["é"],"message":"\\"","y":0}},"payload":"€"}'.encode(),
]
TOKENS = [
    *b'{}[]",:\\ \n\x00\xef0-.eu',
    *(b'"id":', b'"payload":', b'"current":', b'"unknown":', b'"<unknown>":', b'"error":', b'"":', b"null", b"true"),
    *(b"\\ud800", b"\\udc00", b"\\u0000", b"\xff", b"\xed\xa0\x80", b"\xef\xbb\xbf", b"1e999", b"9" * 30, b"-1"),
    *(b"[[[[[[[[[[[[", b"]]]]]]]]]]]]", b'{"a":{"a":{"a":', b"}}}", b"x" * 200),
]
PIECES = [bytes([token]) if isinstance(token, int) else token for token in TOKENS]


def mutated(chance: random.Random) -> bytes:
    """Change a valid envelope in a few places: pieces inserted, cut out, doubled or taken from another one."""
    body = chance.choice(SEEDS)
    for _ in range(chance.choice((1, 1, 1, 2, 3, 5))):
        start = chance.randrange(len(body) + 1)
        end = min(len(body), start + chance.choice((0, 0, 1, 3, 20)))
        other = chance.choice(SEEDS)
        at = chance.randrange(len(other))
        body = (
            body[:start]
            + chance.choice((b"", chance.choice(PIECES), body[start:end] * 2, other[at : at + 25]))
            + body[end:]
        )
    return body


def test_a_mutated_envelope_is_refused_or_keeps_its_meaning():
    chance = random.Random(20260301)
    read = refused = 0
    for _ in range(CASES):
        body = mutated(chance)
        try:
            envelope = decode(body, LIMITS)
        except EnvelopeError:
            refused += 1
            continue
        written = encode(envelope)
        assert decode(written, LIMITS) == envelope, body
        assert meaning_with_defaults(body) == meaning(written), body
        read += 1
    assert min(read, refused) > CASES // 20


def meaning_with_defaults(body: bytes) -> object:
    """Return what the text says, with the position that it may leave out."""
    said = meaning(body)
    said["route"].setdefault("current", "0")
    return said
