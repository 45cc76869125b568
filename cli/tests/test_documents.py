"""Which AsyncActors are in a YAML text."""

from __future__ import annotations

import pytest
import yaml

from asya_cli.convert.documents import read_manifests
from asya_cli.errors import MisuseError


def test_documents_lists_and_strangers_are_told_apart():
    one = "apiVersion: asya.sh/v1alpha1\nkind: AsyncActor\nmetadata: {name: NAME}\nspec: {image: a, day: 2026-01-01}\n"
    listed = {"kind": "List", "items": [yaml.safe_load(one.replace("NAME", "c")), {"kind": "Service"}]}
    text = "---\n".join([one.replace("NAME", "a"), one.replace("NAME", "b"), yaml.safe_dump(listed)])
    found, others = read_manifests(text, "x.yaml")

    assert [each.name for each in found] == ["a", "b", "c"]
    assert found[0].spec["day"] == "2026-01-01"
    assert others == ["Service"]


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("a: b: c", r"x\.yaml:1: this is no YAML"),
        ("kind: Service\nmetadata: {name: s}", r"x\.yaml holds no AsyncActor \(Service s\)"),
        ("", r"x\.yaml holds no AsyncActor \(nothing at all\)"),
        ("apiVersion: asya.sh/v1\nkind: AsyncActor\nspec: {}", "has no metadata.name"),
        ("apiVersion: asya.sh/v1\nkind: AsyncActor\nmetadata: {name: a}", "has no spec"),
    ],
)
def test_a_text_without_actors_is_refused(text, sentence):
    with pytest.raises(MisuseError, match=sentence):
        read_manifests(text, "x.yaml")
