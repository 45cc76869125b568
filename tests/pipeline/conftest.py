"""The one pipeline that all tests of this package send messages through."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from asya_cli.errors import CliError
from asya_cli.local.sending import connected
from tests.pipeline.flow import Flow, Pipeline


@pytest.fixture(scope="package")
def pipeline(need, tmp_path_factory):
    need("helm")
    need("nats-server")
    pipeline = Pipeline(tmp_path_factory.mktemp("pipeline"))
    try:
        pipeline.start()
    except CliError as error:
        pytest.fail(f"{error}\n{error.detail}", pytrace=False)
    yield pipeline
    pipeline.stop()


@pytest.fixture
async def flow(pipeline) -> AsyncIterator[Flow]:
    async with connected(pipeline.open_transport()) as transport:
        yield Flow(pipeline, transport)
