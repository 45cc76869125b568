"""What holds for any frames, in any pieces, and for any bytes at all."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from asya_runtime import frames
from images.runtime.tests.driver import FROM_RUNTIME, invoke_body

LIMIT = 256
REQUESTS = st.integers(1, 2**64 - 1)
BODIES = st.binary(min_size=1, max_size=LIMIT)
RUNTIME_FRAMES = st.one_of(
    st.tuples(st.just(frames.ITEM), REQUESTS, BODIES),
    st.tuples(st.just(frames.ERROR), REQUESTS, st.binary(min_size=2, max_size=LIMIT)),
    st.tuples(st.just(frames.END), REQUESTS, st.binary(min_size=8, max_size=8)),
    st.tuples(st.sampled_from([frames.PING, frames.PONG]), st.just(0), st.binary(max_size=LIMIT)),
    st.tuples(st.just(frames.DRAIN), st.just(0), st.just(b"")),
)


def pieces(data, cuts):
    ends = sorted(cut % (len(data) + 1) for cut in cuts)
    return [data[start:end] for start, end in zip([0, *ends], [*ends, len(data)], strict=True)]


def feed_all(parts):
    decoder = frames.Decoder(FROM_RUNTIME, LIMIT)
    read = [frame for part in parts for frame in decoder.feed(part)]
    return read, decoder.error


@given(st.lists(RUNTIME_FRAMES, max_size=12), st.lists(st.integers(0, 10_000), max_size=30))
def test_frames_survive_any_splitting(sent, cuts):
    stream = b"".join(frames.encode(*frame) for frame in sent)

    assert feed_all(pieces(stream, cuts)) == (sent, None)


@given(st.lists(RUNTIME_FRAMES, max_size=3), st.binary(max_size=600), st.lists(st.integers(0, 10_000), max_size=30))
def test_garbage_is_judged_alike_in_any_pieces(sent, garbage, cuts):
    stream = b"".join(frames.encode(*frame) for frame in sent) + garbage
    whole, error = feed_all([stream])
    read, error_in_pieces = feed_all(pieces(stream, cuts))

    assert read == whole
    assert read[: len(sent)] == sent
    assert str(error) == str(error_in_pieces)


@given(st.integers(0, 2**32 - 1), st.binary(max_size=100), st.binary(max_size=100))
def test_an_invoke_comes_back_in_its_parts(timeout_ms, meta, payload):
    assert frames.parse_invoke(invoke_body(timeout_ms, meta, payload)) == (timeout_ms, meta, payload)


@given(st.binary(min_size=8, max_size=100))
def test_any_body_of_an_invoke_is_parsed_or_refused(body):
    try:
        timeout_ms, meta, payload = frames.parse_invoke(body)
    except frames.FrameError:
        assert int.from_bytes(body[4:8], "big") > len(body) - 8
    else:
        assert invoke_body(timeout_ms, meta, payload) == body
