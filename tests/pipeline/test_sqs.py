"""What a broker has a hand in, on SQS: tests of this package again, over a stand-in for SQS."""

import pytest

from tests.pipeline import test_deaths as deaths
from tests.pipeline import test_failures as failures
from tests.pipeline import test_messages as messages
from tests.pipeline import test_routes as routes
from tests.pipeline.flow import running

pytestmark = pytest.mark.timeout(300)


@pytest.fixture(scope="module")
def pipeline(need, tmp_path_factory):
    need("helm")
    with running(tmp_path_factory.mktemp("sqs"), "sqs") as pipeline:
        yield pipeline


test_headers_and_unknown_members_pass_byte_for_byte = (
    messages.test_headers_and_unknown_members_pass_three_hops_byte_for_byte
)
test_what_is_larger_than_its_actor_takes_is_kept = (
    messages.test_what_is_larger_than_its_actor_takes_is_kept_in_the_store
)
test_an_output_whose_queue_appears_in_time_is_delivered = (
    routes.test_an_output_whose_queue_appears_in_time_is_delivered_and_keeps_nobody_waiting
)
test_a_retry_waits_at_the_broker = failures.test_a_retry_waits_at_the_broker_as_long_as_the_policy_says
test_an_exception_may_ask_for_a_later_retry = failures.test_an_exception_may_ask_for_a_later_retry
test_bytes_that_are_no_envelope_are_kept = failures.test_bytes_that_are_no_envelope_are_kept
test_a_killed_runtime_costs_one_message = (
    deaths.test_a_killed_runtime_costs_the_message_in_it_an_attempt_and_the_others_none
)
test_a_pod_that_ends_gives_back_the_rest = (
    deaths.test_a_pod_that_is_told_to_end_finishes_what_it_runs_and_gives_back_the_rest
)
