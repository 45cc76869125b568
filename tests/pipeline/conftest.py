"""The one pipeline that the tests of this package send messages through; `ASYA_TEST_TRANSPORT` chooses its broker."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator

import pytest

from asya_cli.local.sending import connected
from tests.pipeline.flow import Flow, running


@pytest.fixture(scope="package")
def pipeline(need, tmp_path_factory):
    need("helm")
    need("nats-server")
    with running(tmp_path_factory.mktemp("pipeline"), os.environ.get("ASYA_TEST_TRANSPORT", "nats")) as pipeline:
        yield pipeline


@pytest.fixture
async def flow(pipeline) -> AsyncIterator[Flow]:
    async with connected(pipeline.open_transport()) as transport:
        yield Flow(pipeline, transport)
