"""Environment variables become the parameters of `__init__`, in the types that it declares."""

from __future__ import annotations

import datetime as dt
import decimal
import enum
import inspect
import os
import sys
import uuid
from collections.abc import Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import Any, Literal, NewType, Optional, Union

import pytest

from asya_runtime.errors import StartError
from asya_runtime.parameters import SYSTEM_VARIABLES, arguments_from

UserId = NewType("UserId", int)


class Colour(enum.Enum):
    RED = "red"
    BLUE = 2


class Level(enum.IntEnum):
    LOW = 1
    HIGH = 2


def build(annotation, default=None, **environ):
    """Return what the parameter `value` of such an annotation is filled with."""

    class Handler:
        def __init__(self, value=default):
            self.value = value

    Handler.__init__.__annotations__["value"] = annotation
    bound = arguments_from(Handler, environ)
    return Handler(*bound.args, **bound.kwargs).value


def refusal(annotation, text):
    with pytest.raises(StartError) as caught:
        build(annotation, VALUE=text)
    assert caught.value.code == "parameter_invalid"
    start = "the variable VALUE can't fill the parameter value: "
    assert caught.value.message.startswith(start)
    return caught.value.message[len(start) :]


@pytest.mark.parametrize(
    ("annotation", "text", "expected"),
    [
        (str, "/models/a", "/models/a"),
        (str, "", ""),
        (int, "42", 42),
        (int, " -7 ", -7),
        (float, "0.25", 0.25),
        (float, "1e-3", 0.001),
        (bool, "true", True),
        (bool, "Yes", True),
        (bool, "1", True),
        (bool, "on", True),
        (bool, "False", False),
        (bool, "no", False),
        (bool, "0", False),
        (bool, "OFF", False),
        (bytes, "ü", "ü".encode()),
        (Path, "/models", Path("/models")),
        (PurePosixPath, "a/b", PurePosixPath("a/b")),
        (list, '[1, "a"]', [1, "a"]),
        (dict, '{"a": [1]}', {"a": [1]}),
        (tuple, "[1, 2]", (1, 2)),
        (set, "[1, 2, 1]", {1, 2}),
        (Sequence[int], "[1]", [1]),
        (Mapping[str, int], '{"a": 1}', {"a": 1}),
        (Optional[int], "3", 3),
        (Optional[int], "", None),
        (Optional[int], "None", None),
        (Optional[int], "null", None),
        (Union[int, str], "3", 3),
        (Union[int, str], "three", "three"),
        (Literal["fast", "slow"], "slow", "slow"),
        (Literal[1, 2], "2", 2),
        (Colour, "red", Colour.RED),
        (Colour, "BLUE", Colour.BLUE),
        (Colour, "2", Colour.BLUE),
        (Level, "2", Level.HIGH),
        (UserId, "12", 12),
        (decimal.Decimal, "1.10", decimal.Decimal("1.10")),
        (uuid.UUID, "12345678123456781234567812345678", uuid.UUID(int=0x12345678123456781234567812345678)),
        (dt.datetime, "2026-01-02T03:04:05+00:00", dt.datetime(2026, 1, 2, 3, 4, 5, tzinfo=dt.timezone.utc)),
        (dt.date, "2026-01-02", dt.date(2026, 1, 2)),
        (dt.timedelta, "1.5", dt.timedelta(seconds=1.5)),
        (Any, "text", "text"),
        (object, "text", "text"),
        ("int", "5", 5),
        ("Optional[Path]", "/x", Path("/x")),
    ],
)
def test_the_text_becomes_the_annotated_type(annotation, text, expected):
    value = build(annotation, VALUE=text)

    assert value == expected
    assert type(value) is type(expected)


def test_generics_of_builtins_are_read_as_json():
    assert build("list[int]", VALUE="[1, 2]") == [1, 2]
    assert build("dict[str, float]", VALUE='{"a": 0.5}') == {"a": 0.5}


if sys.version_info >= (3, 10):

    def test_a_bar_between_types_is_a_union():
        assert build("int | None", VALUE="3") == 3
        assert build("int | None", VALUE="null") is None


@pytest.mark.parametrize(
    ("default", "text", "expected"),
    [(5, "6", 6), (0.5, "1", 1.0), (False, "true", True), (Path("/a"), "/b", Path("/b")), (Level.LOW, "2", Level.HIGH)],
)
def test_without_an_annotation_the_type_of_the_default_counts(default, text, expected):
    class Handler:
        def __init__(self, value=default):
            self.value = value

    value = arguments_from(Handler, {"VALUE": text}).arguments["value"]

    assert (value, type(value)) == (expected, type(expected))


@pytest.mark.parametrize("default", [None, "text", [], {}])
def test_without_annotation_and_telling_default_it_stays_text(default):
    class Handler:
        def __init__(self, value=default):
            self.value = value

    assert arguments_from(Handler, {"VALUE": "1"}).arguments["value"] == "1"


@pytest.mark.parametrize(
    ("annotation", "text", "reason"),
    [
        (int, "3.5", "its value is not a whole number"),
        (float, "much", "its value is not a number"),
        (bool, "maybe", "its value is not true or false"),
        (list, "1,2", "its value is not a JSON list"),
        (list, "{}", "its value is not a JSON list"),
        (dict, "[]", "its value is not a JSON object"),
        (Optional[int], "x", "its value is not a whole number"),
        (Union[int, float], "x", "its value is not a whole number, and its value is not a number"),
        (Colour, "green", "its value is none of red, 2, RED, BLUE"),
        (Literal["fast", "slow"], "medium", "its value is none of fast, slow"),
        (dt.date, "yesterday", "its value is not in ISO 8601 form"),
        (uuid.UUID, "x", "its value is not a UUID"),
        (complex, "1j", "its type complex is not supported; use str and convert it in __init__"),
    ],
)
def test_a_value_of_another_type_is_told_without_the_value(annotation, text, reason):
    assert refusal(annotation, text) == reason


def test_an_annotation_that_can_not_be_evaluated_is_told():
    assert refusal("Missing", "1") == "its annotation 'Missing' can't be evaluated: name 'Missing' is not defined"


def test_all_bad_values_are_told_at_once():
    class Handler:
        def __init__(self, size: int = 1, rate: float = 0.5):
            pass

    with pytest.raises(StartError) as caught:
        arguments_from(Handler, {"SIZE": "x", "RATE": "y"})

    assert caught.value.message == (
        "the variable SIZE can't fill the parameter size: its value is not a whole number; "
        "the variable RATE can't fill the parameter rate: its value is not a number"
    )


def test_what_the_environment_does_not_name_keeps_its_default():
    assert build(int, 7) == 7
    assert build("Missing", "as it is") == "as it is"


@pytest.mark.parametrize("name", sorted(SYSTEM_VARIABLES))
def test_a_variable_of_the_system_fills_nothing(name):
    parameter = inspect.Parameter(name.lower(), inspect.Parameter.POSITIONAL_OR_KEYWORD, default="mine")

    class Handler:
        __signature__ = inspect.Signature([parameter])

    assert arguments_from(Handler, {name: "theirs"}).args == ("mine",)


def test_positional_keyword_and_further_parameters_are_filled():
    class Handler:
        def __init__(self, first="a", /, second="b", *rest, third="c", **more):
            self.values = (first, second, rest, third, more)

    bound = arguments_from(Handler, {"SECOND": "2", "THIRD": "3", "REST": "x", "MORE": "y"})

    assert Handler(*bound.args, **bound.kwargs).values == ("a", "2", (), "3", {})


def test_a_class_without_an_init_of_its_own_takes_nothing():
    class Handler:
        pass

    assert arguments_from(Handler, dict(os.environ)).args == ()
