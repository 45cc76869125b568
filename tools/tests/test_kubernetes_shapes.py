"""Kubernetes' own shapes, as the charts' schemas take them."""

from __future__ import annotations

import pytest

from tools.kubernetes_shapes import definitions, reference
from tools.outputs import GenerateError


def test_a_shape_brings_all_that_it_refers_to_closed_and_without_null():
    found = definitions({"items": reference("core.v1.EnvVarSource")})

    assert {"EnvVarSource", "SecretKeySelector", "ResourceFieldSelector", "Quantity"} <= found.keys()
    assert found["SecretKeySelector"] == {
        "type": "object",
        "properties": {"key": {"type": "string"}, "name": {"type": "string"}, "optional": {"type": "boolean"}},
        "required": ["key", "name"],
        "additionalProperties": False,
        "propertyNames": {"enum": ["key", "name", "optional"]},
    }
    assert found["Quantity"] == {"type": ["string", "number"]}


def test_a_shape_that_kubernetes_does_not_have_is_named():
    with pytest.raises(GenerateError, match=r"core\.v1\.Nonesuch: Kubernetes .* has no such definition"):
        reference("core.v1.Nonesuch")
