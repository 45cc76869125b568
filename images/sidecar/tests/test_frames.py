import collections
import itertools
import json
import random
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from asya_runtime import frames as runtime_frames
from asya_sidecar.frames import FrameReader, Kind, ProtocolError, decode_end, encode_frame, encode_invoke
from images.runtime.tests.driver import FROM_RUNTIME

CONTRACT = json.loads((Path(__file__).parents[3] / "tests/contract/frames.json").read_text())
LIMIT = 1024
FUZZ_CASES = 100_000


def named(cases):
    return pytest.mark.parametrize("case", cases, ids=[case["name"] for case in cases])


def from_runtime(cases):
    return [case for case in cases if case["direction"] in ("runtime", "both")]


def from_sidecar(cases):
    return [case for case in cases if case["direction"] in ("sidecar", "both")]


@named(from_runtime(CONTRACT["frames"]))
def test_a_golden_frame_is_read_whole(case):
    raw = bytes.fromhex(case["hex"])

    assert list(FrameReader(1 << 24).feed(raw)) == [(Kind[case["kind"]], case["request"], raw[13:])]


@named(from_sidecar(CONTRACT["frames"]))
def test_a_golden_frame_is_written_byte_for_byte(case):
    fields = case["fields"]
    if case["kind"] == "INVOKE":
        meta = json.dumps(fields["meta"], separators=(",", ":"), ensure_ascii=False).encode()
        pieces = encode_invoke(case["request"], fields["timeout_ms"] / 1000, meta, fields["payload"].encode())
        written = b"".join(pieces)
    else:
        written = encode_frame(Kind[case["kind"]], case["request"], bytes.fromhex(fields.get("data_hex", "")))

    assert written == bytes.fromhex(case["hex"])


@named(from_runtime(CONTRACT["violations"]))
def test_a_golden_violation_is_refused(case):
    with pytest.raises(ProtocolError):
        list(FrameReader(case["limit"]).feed(bytes.fromhex(case["hex"])))


@named(from_runtime(CONTRACT["violations"]))
def test_a_golden_violation_is_refused_byte_by_byte(case):
    reader = FrameReader(case["limit"])
    pieces = (bytes([byte]) for byte in bytes.fromhex(case["hex"]))
    with pytest.raises(ProtocolError):
        collections.deque((list(reader.feed(piece)) for piece in pieces), maxlen=0)


def test_an_impossible_length_is_refused_before_anything_else_comes():
    with pytest.raises(ProtocolError, match="announced a body of 4294967286 bytes; 0 to 1024 are allowed"):
        list(FrameReader(LIMIT).feed(b"\xff\xff\xff\xff"))


def test_the_end_of_a_request_tells_seconds():
    assert decode_end(runtime_frames.end_body(1_500_000)) == 1.5


def test_a_timeout_is_never_rounded_down_to_none():
    pieces = encode_invoke(1, 0.0001, b"{}", b"1")

    assert runtime_frames.parse_invoke(b"".join(pieces)[13:])[0] == 1


_bodies = st.binary(max_size=300)
_good = st.one_of(
    st.tuples(st.just(Kind.ITEM), st.integers(1, 2**64 - 1), st.binary(min_size=1, max_size=300)),
    st.tuples(st.just(Kind.END), st.integers(1, 2**64 - 1), st.binary(min_size=8, max_size=8)),
    st.tuples(st.just(Kind.PING), st.just(0), _bodies),
    st.tuples(st.just(Kind.DRAIN), st.just(0), st.just(b"")),
)


@given(st.lists(_good, max_size=12), st.lists(st.integers(0, 3000), max_size=20))
def test_frames_come_out_the_same_however_the_stream_is_cut(sent, cuts):
    stream = b"".join(encode_frame(*frame) for frame in sent)
    edges = sorted({0, len(stream), *(min(cut, len(stream)) for cut in cuts)})
    reader = FrameReader(LIMIT)

    received = [frame for start, stop in itertools.pairwise(edges) for frame in reader.feed(stream[start:stop])]

    assert received == sent


@given(st.integers(0, 11), st.integers(0, 3), st.binary(max_size=40))
def test_both_codecs_allow_the_same_frames(kind, request, body):
    raw = runtime_frames.encode(kind, request, body)
    theirs = runtime_frames.Decoder(FROM_RUNTIME, LIMIT)
    frames = [tuple(frame) for frame in theirs.feed(raw)]
    if theirs.error is None:
        assert list(FrameReader(LIMIT).feed(raw)) == frames
    else:
        with pytest.raises(ProtocolError):
            list(FrameReader(LIMIT).feed(raw))


def test_garbage_is_refused_or_waited_for_and_never_anything_else():
    chance = random.Random(7)
    outcomes = set()
    for _ in range(FUZZ_CASES):
        head = chance.choice(
            (b"", b"\x00", b"\x00\x00\x00", b"\x00\x00\x00\x0a\x03", b"\x00\x00\x00\x09\x07" + bytes(8))
        )
        reader = FrameReader(LIMIT)
        try:
            seen = list(reader.feed(head + chance.randbytes(chance.randrange(40))))
        except ProtocolError:
            outcomes.add("refused")
        else:
            outcomes.add("read" if seen else "waits")

    assert outcomes == {"refused", "read", "waits"}
