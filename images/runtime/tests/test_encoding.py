"""Values and JSON, with the standard library's codec."""

from __future__ import annotations

import array
import collections
import copy
import dataclasses
import datetime as dt
import decimal
import enum
import io
import json
import pathlib
import types
import uuid
from typing import NamedTuple

import pytest

from asya_runtime.decoding import HugeNumber, decode_exactly
from asya_runtime.encoding import encode_exactly, is_plain
from asya_runtime.errors import InvocationError

TEN_PAST = dt.datetime(2026, 1, 2, 3, 4, 5, 678, tzinfo=dt.timezone.utc)


@dataclasses.dataclass
class Point:
    x: int
    y: object = None
    _hidden: str = "seen"


class Colour(enum.Enum):
    RED = "red"
    POINT = (1, 2)


class Level(enum.IntEnum):
    HIGH = 3


class Pair(NamedTuple):
    first: object
    second: object


def refusal(value, where="result"):
    with pytest.raises(InvocationError) as caught:
        encode_exactly(value, where)
    assert caught.value.code == "result_error"
    return caught.value.message


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ({"b": 1, "a": [True, None, 1.5]}, '{"b":1,"a":[true,null,1.5]}'),
        ("Jörg 🎭 \u2028", '"Jörg 🎭 \u2028"'),
        ("\ud800 \udfff", '"\\ud800 \\udfff"'),
        (2**200, str(2**200)),
        (-0.0, "-0.0"),
        (1e300, "1e+300"),
        ({1: "a", 2.5: "b", False: "c", None: "d"}, '{"1":"a","2.5":"b","false":"c","null":"d"}'),
        ((1, 2), "[1,2]"),
        (Pair(1, 2), "[1,2]"),
        (Point(1, Point(2)), '{"x":1,"y":{"x":2,"y":null,"_hidden":"seen"},"_hidden":"seen"}'),
        (Colour.RED, '"red"'),
        (Colour.POINT, "[1,2]"),
        (Level.HIGH, "3"),
        (TEN_PAST, '"2026-01-02T03:04:05.000678+00:00"'),
        (TEN_PAST.replace(tzinfo=None), '"2026-01-02T03:04:05.000678"'),
        (dt.date(2026, 1, 2), '"2026-01-02"'),
        (dt.time(3, 4), '"03:04:00"'),
        (dt.timedelta(minutes=1, milliseconds=5), "60.005"),
        (uuid.UUID(int=1), '"00000000-0000-0000-0000-000000000001"'),
        (decimal.Decimal("1.10"), '"1.10"'),
        (b"\x00\xff", '"AP8="'),
        (bytearray(b"a"), '"YQ=="'),
        (memoryview(b"a"), '"YQ=="'),
        ({3, 1, 2}, "[1,2,3]"),
        (frozenset("cab"), '["a","b","c"]'),
        ({"a", 1}, '["a",1]'),
        (pathlib.PurePosixPath("a/b"), '"a/b"'),
        (collections.OrderedDict(a=1), '{"a":1}'),
        (collections.Counter("aa"), '{"a":2}'),
        (collections.deque([1, 2]), "[1,2]"),
        (types.MappingProxyType({"a": 1}), '{"a":1}'),
        ({"a": 1}.keys(), '["a"]'),
        (range(3), "[0,1,2]"),
        (array.array("d", [0.5]), "[0.5]"),
        ({uuid.UUID(int=1): 1, Colour.RED: 2}, '{"00000000-0000-0000-0000-000000000001":1,"red":2}'),
        ({"deep": [{"set": {1}}]}, '{"deep":[{"set":[1]}]}'),
    ],
)
def test_a_value_has_its_form(value, text):
    assert encode_exactly(value) == text.encode("utf-8", "surrogatepass")
    json.loads(encode_exactly(value))


NAN, INFINITE = float("nan"), float("inf")
ITSELF: list[object] = []
ITSELF.append({"again": ITSELF})


def nested(depth):
    value: object = 1
    for _ in range(depth):
        value = [value]
    return value


class Unwilling(Point):
    @property
    def x(self):
        raise RuntimeError("not now")

    @x.setter
    def x(self, value):
        pass


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (NAN, "result is nan, which JSON does not have; return None instead"),
        ({"a": [1, 2, 3, INFINITE]}, 'result["a"][3] is inf, which JSON does not have; return None instead'),
        ({"a": -INFINITE}, 'result["a"] is -inf, which JSON does not have; return None instead'),
        ({NAN: 1}, "a key of result is nan, which JSON does not have; return None instead"),
        ([Point(1, NAN)], 'result[0]["y"] is nan, which JSON does not have; return None instead'),
        ({"set": {NAN}}, 'result["set"][0] is nan, which JSON does not have; return None instead'),
        ({"f": io.StringIO()}, 'result["f"] is of type _io.StringIO, which has no JSON form'),
        ({"ok": {1, 2}, "f": [object()]}, 'result["f"][0] is of type object, which has no JSON form'),
        ([Point], "result[0] is of type type, which has no JSON form"),
        (1j, "result is of type complex, which has no JSON form"),
        ({"a": {(1, 2): 3}}, 'the key (1, 2) of result["a"] is of type tuple, which has no JSON form'),
        ({"a": (n for n in [1])}, 'result["a"] is of type generator, which has no JSON form'),
        (ITSELF, 'result[0]["again"] contains itself, so it can\'t be written as JSON'),
        (nested(100_000), "result is nested too deeply to be written as JSON"),
        ([decimal.Decimal("NaN")], "result[0] can't be turned into JSON: ValueError: NaN has no JSON form"),
        ({"p": Unwilling(1)}, 'result["p"] can\'t be turned into JSON: RuntimeError: not now'),
    ],
)
def test_what_has_no_form_is_told_with_its_place(value, message):
    assert refusal(value) == message


def test_a_long_key_is_cut_in_the_message():
    assert len(refusal({"k" * 1000: object()})) < 150


def test_the_place_begins_with_the_name_of_the_value():
    assert refusal({"a": object()}, "yielded[3]").startswith('yielded[3]["a"] is of type object')


def test_what_the_users_code_raises_while_it_is_written_is_told():
    with pytest.raises(InvocationError) as caught:
        encode_exactly(Unwilling(1))

    assert caught.value.type == "RuntimeError"
    assert "in x\n" in caught.value.traceback
    assert "asya_runtime" not in caught.value.traceback


@pytest.mark.parametrize("value", [None, 1, "a", 1.5, [], {}, {"a": [1, (2, {"b": None})]}, 2**100])
def test_plain_values_are_plain(value):
    assert is_plain(value)


@pytest.mark.parametrize(
    "value",
    [NAN, [INFINITE], {"a": -INFINITE}, {1: 2}, {None: 1}, {1, 2}, b"a", Level.HIGH, Pair(1, 2), Point(1), ITSELF],
)
def test_other_values_are_not_plain(value):
    assert not is_plain([value])


@pytest.mark.parametrize(
    ("data", "value"),
    [
        (b' {"a": [1, 2.5, null, true]} ', {"a": [1, 2.5, None, True]}),
        ('"Jörg 🎭"'.encode(), "Jörg 🎭"),
        (b'"\\ud800"', "\ud800"),
        (b"18446744073709551616", 2**64),
        (b"-9223372036854775809", -(2**63) - 1),
        (b'{"a": 1, "a": 2}', {"a": 2}),
    ],
)
def test_json_has_its_value(data, value):
    assert decode_exactly(data) == value


def test_what_is_written_is_read_again_surrogates_included():
    value = {"\ud83d": "\ud83d\ude00 \udc00"}

    assert json.loads(encode_exactly(value).decode()) == {"\ud83d": "\U0001f600 \udc00"}


HUGE = ["1e400", "-1.5E+999", "1" + "0" * 309 + ".0", "9" * 5000, "-" + "7" * 5000, "1" * 250 + "e99", "1e" + "9" * 30]


@pytest.mark.parametrize("text", HUGE, ids=lambda text: text[:9])
def test_a_number_that_python_can_not_hold_is_passed_on_as_it_came(text):
    data = f'{{"a":[{text},"{text}",1.5,12],"e+000":1e5}}'.encode()
    value = decode_exactly(data)
    number = value["a"][0]

    assert type(number) is HugeNumber
    assert number.text == text
    assert number == (-INFINITE if text.startswith("-") else INFINITE)
    assert encode_exactly(value) == data.replace(b"1e5", b"100000.0")
    assert encode_exactly(copy.deepcopy(value)) == encode_exactly(value)


@pytest.mark.parametrize(
    "text", ["1e308", "1e0100", "1" + "0" * 300 + ".5e-3", "1e-400", "0" + "." + "0" * 400 + "1e+200"]
)
def test_a_number_that_fits_is_read_as_ever(text):
    value = decode_exactly(text.encode())

    assert type(value) is float
    assert value == float(text)


def test_a_whole_number_is_exact_as_far_as_the_interpreter_allows():
    text = "8" * 4000

    assert decode_exactly(text.encode()) == int(text)
    assert encode_exactly(int(text)) == text.encode()


def test_what_a_handler_computes_with_a_huge_number_is_refused_as_infinite():
    assert refusal({"a": decode_exactly(b"1e400") * 2}).startswith('result["a"] is inf, ')


def test_a_huge_number_may_stand_as_deep_as_a_message_may_be_nested():
    data = b"[" * 256 + b"1e400" + b"]" * 256

    assert encode_exactly(decode_exactly(data)) == data


def test_a_message_of_one_number_is_read_in_no_time():
    data = b"7" * 16_000_000

    assert encode_exactly(decode_exactly(data)) == data
