"""What the chart tests share: Helm, and renders that many of them look at."""

from __future__ import annotations

import pytest

from tests.chart.rendering import HANDLER, Helm


@pytest.fixture(scope="session")
def helm(need, tmp_path_factory):
    return Helm(need("helm"), tmp_path_factory.mktemp("values"))


@pytest.fixture(scope="session")
def actor(helm):
    """What a data scientist gets who gives image and handler."""
    return helm.template(HANDLER, release="text-processor")


@pytest.fixture(scope="session")
def crew(helm):
    return helm.template(chart="charts/crew", release="crew")
