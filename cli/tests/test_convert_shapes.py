"""Specs of any shape are converted, or refused with a sentence."""

from __future__ import annotations

import copy

import pytest

from asya_cli.errors import MisuseError
from cli.tests.asyncactors import ALL, MINIMAL, converted


def places(value, path=()):
    """Every place in a manifest, as the keys that lead to it."""
    yield path
    inside = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, each in inside:
        yield from places(each, (*path, key))


def replaced(value, path, new):
    result = copy.deepcopy(value)
    inner = result
    for key in path[:-1]:
        inner = inner[key]
    inner[path[-1]] = new
    return result


def outcome(spec):
    try:
        return converted(spec).text("helm install")
    except MisuseError as error:
        return str(error)


EVERY_GENERATION = {
    "resiliency": {
        "retry": {"backoffCoefficient": 2.0},
        "nonRetryableErrors": ["A"],
        "policies": {"default": {"onExhausted": ["x"]}},
        "timeout": {"actor": "5s"},
    },
    "sidecar": {"env": [{"name": "A", "value": "x"}]},
    "timeout": {"gracefulShutdown": 30, "processing": 3},
}


@pytest.mark.parametrize("spec", ALL.values(), ids=ALL)
@pytest.mark.parametrize("wrong", [None, 1, True, "x", [], {}, [1], ["a"], {"a": 1}], ids=str)
def test_a_value_of_the_wrong_type_is_converted_or_refused_with_a_sentence(spec, wrong):
    whole = {**EVERY_GENERATION, **spec}
    told = [outcome(replaced(whole, path, wrong)) for path in places(whole) if path]

    assert [each for each in told if not each.startswith(("# Values of", "text-classifier: spec"))] == []


def test_what_is_null_is_not_there():
    assert converted({**MINIMAL, "timeout": None, "env": None, "resources": {"limits": None}}).values == MINIMAL
