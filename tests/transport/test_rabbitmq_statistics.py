"""The hook Job sees to it that an autoscaler can see how deep queues are."""

import asyncio

import pytest

from asya_cli.local.ports import FreePorts
from asya_core.transports.rabbitmq import statistics
from asya_sidecar import exit_codes, queues

TAGS = 'rabbit_auth_backend_internal:set_tags(<<"{}">>, [{}], <<"test">>)'
SWITCH = "application:set_env(rabbitmq_management_agent, disable_metrics_collector, {})"


@pytest.fixture
def ensure(rabbit_alone, monkeypatch, capsys, tmp_path):
    """Give a coroutine that runs the hook Job for one actor; it returns the exit code and the last line."""
    settings = {
        "ASYA_TRANSPORT": "rabbitmq",
        "ASYA_RABBITMQ_URL": f"amqp://{rabbit_alone.host}:{rabbit_alone.port}",
        "ASYA_RABBITMQ_VHOST": rabbit_alone.vhost,
        "ASYA_SECRETS_DIR": str(tmp_path),
    }
    for name, value in settings.items():
        monkeypatch.setenv(name, value)

    async def run(management_url):
        monkeypatch.setenv("ASYA_RABBITMQ_MANAGEMENT_URL", management_url)
        code = await asyncio.to_thread(queues.main, ["ensure", "mine"])
        return code, capsys.readouterr().out.splitlines()[-1]

    return run


@pytest.fixture
def url(rabbitmq_server):
    return f"http://{rabbitmq_server.management_host}:{rabbitmq_server.management_port}"


async def test_statistics_of_a_queue_that_was_just_made_are_waited_for_and_found(ensure, url):
    code, line = await ensure(url)
    assert code == exit_codes.OK
    assert line == f"depth statistics: found at RabbitMQ's management API at {url.removeprefix('http://')}"


async def test_without_the_apis_address_nothing_is_looked_for(ensure):
    assert await ensure("") == (exit_codes.OK, "asya-mine: made")


async def test_statistics_that_are_switched_off_fail_the_job(ensure, url, rabbitmq_server, monkeypatch):
    monkeypatch.setattr(statistics, "PATIENCE_SECONDS", 0.0)
    await asyncio.to_thread(rabbitmq_server.evaluate, SWITCH.format("true"))
    try:
        code, line = await ensure(url)
    finally:
        await asyncio.to_thread(rabbitmq_server.evaluate, SWITCH.format("false"))
    assert code == exit_codes.TRANSPORT_FAILED
    assert line.startswith("depth statistics: refused: RabbitMQ's management API at ")
    assert "has its statistics switched off; KEDA would read that as 0 messages" in line
    assert line.endswith("in rabbitmq.conf")


async def test_statistics_that_do_not_come_fail_the_job(ensure, url, monkeypatch):
    monkeypatch.setattr(statistics, "PATIENCE_SECONDS", 0.0)
    code, line = await ensure(url)
    assert code == exit_codes.TRANSPORT_FAILED
    assert "told no messages and messages_unacknowledged of asya-mine within 0 s" in line


async def test_an_api_that_can_not_be_reached_from_the_job_is_only_told(ensure):
    code, line = await ensure(f"http://127.0.0.1:{FreePorts()()}")
    assert code == exit_codes.OK
    assert line.startswith("depth statistics: not checked: RabbitMQ's management API at 127.0.0.1:")
    assert "can't be reached: " in line
    assert line.endswith("; KEDA has to read it, so see to it that it can")


async def test_an_api_that_refuses_the_jobs_user_is_only_told(ensure, url, rabbitmq_server):
    await asyncio.to_thread(rabbitmq_server.evaluate, TAGS.format(rabbitmq_server.user, ""))
    try:
        code, line = await ensure(url)
    finally:
        await asyncio.to_thread(rabbitmq_server.evaluate, TAGS.format(rabbitmq_server.user, "administrator"))
    assert code == exit_codes.OK
    assert "refuses this user; give it the tag `monitoring`; KEDA has to read it" in line
