"""The frames, held against the golden bytes and against streams that arrive in any pieces."""

from __future__ import annotations

import json
import random
from pathlib import Path

import pytest

from asya_runtime import frames
from images.runtime.tests.driver import FROM_RUNTIME, invoke_body

GOLDEN = json.loads((Path(__file__).parents[3] / "tests/contract/frames.json").read_text(encoding="utf-8"))
ALLOWED = {"sidecar": frames.FROM_SIDECAR, "runtime": FROM_RUNTIME}


def named(cases):
    return [pytest.param(case, id=f"{case['direction']}: {case['name']}") for case in cases]


def body_of(case):
    """Build the body of a golden frame from its fields."""
    fields = case["fields"]
    kind = case["kind"]
    if kind == "INVOKE":
        return invoke_body(fields["timeout_ms"], compact(fields["meta"]), fields["payload"].encode())
    if kind == "ITEM":
        return fields["item"].encode()
    if kind == "END":
        return frames.end_body(fields["microseconds"])
    if kind in {"PING", "PONG"}:
        return bytes.fromhex(fields["data_hex"])
    return compact(fields) if fields else b""


def compact(value):
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False).encode()


def decode(data, direction, limit=frames.DEFAULT_LIMIT):
    decoder = frames.Decoder(ALLOWED[direction], limit)
    return decoder.feed(data), decoder.error


@pytest.mark.parametrize("case", named(GOLDEN["frames"]))
def test_a_golden_frame_is_written_as_it_stands(case):
    kind = getattr(frames, case["kind"])

    assert frames.encode(kind, case["request"], body_of(case)).hex() == case["hex"]
    assert frames.header(kind, case["request"], len(body_of(case))) + body_of(case) == bytes.fromhex(case["hex"])


@pytest.mark.parametrize("case", named(GOLDEN["frames"]))
@pytest.mark.parametrize("direction", ["sidecar", "runtime"])
def test_a_golden_frame_is_read_from_who_may_send_it(case, direction):
    read, error = decode(bytes.fromhex(case["hex"]), direction)

    if case["direction"] in {direction, "both"}:
        assert (read, error) == ([(getattr(frames, case["kind"]), case["request"], body_of(case))], None)
    else:
        assert read == []
        assert "may not come from this peer" in str(error)


def test_the_parts_of_an_invoke_come_back():
    cases = [case for case in GOLDEN["frames"] if case["kind"] == "INVOKE"]
    assert len(cases) == 4
    for case in cases:
        ((_, _, body),), _ = decode(bytes.fromhex(case["hex"]), "sidecar")
        timeout_ms, meta, payload = frames.parse_invoke(body)
        assert {"timeout_ms": timeout_ms, "meta": json.loads(meta), "payload": payload.decode()} == case["fields"]


@pytest.mark.parametrize("case", named(GOLDEN["violations"]))
def test_a_golden_violation_is_refused(case):
    read, error = decode(bytes.fromhex(case["hex"]), case["direction"], case["limit"])

    if error is None:
        ((kind, _, body),) = read
        assert kind == frames.INVOKE
        with pytest.raises(frames.FrameError, match="meta has 3 bytes, but only 2 follow"):
            frames.parse_invoke(body)
    else:
        assert read == []


def test_every_kind_has_a_golden_frame():
    assert {case["kind"] for case in GOLDEN["frames"]} == set(frames.NAMES.values())


@pytest.mark.parametrize("seed", range(20))
def test_a_stream_gives_the_same_frames_in_any_pieces(seed):
    choice = random.Random(seed)
    cases = [case for case in GOLDEN["frames"] if case["direction"] in {"sidecar", "both"}]
    stream = b"".join(bytes.fromhex(choice.choice(cases)["hex"]) for _ in range(30))
    whole, _ = decode(stream, "sidecar")
    decoder = frames.Decoder(frames.FROM_SIDECAR)
    read = []
    while stream:
        size = choice.choice([1, 2, 3, 5, 13, 100, 10_000])
        read += decoder.feed(stream[:size])
        stream = stream[size:]

    assert len(whole) == 30
    assert read == whole


@pytest.mark.parametrize("size", [1, 1000])
def test_frames_before_a_violation_are_read_and_nothing_after_it(size):
    good = frames.encode(frames.PING, 0, b"1")
    stream = good + good + b"\0\0\0\0" + good
    decoder = frames.Decoder(frames.FROM_SIDECAR)
    read = []
    for start in range(0, len(stream), size):
        read += decoder.feed(stream[start : start + size])

    assert read == [(frames.PING, 0, b"1")] * 2
    assert "its length is 0" in str(decoder.error)
    assert decoder.feed(good) == []


def test_a_body_of_exactly_the_limit_is_read():
    frame = frames.encode(frames.PING, 0, b"x" * 64)

    assert decode(frame, "sidecar", limit=64) == ([(frames.PING, 0, b"x" * 64)], None)
    assert str(decode(frame, "sidecar", limit=63)[1]) == "a frame has a body of 64 bytes; the limit is 63"


def test_a_length_over_the_limit_is_refused_before_anything_of_it_is_kept():
    assert decode(b"\xff\xff\xff\xff", "sidecar")[1] is not None


def test_a_wrong_kind_is_refused_before_its_body_comes():
    assert "kind 3 (ITEM)" in str(decode(frames.header(frames.ITEM, 1, 1_000_000), "sidecar")[1])


def test_a_hundred_thousand_pieces_of_garbage_do_no_harm():
    choice = random.Random(1)
    refused = 0
    for _ in range(100_000):
        decoder = frames.Decoder(frames.FROM_SIDECAR, 64)
        read = decoder.feed(choice.randbytes(choice.randrange(40)))
        refused += decoder.error is not None
        assert all(kind in frames.FROM_SIDECAR and len(body) <= 64 for kind, _, body in read)

    assert refused > 50_000
