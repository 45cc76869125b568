"""A faster codec gives what the standard library's gives; libraries that need not be there are understood."""

from __future__ import annotations

import datetime as dt
import os
import sys
import uuid
from pathlib import Path

import numpy as np
import pydantic
import pydantic.v1
import pytest

from asya_runtime import encoding
from asya_runtime.decoding import decode_exactly
from asya_runtime.errors import InvocationError
from asya_runtime.handler import Handler
from images.runtime.tests.test_encoding import ITSELF, TEN_PAST, Colour, Level, Pair, Point, Unwilling, nested


@pytest.fixture(params=["json", "orjson", "msgspec"])
def codec(request, monkeypatch):
    """Give the codec that is chosen where no other library is there."""
    for name in {"orjson", "msgspec", "msgspec.json"} - {request.param, f"{request.param}.json"}:
        monkeypatch.setitem(sys.modules, name, None)
    chosen = encoding.choose()
    assert chosen.name == request.param
    return chosen


def refusal(codec, value):
    with pytest.raises(InvocationError) as caught:
        codec.encode(value, "result")
    assert caught.value.code == "result_error"
    return caught.value.message


class Text(str):
    __slots__ = ()


class Model(pydantic.BaseModel):
    name: str
    at: dt.datetime = TEN_PAST
    values: "list[float]" = []


class OldModel(pydantic.v1.BaseModel):
    name: str
    at: dt.datetime = TEN_PAST


VALUES = [
    {"a": [1, 2.5, None, True, "ü🎭"], "null": "null"},
    [None, 1e16, 1e-7, -0.0, 5e-324, 2**63, -(2**63)],
    2**64,
    [-(2**63) - 1, 2**200],
    "\ud800 and null",
    {"\ud800": 1},
    {1: "a", 2.5: "b", None: "d"},
    {True: "c", False: None},
    {Text("key"): Text("value")},
    {uuid.UUID(int=1): 1, Colour.RED: 2, Level.HIGH: 3},
    (1, 2),
    Pair(1, None),
    Point(1, Point(2)),
    [Colour.RED, Colour.POINT, Level.HIGH],
    [TEN_PAST, TEN_PAST.replace(tzinfo=None), TEN_PAST.date(), dt.time(3, 4), dt.timedelta(seconds=1.5)],
    {"set": {3, 1, 2}, "bytes": b"\x00\xff"},
    np.float64(0.5),
    [np.float32(0.5), np.int64(-3), np.uint8(200), np.bool_(True), np.str_("ü")],
    np.arange(6).reshape(2, 3),
    np.array(7),
    np.array([["a"]], dtype=object),
    {np.int64(3): 1},
    np.datetime64("2026-01-02"),
    Model(name="x"),
    [OldModel(name="x")],
    nested(200),
    nested(300),
]


@pytest.mark.parametrize("value", VALUES, ids=lambda value: type(value).__name__)
def test_every_codec_writes_the_same_value(codec, value):
    written = codec.encode(value, "result")

    assert decode_exactly(written) == decode_exactly(encoding.encode_exactly(value))


def test_the_forms_of_numpy_and_pydantic_are_what_one_expects(codec):
    value = {"array": np.eye(2), "scalar": np.int8(3), "model": Model(name="x"), "old": OldModel(name="y")}

    assert decode_exactly(codec.encode(value, "result")) == {
        "array": [[1.0, 0.0], [0.0, 1.0]],
        "scalar": 3,
        "model": {"name": "x", "at": "2026-01-02T03:04:05.000678Z", "values": []},
        "old": {"name": "y", "at": "2026-01-02T03:04:05.000678+00:00"},
    }


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (float("nan"), "result is nan, "),
        ({"a": [None, float("inf")]}, 'result["a"][1] is inf, '),
        ({"a": Point(1, float("nan"))}, 'result["a"]["y"] is nan, '),
        ({"a": {1.5, float("-inf")}}, 'result["a"][0] is -inf, '),
        ({"a": np.array([0.5, np.nan])}, 'result["a"][1] is nan, '),
        ({"a": np.float64("nan")}, 'result["a"] is nan, '),
        ({"a": np.float32("inf")}, 'result["a"] is inf, '),
        ({"m": Model(name="x", values=[0.5, float("nan")])}, 'result["m"]["values"][1] is nan, '),
        ({float("nan"): 1}, "a key of result is nan, "),
        ([np.longdouble(1)], "result[0] is of type numpy.longdouble, which has no JSON form"),
        ([np.complex128(1)], "result[0] is of type complex, which has no JSON form"),
        ({"a": {(1, 2): 3}}, 'the key (1, 2) of result["a"] is of type tuple, which has no JSON form'),
        ({"a": object()}, 'result["a"] is of type object, which has no JSON form'),
        ({"p": Unwilling(1)}, 'result["p"] can\'t be turned into JSON: RuntimeError: not now'),
        (ITSELF, 'result[0]["again"] contains itself, so it can\'t be written as JSON'),
        (nested(100_000), "result is nested too deeply to be written as JSON"),
    ],
)
def test_every_codec_refuses_the_same_for_the_same_reason(codec, value, message):
    assert refusal(codec, value).startswith(message)


@pytest.mark.parametrize(
    "data",
    [
        b'{"a": [1, 2.5, null, true, "\xc3\xbc"]}',
        b"18446744073709551615",
        b"18446744073709551616",
        b"[-9223372036854775809, 123456789012345678901234567890]",
        b"0.12345678901234567890123",
        b'"1234567890123456789012"',
        b"-0",
        b"-0.0",
        b"1e400",
        b"[-1E+400]",
        b"9" * 400 + b".0",
        b"9" * 4301,
        b"1" * 250 + b"e99",
        b'"\\ud800"',
        b'"\\ud83d\\ude00"',
        b'"\\u0000\x7f"',
        b'{"a":1,"a":2}',
        b" \t\r\n1 ",
        b"[" * 300 + b"]" * 300,
    ],
)
def test_every_codec_reads_the_same_value(codec, data):
    value, expected = codec.decode(data), decode_exactly(data)

    assert value == expected
    assert type(value) is type(expected)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b" ",
        b"{",
        b"[1,]",
        b"NaN",
        b"[-Infinity]",
        b"1 2",
        b"01",
        b"\xff",
        b"\xed\xa0\x80",
        b"\xef\xbb\xbf1",
        b'"\n"',
    ],
)
def test_every_codec_refuses_the_same_json(codec, data):
    with pytest.raises(InvocationError) as caught:
        codec.decode(data)
    assert caught.value.code == "msg_parsing_error"
    assert caught.value.message.startswith("the message is not JSON: ")


@pytest.mark.parametrize("data", [b'{"a":[null,1e400]}', b"[-%s]" % (b"9" * 5000)], ids=["float", "int"])
def test_every_codec_passes_huge_numbers_on(codec, data):
    assert codec.encode(codec.decode(data), "result") == data


def test_a_broken_or_old_library_is_passed_over(monkeypatch):
    monkeypatch.setitem(sys.modules, "orjson", type(sys)("orjson"))
    monkeypatch.setitem(sys.modules, "msgspec.json", type(sys)("msgspec.json"))

    assert encoding.choose().name == "json"


def test_orjson_is_preferred():
    assert encoding.choose().name == "orjson"


def test_many_results_take_no_more_memory_than_they_need(codec):
    def resident():
        return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")

    handler = Handler(lambda entries: entries, "payload", codec=codec)
    before = resident()
    results = list(handler.results([1] * 20_000))

    assert results == [b"1"] * 20_000
    assert resident() - before < 10_000_000
