"""The fields of an error: names, bases, waiting times, tracebacks, sizes."""

from __future__ import annotations

import builtins
import datetime as dt
import json

import pytest

from asya_runtime import errors
from asya_runtime.errors import InvocationError


class RudeError(Exception):
    def __str__(self):
        raise RuntimeError("no")


class WaitingError(Exception):
    def __init__(self, retry_after):
        super().__init__("wait")
        self.retry_after = retry_after


class SecretiveError(Exception):
    @property
    def retry_after(self):
        raise RuntimeError("no")


def raised(error):
    """Return the error with a traceback."""

    def fail():
        raise error

    try:
        fail()
    except BaseException as caught:
        return caught


def test_the_fields_are_those_of_the_protocol():
    error = InvocationError.of(raised(FileNotFoundError(2, "gone")))
    fields = error.fields()

    assert list(fields) == ["code", "message", "type", "mro", "traceback"]
    assert fields["code"] == "processing_error"
    assert fields["message"] == "[Errno 2] gone"
    assert (fields["type"], fields["mro"]) == ("FileNotFoundError", ["OSError", "Exception"])
    assert json.loads(error.body(10_000)) == fields


def test_an_error_of_ours_stays_as_it_is():
    error = InvocationError("result_error", "no")

    assert InvocationError.of(error) is error
    assert error.fields() == {"code": "result_error", "message": "no", "type": "", "mro": [], "traceback": ""}


def test_a_class_of_the_users_is_named_in_full():
    name = f"{__name__}.RudeError"

    assert errors.type_name(RudeError) == name
    assert errors.bases(type("Child", (RudeError, LookupError), {})) == [name, "LookupError", "Exception"]


def test_an_exception_that_has_no_text_is_told_all_the_same():
    error = InvocationError.of(raised(RudeError()))

    assert error.message == "(str() of this RudeError raised RuntimeError)"
    assert "RudeError" in error.traceback


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        (5, 5.0),
        (0, 0.0),
        (2.5, 2.5),
        ("7", 7.0),
        (True, 1.0),
        (dt.timedelta(minutes=1), 60.0),
        (None, None),
        (-1, None),
        ("soon", None),
        (float("nan"), None),
        (float("inf"), None),
        (dt.timedelta(seconds=-1), None),
        ([1], None),
    ],
)
def test_retry_after_is_carried_where_it_means_seconds(value, seconds):
    assert errors.retry_after(WaitingError(value)) == seconds
    assert InvocationError.of(WaitingError(value)).fields().get("retry_after") == seconds


def test_without_a_usable_retry_after_there_is_none():
    assert errors.retry_after(ValueError()) is None
    assert errors.retry_after(SecretiveError()) is None


def test_long_texts_lose_their_middle():
    error = InvocationError("processing_error", "a" * 5000 + "b" * 50_000 + "c" * 5000)
    message = error.fields()["message"]

    assert len(message) < 8192
    assert message.startswith("a" * 4000)
    assert message.endswith("c" * 4000)
    assert "... 51856 characters left out ..." in message


@pytest.mark.parametrize("limit", [4096, 20_000])
def test_the_body_keeps_to_the_limit(limit):
    kind = type("N" * 5000, (ValueError,), {})
    body = InvocationError.of(raised(kind("\x01🎭" * 10_000))).body(limit)

    assert len(body) <= limit
    assert json.loads(body)["code"] == "processing_error"


def test_a_lone_surrogate_in_a_message_is_escaped():
    assert json.loads(InvocationError.of(ValueError("\ud800")).body(1000).decode())["message"] == "\ud800"


def test_the_log_gets_no_message():
    summary = InvocationError.of(raised(ValueError("secret"))).summary()

    assert summary.startswith(f"processing_error ValueError at {__file__}:")
    assert summary.endswith("in fail")
    assert "secret" not in summary


def test_the_log_says_what_it_can_without_a_place():
    assert InvocationError("cancelled_error", "the request was cancelled").summary() == "cancelled_error"


def test_an_exception_without_a_frame_of_the_users_shows_its_last_line():
    assert errors.user_traceback(ValueError("plain")) == "ValueError: plain\n"


if hasattr(builtins, "ExceptionGroup"):  # since Python 3.11

    def test_a_group_of_exceptions_is_shown_whole():
        shown = errors.user_traceback(raised(builtins.ExceptionGroup("several", [raised(ValueError("inner"))])))

        assert "ValueError: inner" in shown


def test_exceptions_that_are_chained_in_a_circle_are_shown():
    first, second = raised(ValueError("first")), raised(KeyError("second"))
    first.__context__, second.__context__ = second, first

    assert "ValueError: first" in errors.user_traceback(first)
