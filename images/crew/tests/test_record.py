import json

import pytest

from asya_crew.record import document, identity
from asya_runtime.decoding import decode_exactly


def test_identity_is_id_and_generation():
    assert identity({"id": "a", "status": {"generation": 3}}) == ("a", 3)


@pytest.mark.parametrize("status", [{}, {"status": {}}, {"status": None}, {"status": {"generation": None}}])
def test_the_first_generation_is_0(status):
    assert identity({"id": "a", **status}) == ("a", 0)


@pytest.mark.parametrize("without", [{}, {"id": ""}, {"id": None}, {"id": 7}])
def test_an_envelope_without_an_id_is_named_after_its_content(without):
    first = identity({**without, "payload": 1})
    assert first[0].startswith("raw-")
    assert first == identity({**without, "payload": 1})
    assert first != identity({**without, "payload": 2})


def test_the_document_is_the_whole_envelope():
    envelope = {
        "id": "a",
        "parent_id": "p",
        "route": {"actors": ["one"], "current": 1, "metadata": {"job": 1}},
        "headers": {"traceparent": "00-1", "mine": [1]},
        "status": {"phase": "done", "actor": "one"},
        "payload": {"text": "Grüße, 你好", "big": 2**70},
        "later": {"unknown": True},
    }
    assert json.loads(document(envelope)) == envelope
    assert "Grüße, 你好".encode() in document(envelope)


def test_text_that_utf_8_cannot_hold_is_kept():
    envelope = {"id": "a", "payload": "half a pair \ud800, and é", "status": {"actor": "one"}}
    assert json.loads(document(envelope).decode()) == envelope


@pytest.mark.parametrize("number", ["1e400", "-1E+999", "9" * 5000])
def test_numbers_that_python_cannot_hold_are_kept(number):
    body = f'{{"id":"a","payload":[{number}],"status":{{"actor":"one"}}}}'.encode()
    assert document(decode_exactly(body)) == body
    assert identity(decode_exactly(body.replace(b'"id"', b'"no"')))[0].startswith("raw-")


@pytest.mark.parametrize("written_by_end", [{}, {"status": {"actor": "happy-end"}}, {"status": {"actor": "error-end"}}])
@pytest.mark.parametrize(("current", "last"), [(0, "one"), (1, "two"), (2, "two"), (9, "two"), (-1, "one")])
def test_the_last_actor_is_named_from_the_route_where_status_does_not(written_by_end, current, last):
    envelope = {"id": "a", "route": {"actors": ["one", "two"], "current": current}, **written_by_end}
    assert json.loads(document(envelope))["status"]["actor"] == last


def test_the_last_actor_that_status_names_stays():
    envelope = {"id": "a", "route": {"actors": ["one", "two"], "current": 2}, "status": {"actor": "one", "attempt": 2}}
    assert json.loads(document(envelope)) == envelope


@pytest.mark.parametrize(
    "route", [{}, {"route": {}}, {"route": {"actors": []}}, {"route": "x"}, {"route": {"actors": 1}}]
)
def test_without_a_route_no_actor_is_made_up(route):
    envelope = {"id": "a", **route}
    assert json.loads(document(envelope)) == envelope
