"""What becomes of each message of a batch."""

from __future__ import annotations

import json

import pytest

from asya_runtime.batching import outcomes
from asya_runtime.errors import InvocationError
from asya_runtime.handler import Handler


def of(result, size=None, mode="payload"):
    """Return what a batch came to whose call returned `result`: lists of values, and errors as their fields."""
    size = len(result) if size is None else size
    handler = Handler(lambda _batch: result, mode, batched=True)
    return [
        outcome.fields() if isinstance(outcome, InvocationError) else [json.loads(item) for item in outcome]
        for outcome in handler.batch([{}] * size)
    ]


class BusyError(OSError):
    retry_after = 2.5


def test_an_entry_means_what_a_single_return_means():
    result = [{"a": 1}, None, [], [1, 2], (3,), "text", 0, False]

    assert of(result) == [[{"a": 1}], [], [], [1, 2], [3], ["text"], [0], [False]]


def test_a_tuple_is_taken_as_a_list():
    assert of(({"a": 1}, None)) == [[{"a": 1}], []]


def test_a_generator_as_an_entry_is_a_fan_out():
    assert of([(number for number in range(3)), 1]) == [[0, 1, 2], [1]]


def test_an_exception_fails_its_message_as_if_raised():
    good, failed, last = of([1, BusyError("come back later"), 3])

    assert (good, last) == ([1], [3])
    assert failed == {
        "code": "processing_error",
        "message": "come back later",
        "type": f"{__name__}.BusyError",
        "mro": ["OSError", "Exception"],
        "traceback": f"{__name__}.BusyError: come back later\n",
        "retry_after": 2.5,
    }


def test_an_exception_that_was_caught_keeps_its_traceback():
    try:
        json.loads("{")
    except ValueError as error:
        (failed,) = of([error])

    assert "test_batching.py" in failed["traceback"]


@pytest.mark.parametrize("error", [SystemExit(3), KeyboardInterrupt()])
def test_an_exception_that_would_end_a_process_fails_its_message(error):
    assert of([error, 1])[0]["type"] == type(error).__name__


@pytest.mark.parametrize(
    ("entry", "sentence"),
    [
        (float("nan"), "result[1] is nan, which JSON does not have; return None instead"),
        ({"a": {1: ValueError}}, 'result[1]["a"][1] is of type type, which has no JSON form'),
        ([1, [object()]], "result[1][1][0] is of type object, which has no JSON form"),
        ((number for number in [1, float("inf")]), "yielded[1] is inf, which JSON does not have; return None instead"),
    ],
)
def test_an_entry_that_is_not_json_fails_its_message_alone(entry, sentence):
    first, failed, last = of(["first", entry, "last"])

    assert (first, last) == (["first"], ["last"])
    assert (failed["code"], failed["message"]) == ("result_error", sentence)


def test_an_entry_that_is_unfinished_work_fails_its_message_alone():
    async def later(): ...

    failed, last = of([later(), "last"])

    assert last == ["last"]
    assert failed["message"] == "result[0] is a coroutine, which must be awaited before it is returned"


def test_an_entry_whose_generator_raises_fails_its_message_alone():
    def half_way():
        yield 1
        raise KeyError("enough")

    failed, last = of([half_way(), "last"])

    assert last == ["last"]
    assert (failed["type"], failed["message"]) == ("KeyError", "'enough'")


@pytest.mark.parametrize(
    ("result", "size", "sentence"),
    [
        ([1, 2], 3, "2 entries for a batch of 3 messages; return a list with 3 entries, one for each message, None"),
        ([1], 2, "1 entry for a batch of 2 messages; return a list with 2 entries, one for each message, None"),
        ([], 1, "0 entries for a batch of 1 message; return a list with 1 entry, None where there is no result"),
        ([1, 2], 1, "2 entries for a batch of 1 message; return a list with 1 entry, None where there is no result"),
        ({"a": 1}, 2, "a dict for a batch of 2 messages; return a list with 2 entries, one for each message, None"),
        ("ab", 2, "a str for a batch of 2 messages; return a list with 2 entries"),
        (None, 2, "None for a batch of 2 messages; return a list with 2 entries, one for each message"),
        ({1, 2}, 2, "a set for a batch of 2 messages; return a list with 2 entries"),
    ],
)
def test_without_one_entry_for_each_all_fail_and_both_lengths_are_told(result, size, sentence):
    failed = of(result, size)

    assert len(failed) == size
    assert {each["code"] for each in failed} == {"result_error"}
    assert all(each["message"].startswith(f"the handler returned {sentence}") for each in failed)


def test_a_generator_as_the_result_is_refused():
    failed = of((number for number in range(2)), 2)

    assert failed[0]["message"].startswith("the handler returned a generator for a batch of 2 messages")


def test_what_the_call_raises_is_raised():
    def fail(_batch):
        raise KeyError("missing")

    with pytest.raises(KeyError, match="missing"):
        Handler(fail, "payload", batched=True).batch([{}])


def test_whoever_asks_without_a_socket_calls_with_a_batch_of_one(load):
    def invoke(path, payload, mode="payload", **environ):
        return load(path, mode, 8, **environ).invoke(json.dumps(payload).encode(), b'{"id": "a"}')

    assert invoke("batches.answer", {"n": 1}) == [b'{"n":1,"size":1}']
    assert invoke("batches.Model.process", {"n": 1}, FACTOR="5") == [b'{"n":5,"size":1}']
    assert invoke("batches.answer_later", {"return": [1, 2]}) == [b"1", b"2"]
    assert invoke("batches.answer", {"n": 1}, "envelope") == [b'{"id":"a","payload":{"n":1},"size":1}']
    with pytest.raises(InvocationError, match="missing"):
        invoke("batches.answer", {"fail": "missing"})
    with pytest.raises(InvocationError, match="can't be done"):
        invoke("batches.answer", {"raise": True})
    with pytest.raises(InvocationError, match="a dict for a batch of 1 message"):
        invoke("batches.no_list", {})
    with pytest.raises(InvocationError, match=r"result\[0\] is a coroutine"):
        invoke("batches.unawaited", {})


def test_the_encoder_is_told_where_each_entry_stands():
    told = []

    def encode(entry, where):
        told.append((entry, where))
        return (b"1",)

    assert outcomes(["a", "b"], 2, encode) == [[b"1"], [b"1"]]
    assert told == [("a", "result[0]"), ("b", "result[1]")]
