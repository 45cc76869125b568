import hashlib
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import UNSET

from asya_core.ids import LONGEST_CHILD_ID, LONGEST_ID, child_id, new_id, problem_with_ids, raw_id

ids = st.from_regex(r"[A-Za-z0-9._:-]{1,128}", fullmatch=True)
steps = st.tuples(st.integers(0, 200), st.integers(1, 10**6))


def descendant(root, lineage):
    for position, index in lineage:
        root = child_id(root, position, index)
    return root


def test_a_new_id_is_a_random_uuid():
    assert re.fullmatch(r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}", new_id())
    assert len({new_id() for _ in range(1000)}) == 1000
    assert problem_with_ids(new_id(), UNSET) is None


def test_a_childs_id_names_parent_position_and_index():
    assert child_id("order-7", 2, 5) == "order-7-2.5"
    assert child_id("order-7-2.5", 3, 1) == "order-7-2.5-3.1"


def test_a_childs_id_of_96_characters_stays_as_it_is():
    assert child_id("r" * 92, 0, 1) == "r" * 92 + "-0.1"


def test_a_longer_one_becomes_60_characters_of_the_root_and_a_hash():
    name = "r" * 93 + "-0.1"

    assert child_id("r" * 93, 0, 1) == "r" * 60 + "-h" + hashlib.sha256(name.encode()).hexdigest()[:32]


def test_a_shortened_id_names_its_root_through_every_generation():
    lineage = [(position, 1) for position in range(200)]

    assert descendant("order-7", lineage).startswith("order-7-h")
    assert len(descendant("order-7", lineage)) <= LONGEST_CHILD_ID


@pytest.mark.parametrize("root", ["-0.1", "-h" + "0" * 32 + "-1.1" * 20])
def test_a_root_that_looks_like_lineage_alone_is_kept(root):
    assert descendant(root, [(0, 1)] * 40).startswith(root[:30])


@given(ids, st.lists(st.lists(steps, max_size=6), min_size=2, max_size=8, unique_by=tuple))
def test_descendants_have_ids_of_their_own_that_are_bounded_and_repeatable(root, lineages):
    found = [descendant(root, lineage) for lineage in lineages]

    assert len(set(found)) == len(lineages)
    assert found == [descendant(root, lineage) for lineage in lineages]
    assert all(len(id_) <= LONGEST_CHILD_ID for id_ in found if id_ != root)
    assert all(problem_with_ids(id_, "parent") is None for id_ in found)


@pytest.mark.parametrize("root", ["r", "r" * 60, "r" * 96, "r" * 128])
def test_a_whole_tree_of_fan_outs_repeats_no_id(root):
    everybody = generation = {root}
    for position in range(6):
        generation = {child_id(parent, position, index) for parent in generation for index in (1, 2, 11)} | generation
        everybody = everybody | generation

    assert len(everybody) == 4**6
    assert max(map(len, everybody - {root})) <= LONGEST_CHILD_ID


@given(ids, steps)
def test_no_producer_may_choose_a_childs_id(id_, step):
    name = f"{id_[:100]}-{step[0]}.{step[1]}"

    assert problem_with_ids(name, "parent") is None
    assert problem_with_ids(name, UNSET) == (
        f"id: {name!r} ends like a fan-out child's (-<number>.<number>); choose another, or give its parent_id"
    )


@pytest.mark.parametrize("id_", ["a", "A.b_c:d-9", "1.2", "a-1.2b", "a-1.2-", "a-.2", "-", "x" * LONGEST_ID])
def test_producers_may_choose_other_ids(id_):
    assert problem_with_ids(id_, UNSET) is None
    assert problem_with_ids("a", id_) is None


@pytest.mark.parametrize("id_", ["", "a b", "a\n", "a/b", "é", "\u0663", "x" * (LONGEST_ID + 1)])
def test_other_ids_are_refused_with_a_sentence_that_names_the_field(id_):
    rule = "must be 1 to 128 characters of A-Z a-z 0-9 . _ : -"

    assert problem_with_ids(id_, UNSET) == f"id: {id_[:128]!r} {rule}"
    assert problem_with_ids(id_, "parent") == f"id: {id_[:128]!r} {rule}"
    assert problem_with_ids("a", id_) == f"parent_id: {id_[:128]!r} {rule}"


def test_a_record_without_a_usable_id_is_named_after_bytes_and_message():
    digest = hashlib.sha256(b"x").hexdigest()

    assert raw_id(b"x", "17") == f"raw-{digest}-17"
    assert raw_id(b"x", "a.1/é") == f"raw-{digest}-a_1__"


@given(st.binary(), st.text())
def test_such_a_name_is_always_an_id_that_its_message_may_have(body, message_id):
    assert problem_with_ids(raw_id(body, message_id), UNSET) is None
