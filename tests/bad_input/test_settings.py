"""Settings of a sidecar that can't be used: all are named at once, and it starts once they are mended."""

from __future__ import annotations

import asyncio
import socket
from dataclasses import dataclass, field

import pytest
import pytest_asyncio

from asya_core.transports import open_transport
from tests.bad_input.page import each
from tests.bad_input.processes import runtime
from tests.bad_input.sidecars import SidecarProcess, make_queues, see_through, sidecar
from tests.brokers.nats_server import NatsServer

pytestmark = pytest.mark.asyncio(loop_scope="module")
PREFIX = "settings-"
RULE = '{"rules": [{"errors": ["ValueError"], "policy": "patient"}]}'


@dataclass
class Start:
    """One start of a sidecar with settings that can't be used, and the rows that it is about by their variables."""

    environ: dict[str, str]
    rows: dict[str, str]
    taken_away: set[str] = field(default_factory=set)


STARTS = [
    Start(
        {
            "ASYA_ACTOR_NAME": "My_Actor", "ASYA_NATS_URL": "http://nats", "ASYA_PREFETCH": "many",
            "ASYA_LOG_LEVEL": "loud", "ASYA_IS_END_ACTOR": "yes", "ASYA_METRICS_ADDR": "8080",
            "ASYA_RUNTIME_TIMEOUT": "5 minutes", "ASYA_RESILIENCY": '{"policies": {"default": {"maxAttempt": 3}}}',
            "ASYA_MAX_BODY_BYTES": "16MB", "ASYA_DRAIN_TIMEOUT": "-1s", "ASYA_PREFECH": "1",
            "ASYA_CLAIM_CHECK_URL": "my-bucket", "ASYA_CLAIM_CHECK_PREFIX": "../results",
            "ASYA_CLAIM_CHECK_THRESHOLD": "64KB",
        },
        {
            "sidecar-actor-no-name": "ASYA_ACTOR_NAME", "sidecar-nats-url-of-another-kind": "ASYA_NATS_URL",
            "sidecar-prefetch-no-number": "ASYA_PREFETCH", "sidecar-log-level-unknown": "ASYA_LOG_LEVEL",
            "sidecar-end-neither-true-nor-false": "ASYA_IS_END_ACTOR",
            "sidecar-address-no-address": "ASYA_METRICS_ADDR",
            "sidecar-timeout-no-duration": "ASYA_RUNTIME_TIMEOUT", "sidecar-resiliency-misspelled": "ASYA_RESILIENCY",
            "sidecar-limit-no-number": "ASYA_MAX_BODY_BYTES", "sidecar-drain-no-duration": "ASYA_DRAIN_TIMEOUT",
            "sidecar-variable-misspelled": "ASYA_PREFECH",
            "sidecar-claim-url-none": "ASYA_CLAIM_CHECK_URL", "sidecar-claim-prefix-outside": "ASYA_CLAIM_CHECK_PREFIX",
            "sidecar-claim-threshold-no-number": "ASYA_CLAIM_CHECK_THRESHOLD",
        },
    ),
    Start(
        {"ASYA_TRANSPORT": "carrier-pigeon", "ASYA_RESILIENCY": "maxAttempts: 3", "ASYA_RUNTIME_TIMEOUT": "0"},
        {
            "sidecar-actor-missing": "ASYA_ACTOR_NAME", "sidecar-transport-unknown": "ASYA_TRANSPORT",
            "sidecar-resiliency-not-json": "ASYA_RESILIENCY", "sidecar-timeout-zero": "ASYA_RUNTIME_TIMEOUT",
        },
        {"ASYA_ACTOR_NAME"},
    ),
    Start(
        {"ASYA_RESILIENCY": RULE, "ASYA_NATS_URL": "nats://me:pass@nats:4222"},
        {
            "sidecar-transport-missing": "ASYA_TRANSPORT",
            "sidecar-resiliency-names-no-policy": "ASYA_RESILIENCY",
        },
        {"ASYA_TRANSPORT"},
    ),
    Start(
        {"ASYA_RESILIENCY": '{"maxDeliveries": 0}', "ASYA_NATS_URL": "nats://me:pass@nats:4222"},
        {
            "sidecar-nats-url-with-credentials": "ASYA_NATS_URL",
            "sidecar-resiliency-out-of-range": "ASYA_RESILIENCY",
        },
    ),
    Start(
        {
            "ASYA_TRANSPORT": "sqs", "ASYA_SQS_REGION": "Frankfurt", "ASYA_SQS_ENDPOINT": "sqs:9324",
            "ASYA_SQS_VISIBILITY_TIMEOUT": "1s", "ASYA_SQS_WAIT_TIME": "1m", "ASYA_SQS_TAGS": "team=vision",
        },
        {
            "sidecar-sqs-region-no-name": "ASYA_SQS_REGION", "sidecar-sqs-endpoint-no-url": "ASYA_SQS_ENDPOINT",
            "sidecar-sqs-visibility-out-of-range": "ASYA_SQS_VISIBILITY_TIMEOUT",
            "sidecar-sqs-wait-out-of-range": "ASYA_SQS_WAIT_TIME", "sidecar-sqs-tags-no-object": "ASYA_SQS_TAGS",
        },
    ),
    Start({"ASYA_CLAIM_CHECK_URL": "ftp://host/folder"}, {"sidecar-claim-store-unknown": "ASYA_CLAIM_CHECK_URL"}),
    Start(
        {"ASYA_CLAIM_CHECK_URL": "file:///not/mounted"}, {"sidecar-claim-folder-absent": "ASYA_CLAIM_CHECK_URL"}
    ),
    Start({"ASYA_IS_END_ACTOR": "true"}, {"sidecar-end-that-is-none": "ASYA_IS_END_ACTOR"}),
]  # fmt: skip
CASES = {row: (number, variable) for number, start in enumerate(STARTS) for row, variable in start.rows.items()}


@pytest.fixture(scope="module")
def environ(need, folder, tmp_path_factory):
    """Give settings that can be used, with a broker and a runtime that are there."""
    server = NatsServer(need("nats-server"), tmp_path_factory.mktemp("nats"))
    server.start()
    with runtime(folder, {"ASYA_HANDLER": "asya_runtime.echo.process"}) as process:
        process.wait_until_ready()
        yield {
            "ASYA_ACTOR_NAME": "a", "ASYA_TRANSPORT": "nats", "ASYA_NATS_URL": server.url, "ASYA_QUEUE_PREFIX": PREFIX,
            "ASYA_SOCKET_DIR": str(folder), "ASYA_SECRETS_DIR": str(folder), "ASYA_METRICS_ADDR": "127.0.0.1:0",
        }  # fmt: skip
    server.stop()


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def refused(environ) -> list[SidecarProcess]:
    """Start them all, and see that with the mistakes mended messages pass."""

    async def start(one: Start) -> SidecarProcess:
        usable = {name: value for name, value in environ.items() if name not in one.taken_away}
        async with sidecar({**usable, **one.environ}) as process:
            assert await process.ended() == 2
            return process

    ended = await asyncio.gather(*map(start, STARTS))
    await check_mended(environ)
    return ended


async def check_mended(environ):
    transport = open_transport("nats", environ)
    await transport.connect()
    await make_queues(transport, PREFIX)
    async with sidecar(environ):
        await see_through(transport, PREFIX)
    await transport.close()


@each(CASES)
async def test_a_setting_that_can_not_be_used_is_named(refused, row, case):
    number, variable = case
    lines = [line for line in refused[number].lines if line["message"].startswith(f"{variable}:")]
    assert len(lines) == 1, refused[number].lines
    where = {"bad_setting": "exit code 2", "unknown_setting": "sidecar's log"}[lines[0]["event"]]
    row.check(where=where, said=lines[0]["message"])


@each({"sidecar-address-taken": None})
async def test_an_address_that_is_taken_is_named(environ, row, case):
    assert case is None
    with socket.create_server(("127.0.0.1", 0)) as other:
        address = f"127.0.0.1:{other.getsockname()[1]}"
        async with sidecar({**environ, "ASYA_METRICS_ADDR": address}) as process:
            code = await process.ended()
            row.check(where=f"exit code {code}", said=process.said("bad_setting"))
    await check_mended(environ)
