"""Names and labels: never too long, never two the same, and what selects pods never changes."""

from __future__ import annotations

import re

import pytest

from tests.chart.rendering import HANDLER

LONGEST_RELEASE = "r" * 53
"""Helm's own limit."""
LONGEST_ACTOR = "a" * 62
LABEL = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?")


@pytest.mark.parametrize("values", [{}, {"actor": f"{LONGEST_ACTOR}x"}], ids=["release", "actor"])
def test_names_stay_within_63_characters(helm, values):
    rendered = helm.template({**HANDLER, **values}, release=LONGEST_RELEASE)

    names = [each["metadata"]["name"] for each in rendered.objects]
    assert all(len(name) <= 63 and LABEL.fullmatch(name) for name in names)
    assert all(len(text) <= 63 for each in rendered.objects for text in each["metadata"]["labels"].values())


def test_suffixes_survive_and_long_names_stay_two(helm):
    names = [
        helm.template({**HANDLER, "actor": LONGEST_ACTOR + last}).one("ConfigMap")["metadata"]["name"] for last in "xy"
    ]

    assert all(name.endswith("-runtime") for name in names)
    assert len(set(names)) == 2


def test_a_long_actor_keeps_its_name_where_messages_look_for_it(helm):
    rendered = helm.template({**HANDLER, "actor": f"{LONGEST_ACTOR}x"})

    assert rendered.trigger()["metadata"]["stream"] == f"asya-{LONGEST_ACTOR}x"
    assert rendered.env("asya-sidecar")["ASYA_ACTOR_NAME"] == f"{LONGEST_ACTOR}x"


def test_every_object_has_the_namespace_and_the_standard_labels(helm):
    rendered = helm.template({**HANDLER, "transport": "rabbitmq"})

    for each in rendered.objects:
        labels = each["metadata"]["labels"]
        assert each["metadata"]["namespace"] == "asya"
        assert {key: value for key, value in labels.items() if not key.endswith("/component")} == {
            "app.kubernetes.io/name": "my-model",
            "app.kubernetes.io/instance": "my-model",
            "app.kubernetes.io/part-of": "asya",
            "app.kubernetes.io/version": "0.1.0",
            "app.kubernetes.io/managed-by": "Helm",
            "helm.sh/chart": "actor-0.1.0",
            "asya.sh/actor": "my-model",
        }


def test_what_selects_pods_holds_no_version(actor):
    spec = actor.one("Deployment")["spec"]

    assert spec["selector"]["matchLabels"] == {
        "app.kubernetes.io/name": "text-processor",
        "app.kubernetes.io/instance": "text-processor",
        "app.kubernetes.io/component": "actor",
    }
    assert not [key for key in spec["template"]["metadata"]["labels"] if "version" in key or "chart" in key]


def test_two_actors_in_one_namespace_share_no_object(helm):
    first, second = (helm.template(HANDLER, release=release) for release in ("a", "b"))
    names = [{(each["kind"], each["metadata"]["name"]) for each in one.objects} for one in (first, second)]

    assert not names[0] & names[1]
