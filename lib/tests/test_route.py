import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import UNSET, Raw

from asya_core.envelope import Edit, Envelope, Route, Status
from asya_core.errors import RouteError
from asya_core.route import (
    advanced,
    check_edit,
    is_actor_name,
    next_actor,
    problem_with_actor,
    problem_with_route,
    restored,
)

PAYLOAD = Raw(b"1")


def original(**others):
    return Envelope(
        **{"id": "a", "route": Route(actors=["split", "judge", "store"], current=1), "payload": PAYLOAD} | others
    )


def edit(actors, current, **others):
    return Edit(**{"id": "a", "route": Route(actors=actors, current=current), "payload": PAYLOAD} | others)


@pytest.mark.parametrize("name", ["a", "7", "text-processor", "a--b", "x" * 63])
def test_a_label_can_be_an_actors_name(name):
    assert is_actor_name(name)
    assert problem_with_actor(name) is None


@pytest.mark.parametrize("name", ["", "A", "a_b", "a.b", "-a", "a-", "é", "a\n", "x" * 64, "x" * 10**6])
def test_anything_else_can_not(name):
    assert not is_actor_name(name)
    assert problem_with_actor(name) == (
        f"{name[:80]!r} can't be an actor's name (at most 63 lower-case letters, digits and -)"
    )


@given(st.text(max_size=70) | st.text("ab0-", max_size=70))
def test_no_text_makes_the_rules_of_names_disagree(name):
    assert is_actor_name(name) == (problem_with_actor(name) is None)


@pytest.mark.parametrize("name", ["happy-end", "error-end"])
def test_the_ends_are_actors_that_no_route_names(name):
    assert is_actor_name(name)
    assert problem_with_route(Route(actors=["a", name])) == (
        f"route.actors[1]: '{name}' is reached by finishing the route, not by naming it; remove it"
    )


@pytest.mark.parametrize("current", [0, 1, 2])
def test_a_route_may_be_anywhere_from_its_start_to_its_end(current):
    assert problem_with_route(Route(actors=["a", "b"], current=current)) is None


@pytest.mark.parametrize("current", [-1, 3, 2**63 - 1])
def test_a_route_outside_of_itself_is_refused(current):
    assert problem_with_route(Route(actors=["a", "b"], current=current)) == (
        f"route.current: {current} is outside of 0 to 2, the number of actors"
    )


def test_a_name_that_no_actor_has_is_refused_with_its_place():
    assert problem_with_route(Route(actors=["a", "B"])).startswith("route.actors[1]: 'B' can't be an actor's name")


def test_the_next_actor_is_the_one_at_the_position():
    route = Route(actors=["a", "b"])

    assert [next_actor(route), next_actor(advanced(route)), next_actor(advanced(advanced(route)))] == ["a", "b", None]


def test_one_step_on_everything_else_of_the_route_is_the_same():
    route = Route(actors=["a", "b"], current=0, metadata=Raw(b"[1]"), unknown={"x": Raw(b"2")})

    assert advanced(route) == Route(actors=["a", "b"], current=1, metadata=Raw(b"[1]"), unknown={"x": Raw(b"2")})
    assert route.current == 0


@pytest.mark.parametrize(
    "actors",
    [
        ["split", "judge"],
        ["split", "judge", "store"],
        ["split", "judge", "refine", "store"],
        ["split", "judge", "judge", "split"],
    ],
)
def test_a_handler_may_change_what_lies_ahead(actors):
    check_edit(original(), edit(actors, 2))


@pytest.mark.parametrize(
    ("returned", "sentence"),
    [
        (edit(["split", "judge"], 2, id="b"), "a handler may not change the id, and returned 'b' for 'a'"),
        (
            edit(["split", "judge", "store"], 1),
            "a handler must advance route.current by exactly one, from 1 to 2; it returned 1",
        ),
        (
            edit(["split", "judge", "store"], 3),
            "a handler must advance route.current by exactly one, from 1 to 2; it returned 3",
        ),
        (
            edit(["split", "other", "store"], 2),
            (
                "a handler may not change the steps already taken; route.actors began with ['split', 'judge'] "
                "and came back with ['split', 'other']"
            ),
        ),
        (
            edit(["judge", "split", "store"], 2),
            (
                "a handler may not change the steps already taken; route.actors began with ['split', 'judge'] "
                "and came back with ['judge', 'split']"
            ),
        ),
        (
            edit(["split"], 2),
            (
                "a handler may not change the steps already taken; route.actors began with ['split', 'judge'] "
                "and came back with ['split']"
            ),
        ),
        (
            edit(["split", "judge", "error-end"], 2),
            "route.actors[2]: 'error-end' is reached by finishing the route, not by naming it; remove it",
        ),
        (
            edit(["split", "judge", "No"], 2),
            "route.actors[2]: 'No' can't be an actor's name (at most 63 lower-case letters, digits and -)",
        ),
        (
            edit(["split", "judge", "store"], 2, payload=UNSET, payload_ref=Raw(b"{}")),
            "a handler must return the envelope with its payload, which may be null",
        ),
    ],
)
def test_a_handler_that_breaks_a_rule_is_told_which(returned, sentence):
    with pytest.raises(RouteError) as caught:
        check_edit(original(), returned)

    assert (caught.value.code, str(caught.value)) == ("route_error", sentence)


def test_what_is_not_the_handlers_to_write_is_restored():
    status = Status(phase="pending", attempt=2)
    message = original(parent_id="p", status=status, payload_ref=Raw(b"{}"))
    returned = edit(
        ["split", "judge"],
        2,
        parent_id=Raw(b"null"),
        status=Raw(b'"done"'),
        payload=Raw(b"2"),
        unknown={"x": Raw(b"3")},
    )

    assert restored(message, returned) == Envelope(
        id="a",
        parent_id="p",
        route=Route(actors=["split", "judge"], current=2),
        status=status,
        payload=Raw(b"2"),
        unknown={"x": Raw(b"3")},
    )


def test_a_handler_can_not_give_itself_a_parent():
    assert restored(original(), edit(["split", "judge"], 2, parent_id=Raw(b'"p"'))).parent_id is UNSET


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        (UNSET, UNSET, UNSET),
        (UNSET, {"x-asya-cancel": b"1"}, {}),
        (UNSET, {"h": b"1"}, {"h": b"1"}),
        ({"h": b"1"}, UNSET, UNSET),
        ({"h": b"1", "traceparent": b"2"}, {"h": b"3"}, {"h": b"3"}),
        ({"x-asya-cancel": b"1"}, UNSET, {"x-asya-cancel": b"1"}),
        ({"x-asya-cancel": b"1"}, {"h": b"2"}, {"h": b"2", "x-asya-cancel": b"1"}),
        ({"x-asya-cancel": b"1"}, {"x-asya-cancel": b"2", "x-asya-x": b"3"}, {"x-asya-cancel": b"1"}),
    ],
)
def test_a_handler_may_change_all_headers_but_ours(before, after, expected):
    def raw(headers):
        return UNSET if headers is UNSET else {name: Raw(value) for name, value in headers.items()}

    assert restored(original(headers=raw(before)), edit(["split", "judge"], 2, headers=raw(after))).headers == raw(
        expected
    )
