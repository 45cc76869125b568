"""`asya run` of handlers that take many messages in one call."""

import json
from functools import partial

import pytest

from cli.tests.commands import run_once

HANDLERS = """
def shout(payload: dict) -> dict:
    return payload


def embed(payloads: list[dict]) -> list:
    return [ValueError("no text") if "text" not in each else {**each, "of": len(payloads)} for each in payloads]


def route(envelopes: list[dict]) -> list:
    for envelope in envelopes:
        envelope["route"]["current"] += 1
    return envelopes


def total(numbers: list[int]) -> int:
    return sum(numbers)


def forgetful(payloads: list[dict]) -> dict:
    return payloads[0]
"""
NOTE = "note: the handler takes a list of messages, so it got a list of this one; set batch.maxSize for it\n"


@pytest.fixture
def asya_run(tmp_path):
    (tmp_path / "handlers.py").write_text(HANDLERS)
    return partial(run_once, tmp_path)


def test_a_handler_of_batches_gets_a_batch_of_one(asya_run):
    done = asya_run("handlers.embed", '{"text": "hi"}')
    assert (done.returncode, done.stdout, done.stderr) == (0, '{"text":"hi","of":1}\n', NOTE)


def test_a_batch_that_was_asked_for_needs_no_note(asya_run):
    done = asya_run("handlers.embed", '{"text": "hi"}', "--env", "ASYA_BATCH_MAX_SIZE=32")
    assert (done.returncode, done.stdout, done.stderr) == (0, '{"text":"hi","of":1}\n', "")


def test_a_handler_of_batches_may_change_the_route(asya_run):
    assert json.loads(asya_run("handlers.route", "{}", "--mode", "envelope").stdout)["route"]["current"] == 1


def test_a_message_that_is_a_list_itself_is_no_batch(asya_run):
    assert asya_run("handlers.total", "[1, 2, 3]").stdout == "6\n"


def test_batches_can_be_turned_on_and_off_by_the_runtimes_setting(asya_run):
    assert asya_run("handlers.total", "[[1, 2]]", "--env", "ASYA_BATCH_MAX_SIZE=1").returncode == 1
    done = asya_run("handlers.embed", '[{"text": 1}]', "--env", "ASYA_BATCH_MAX_SIZE=2")
    assert "ValueError: no text" in done.stderr


def test_an_entry_that_is_an_exception_fails_the_message(asya_run):
    done = asya_run("handlers.embed", "{}")
    assert (done.returncode, done.stdout, done.stderr) == (1, "", f"{NOTE}ValueError: no text\n")


def test_a_batch_that_does_not_come_back_whole_is_told(asya_run):
    done = asya_run("handlers.forgetful", '{"a": 1}')
    assert done.returncode == 1
    assert "error: the handler returned a dict for a batch of 1 message; return a list with 1 entry" in done.stderr


@pytest.mark.parametrize(
    ("handler", "size", "code", "words"),
    [
        ("shout", "32", 1, "annotate its first parameter, as in def shout(payloads: list[dict]) -> list"),
        ("embed", "many", 2, "ASYA_BATCH_MAX_SIZE is 'many'; it must be a whole number"),
    ],
)
def test_a_batch_that_could_not_start_is_refused(asya_run, handler, size, code, words):
    done = asya_run(f"handlers.{handler}", "{}", "--env", f"ASYA_BATCH_MAX_SIZE={size}")
    assert done.returncode == code
    assert words in done.stderr
