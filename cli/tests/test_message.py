from datetime import UTC, datetime

import msgspec
import pytest

from asya_cli.local.message import Order, make_envelope, split_lines
from asya_core.envelope import decode, encode
from asya_core.errors import EnvelopeError
from asya_core.limits import Limits

NOW = datetime(2026, 3, 1, 10, 0, 0, tzinfo=UTC)


def plain(envelope):
    decode(encode(envelope), Limits())  # what actors would refuse must not be sent
    return msgspec.json.decode(encode(envelope))


def test_a_message_has_what_actors_and_ends_need():
    order = Order(["split", "judge"], {"traceparent": "00-a-b-01"}, 30.0)
    assert plain(make_envelope(order, b'{"n":1}', NOW, "order-7")) == {
        "id": "order-7",
        "route": {"actors": ["split", "judge"], "current": 0},
        "headers": {"traceparent": "00-a-b-01"},
        "status": {"generation": 0, "created_at": "2026-03-01T10:00:00Z", "deadline_at": "2026-03-01T10:00:30Z"},
        "payload": {"n": 1},
    }


def test_what_was_not_asked_for_is_not_there():
    envelope = plain(make_envelope(Order(["a"]), b"null", NOW))
    assert "headers" not in envelope
    assert "deadline_at" not in envelope["status"]


def test_ids_differ():
    assert make_envelope(Order(["a"]), b"1", NOW).id != make_envelope(Order(["a"]), b"1", NOW).id


@pytest.mark.parametrize(
    ("actors", "id_", "sentence"),
    [
        (["a"], "no spaces", "id: 'no spaces' must be"),
        (["a"], "child-0.1", "ends like a fan-out child's"),
        (["happy-end"], None, "'happy-end' is reached by finishing the route"),
        (["a", ""], None, r"route\.actors\[1\]: '' can't be an actor's name"),
        (["A_b"], None, "can't be an actor's name"),
    ],
)
def test_what_an_actor_would_refuse_is_refused_here(actors, id_, sentence):
    with pytest.raises(EnvelopeError, match=sentence):
        make_envelope(Order(actors), b"{}", NOW, id_)


def test_lines_are_counted_as_an_editor_counts_them():
    assert list(split_lines(b'{"a":1}\n\n  2 \r\n"x"')) == [(1, b'{"a":1}'), (3, b"2"), (4, b'"x"')]


def test_a_message_that_can_be_cancelled_names_a_marker_of_its_own():
    envelope = plain(make_envelope(Order(["a"], markers="file:///store"), b"1", NOW, "m1"))
    assert envelope["headers"] == {"x-asya-cancel": "file:///store/cancelled-asya/m1.json"}
