"""Which handlers take batches, and what is said about the others when the runtime starts."""

from __future__ import annotations

import importlib
import sys

import pytest

from asya_runtime.batch_handler import takes_list
from asya_runtime.errors import StartError

TAKING = [
    "takes_list",
    "takes_bare_list",
    "takes_typing_list",
    "takes_list_of_typing",
    "takes_sequence",
    "takes_sequence_of_abc",
    "takes_what_a_type_checker_sees",
    "takes_newer_syntax",
    "takes_quoted_list",
    "takes_alias",
    "takes_list_later",
    "takes_list_below_a_decorator",
    "takes_called",
    "takes_partial",
    "Model.takes_list",
    "Model.takes_list_statically",
    "Model.takes_list_by_class",
]
OTHERS = ["without", "one", "any_of", "text", "unknown", "several", "optional", "second", "Model.one"]


@pytest.fixture
def refusal(load):
    """Load a handler for batches of up to 32; return code and sentence of the refusal."""

    def refusal(path):
        with pytest.raises(StartError) as caught:
            load(path, batch_size=32)
        return caught.value.code, caught.value.message

    return refusal


@pytest.mark.parametrize("name", TAKING)
def test_a_list_is_recognised_in_all_its_forms(load, name):
    assert load(f"annotated.{name}", batch_size=32).batched


@pytest.mark.parametrize("name", OTHERS)
def test_a_handler_of_single_messages_is_refused_and_shown_the_annotation(refusal, name):
    code, sentence = refusal(f"annotated.{name}")

    assert code == "batch_annotation"
    assert sentence == (
        f'"annotated.{name}" does not say that it takes a list of messages, but batches are on '
        "(ASYA_BATCH_MAX_SIZE is 32); annotate its first parameter, "
        f"as in def {name.rpartition('.')[2]}(payloads: list[dict]) -> list, or set the size to 1"
    )


@pytest.mark.parametrize("name", ["yields", "yields_later", "an_object_that_yields"])
def test_generators_are_refused(refusal, name):
    code, sentence = refusal(f"annotated.{name}")

    assert code == "batch_generator"
    assert sentence == (
        f'"annotated.{name}" yields, which a handler of batches can\'t do, and batches are on '
        "(ASYA_BATCH_MAX_SIZE is 32); return a list with one entry for each message, or set the size to 1"
    )


@pytest.mark.parametrize("name", [*TAKING, *OTHERS, "yields", "yields_later"])
def test_without_batches_every_handler_is_taken(load, name):
    assert not load(f"annotated.{name}").batched


@pytest.mark.parametrize("name", ["takes_quoted", "takes_quoted_inside"])
def test_a_name_of_type_checkers_does_no_harm(load, name):
    assert takes_list(load(f"annotated_late.{name}").call)


def test_names_that_are_evaluated_late_do_no_harm(load, tmp_path, monkeypatch):
    (tmp_path / "late.py").write_text("def takes(payloads: 'list[Missing]'): ...\ndef one(payload: 'Missing'): ...\n")
    if sys.version_info >= (3, 14):
        (tmp_path / "late.py").write_text("def takes(payloads: list[Missing]): ...\ndef one(payload: Missing): ...\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    late = importlib.import_module("late")

    assert (takes_list(late.takes), takes_list(late.one)) == (True, False)
    assert load("late.one").call is late.one


def test_a_function_written_in_c_takes_no_list():
    assert not takes_list(min)
    assert not takes_list(len)
