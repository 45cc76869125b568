"""A short run of `make drain`."""

import pytest

from tests.brokers.rabbitmq_server import programs_or_skip
from tests.delivery.drain import drain

STOPS = 12


@pytest.mark.parametrize("transport", ["nats", "rabbitmq", "sqs"])
@pytest.mark.timeout(300)
async def test_pods_that_are_stopped_at_random_moments_repeat_nothing_and_strand_nothing(transport, tmp_path, need):
    if transport == "rabbitmq":
        programs_or_skip(need)
    account = await drain(transport, 7, STOPS, 2, tmp_path)
    assert account.balances, account
    assert account.stops == STOPS
    assert account.executions == account.results == account.sent > STOPS
