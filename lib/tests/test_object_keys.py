import pytest
from hypothesis import given
from hypothesis import strategies as st

from asya_core.object_keys import claim_key, object_key, split_key, written_id

any_text = st.text(st.characters(codec=None), min_size=1, max_size=300)
look_alikes = st.text("a/%2F.0", min_size=1, max_size=4)


def test_an_object_lies_under_prefix_day_id_and_generation():
    assert object_key("happy-asya/", "order-7", 2, "2026-03-01T10:00:00Z") == "happy-asya/2026-03-01/order-7.2.json"


def test_a_claim_is_shared_by_both_ends():
    assert claim_key("order-7", 2) == "claims-asya/order-7.2"


def test_every_character_that_ids_may_have_stays_as_it_is():
    assert claim_key("aZ09._:-", 0) == "claims-asya/aZ09._:-.0"


@pytest.mark.parametrize("prefix", ["results", "results/", "/results/"])
def test_a_prefix_is_a_folder_however_it_is_written(prefix):
    assert object_key(prefix, "a", 0, "2026-03-01T10:00:00Z") == "results/2026-03-01/a.0.json"


def test_an_empty_prefix_is_the_root():
    assert object_key("", "a", 0, "2026-03-01T10:00:00Z") == "2026-03-01/a.0.json"


@pytest.mark.parametrize(
    ("created_at", "day"),
    [
        ("2026-03-01T23:30:00-02:00", "2026-03-02"),
        ("2026-03-01T23:30:00.123456Z", "2026-03-01"),
        ("2026-03-01T23:30:00", "2026-03-01"),
        ("0001-01-01T00:00:00+23:00", "undated"),
        ("yesterday", "undated"),
        ("../../etc", "undated"),
        (None, "undated"),
        (17, "undated"),
    ],
)
def test_the_day_is_that_of_creation_in_utc(created_at, day):
    assert object_key("p", "a", 0, created_at) == f"p/{day}/a.0.json"


@pytest.mark.parametrize(
    "id_", ["..", ".", "../../etc/passwd", "/abs", "a/b", "a\\b", "a#1", "a\x00b", "ключ", "\ud800"]
)
def test_no_id_leaves_its_folder(id_):
    folder, name = claim_key(id_, 0).split("/")
    assert folder == "claims-asya"
    assert name not in {".", ".."}
    assert name.isascii()
    assert name.isprintable()


@given(any_text | look_alikes, any_text | look_alikes, st.integers(0, 3), st.integers(0, 3))
def test_different_envelopes_have_different_names(first, second, one, other):
    assert (claim_key(first, one) == claim_key(second, other)) == ((first, one) == (second, other))


@given(any_text)
def test_names_fit_into_a_file_system(id_):
    assert len(object_key("p", id_, 12345, None).split("/")[-1]) <= 240


@pytest.mark.parametrize("id_", ["order-7", "a.b-0.1", "../x", "ü", "x" * 5000])
@pytest.mark.parametrize("generation", [0, 12])
def test_a_key_tells_id_and_generation_again(id_, generation):
    key = object_key("error-asya/", id_, generation, "2026-03-01T10:00:00Z")
    assert split_key(key) == (written_id(id_), generation)


@pytest.mark.parametrize("key", ["a/b.txt", "a/b.json", "a/b.x.json", "a/.1.json", "", "a/b.\u0661.json"])
def test_any_other_key_tells_nothing(key):
    assert split_key(key) is None
