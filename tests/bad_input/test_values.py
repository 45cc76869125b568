"""Values that the charts refuse; what they are laid over installs once they are mended."""

from __future__ import annotations

import re

import pytest

from tests.bad_input.page import each
from tests.chart.rendering import HANDLER, Helm

CASES = {
    "values-key-misspelled": {**HANDLER, "scaling": {"maxReplica": 5}},
    "values-of-another-type": {**HANDLER, "concurrency": "many"},
    "values-image-without-handler": {"image": "x:1"},
    "values-handler-with-a-colon": {"image": "x:1", "handler": "text_processor:process"},
    "values-transport-unknown": {**HANDLER, "transport": "carrier-pigeon"},
    "values-duration-without-unit": {**HANDLER, "timeout": {"actor": "5 minutes"}},
    "values-timeout-of-zero": {**HANDLER, "timeout": {"actor": "0s"}},
    "values-actor-no-name": {**HANDLER, "actor": "My_Model"},
    "values-url-with-credentials": {**HANDLER, "transports": {"nats": {"url": "nats://me:secret@nats:4222"}}},
    "values-variable-of-the-chart": {**HANDLER, "env": {"ASYA_SOCKET_DIR": "/tmp"}},
}


@pytest.fixture(scope="module")
def helm(need, tmp_path_factory):
    return Helm(need("helm"), tmp_path_factory.mktemp("values"))


@each(CASES)
def test_values_that_can_not_be_used_are_refused(helm, row, case):
    row.check(where="Helm", said=sentence(helm.refusal(case)))
    assert helm.template(HANDLER).objects


def sentence(refusal):
    """Return what Helm says, without what it says of itself."""
    guard = re.search(r"ERROR: (.*)", refusal)
    return guard[1] if guard else refusal.strip().splitlines()[-1].removeprefix("- ")
