"""What a handler returns or raises, and what comes of it, for every kind of handler."""

from __future__ import annotations

import json

import pytest

from asya_runtime.errors import InvocationError


@pytest.fixture
def invoke(load):
    """Return the results of a handler as values."""

    def invoke_one(path, payload, **environ):
        return [json.loads(item) for item in load(path, **environ).invoke(json.dumps(payload).encode())]

    return invoke_one


@pytest.fixture
def fault(load):
    """Return the fields of the error of a handler that fails."""

    def invoke_in_vain(path, payload=None, mode="payload"):
        body = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
        with pytest.raises(InvocationError) as caught:
            load(path, mode).invoke(body)
        return caught.value.fields()

    return invoke_in_vain


@pytest.mark.parametrize(
    ("path", "payload", "expected"),
    [
        ("functions.add_one", {"n": 1, "x": "ü"}, [{"n": 2, "x": "ü"}]),
        ("functions.echo", "text", ["text"]),
        ("functions.echo", 5, [5]),
        ("functions.echo", 0, [0]),
        ("functions.echo", False, [False]),
        ("functions.echo", "", [""]),
        ("functions.echo", {}, [{}]),
        ("functions.echo", None, []),
        ("functions.echo", [], []),
        ("functions.echo", [1, None, []], [1, None, []]),
        ("functions.nothing", {}, []),
        ("functions.empty", {}, []),
        ("functions.split", {"text": "a b"}, [{"word": "a"}, {"word": "b"}]),
        ("functions.pair", {}, ["first", "second"]),
        ("functions.count", {"n": 3}, [{"number": 0}, {"number": 1}, {"number": 2}]),
        ("functions.count", {"n": 0}, []),
        ("classes.Counter.process", {}, [{"value": 1, "model_path": "/models", "label": None}]),
        ("classes.Counter.count", {}, [0, 1]),
        ("classes.Counter.process_later", {}, [{"value": 1, "model_path": "/models", "label": None}]),
        ("coroutines.echo", {"a": 1}, [{"a": 1}]),
        ("coroutines.echo", None, []),
        ("coroutines.echo", [1, 2], [1, 2]),
        ("coroutines.split", {"text": "a b"}, [{"word": "a"}, {"word": "b"}]),
        ("coroutines.count", {"n": 2}, [{"number": 0}, {"number": 1}]),
        ("coroutines.count", {"n": 0}, []),
        ("coroutines.plain_generator", {"n": 2}, [0, 1]),
    ],
)
def test_a_result_becomes_items(invoke, path, payload, expected):
    assert invoke(path, payload) == expected


def test_the_environment_fills_the_class(invoke):
    environ = {"START": "10", "STEP": "5", "MODEL_PATH": "/m", "LABEL": "x"}

    assert invoke("classes.Counter.process", {}, **environ) == [{"value": 15, "model_path": "/m", "label": "x"}]


def test_coroutines_share_one_event_loop(load):
    handler = load("coroutines.same_loop")

    assert [handler.invoke(b"{}") for _ in range(3)] == [[b"true"]] * 3


def test_in_mode_envelope_the_handler_gets_and_gives_envelopes(load):
    meta = {"id": "a", "route": {"actors": ["x", "y"], "current": 0}, "headers": {"h": 1}, "unknown": [1]}
    (item,) = load("functions.echo", "envelope").invoke(b'{"text":"hi"}', json.dumps(meta).encode())

    assert json.loads(item) == {**meta, "payload": {"text": "hi"}}


@pytest.mark.parametrize(("mode", "meta"), [("envelope", b"[]"), ("envelope", b"5"), ("envelope", b"{")])
def test_in_mode_envelope_meta_must_be_an_object(load, mode, meta):
    with pytest.raises(InvocationError) as caught:
        load("functions.echo", mode).invoke(b"{}", meta)
    assert caught.value.code == "msg_parsing_error"


def test_in_mode_payload_meta_is_not_read(load):
    assert load("functions.echo").invoke(b"{}", b"not JSON") == [b"{}"]


@pytest.mark.parametrize("payload", [b"", b"{", b"NaN", b"[Infinity]", b"1 2", b"\xff", b'"\n"', b"{'a': 1}"])
def test_a_payload_that_is_not_json_is_told(fault, payload):
    fields = fault("functions.echo", payload)

    assert fields["code"] == "msg_parsing_error"
    assert fields["message"].startswith("the message is not JSON: ")
    assert (fields["type"], fields["mro"], fields["traceback"]) == ("", [], "")


def test_a_payload_that_is_nested_too_deeply_is_told(fault):
    fields = fault("functions.echo", b"[" * 1_000_000 + b"]" * 1_000_000)

    assert fields["code"] == "msg_parsing_error"
    assert fields["message"] == "the message is nested too deeply"


def test_an_exception_is_told_with_the_users_traceback(fault, handlers):
    fields = fault("functions.fail")
    first, second, *_, last = fields["traceback"].splitlines()

    assert (fields["code"], fields["message"]) == ("processing_error", "'missing'")
    assert (fields["type"], fields["mro"]) == ("KeyError", ["LookupError", "Exception"])
    assert first == "Traceback (most recent call last):"
    assert second.startswith(f'  File "{handlers}/functions.py", line ')
    assert last == "KeyError: 'missing'"
    assert "retry_after" not in fields


@pytest.mark.parametrize(
    ("path", "payload"),
    [
        ("functions.fail", None),
        ("functions.fail_deeper", None),
        ("functions.count_then_fail", {"n": 2}),
        ("coroutines.fail", None),
        ("coroutines.count_then_fail", {"n": 2}),
    ],
)
def test_no_frame_of_ours_is_shown(fault, path, payload):
    assert "asya_runtime" not in fault(path, payload)["traceback"]


def test_the_cause_of_an_exception_is_shown(fault):
    fields = fault("functions.fail_deeper")

    assert fields["type"] == "RuntimeError"
    assert "KeyError: 'missing'\n\nThe above exception was the direct cause" in fields["traceback"]


def test_a_class_of_the_users_is_named_with_its_module(fault):
    fields = fault("functions.busy")

    assert (fields["type"], fields["mro"]) == ("functions.BusyError", ["OSError", "Exception"])
    assert fields["retry_after"] == 2.5


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("functions.leave", "SystemExit"),
        ("coroutines.leave", "SystemExit"),
        ("coroutines.cancel_itself", "asyncio.exceptions.CancelledError"),
    ],
)
def test_what_would_end_a_process_is_this_messages_error(fault, path, kind):
    fields = fault(path)

    assert (fields["code"], fields["type"]) == ("processing_error", kind)


def test_a_bad_entry_of_a_list_is_named(fault):
    fields = fault("functions.bad_entry")

    assert fields["code"] == "result_error"
    assert fields["message"].startswith('result[1]["file"] is of type ')
    assert fields["message"].endswith(", which has no JSON form")


def test_a_coroutine_from_a_plain_function_is_refused(fault):
    fields = fault("functions.returns_coroutine")

    assert fields["code"] == "result_error"
    assert fields["message"] == (
        "the handler is a plain function, but it returned a coroutine, which must be awaited; "
        "declare the handler with async def"
    )
