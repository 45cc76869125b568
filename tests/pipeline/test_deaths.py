import asyncio
import signal

import pytest

from tests.pipeline.flow import AFTER_LEASE, SOON
from tests.transport.parties import eventually

pytestmark = pytest.mark.timeout(300)  # leases have to end here
DRAINING = '"event":"draining"'


def executions(flow, name):
    return len(flow.pipeline.executions("gate", name))


async def warm_up(flow):
    """Let `gate` learn that it is fast, so that it takes messages ahead of the one that it works on."""
    ids = [await flow.send(["gate"], {"name": "warm-up"}) for _ in range(50)]
    for id_ in ids:
        await flow.result(id_)


async def in_flight(flow, more_than):
    return (await flow.transport.depth(flow.pipeline.queue("gate"))).in_flight > more_than


async def test_a_killed_runtime_costs_the_message_in_it_an_attempt_and_the_others_none(flow):
    await warm_up(flow)
    with flow.pipeline.gate_shut():
        culprit = await flow.send(["gate"], {"name": "culprit"})
        await flow.begun("gate", "culprit")
        neighbours = [await flow.send(["gate"], {"name": f"neighbour {number}"}) for number in range(3)]
        await eventually(lambda: in_flight(flow, more_than=1), SOON)
        pid = flow.pipeline.kill("gate", "asya-runtime")
        assert await flow.restarted("gate", "asya-runtime", than=pid) == -signal.SIGKILL
    assert (await flow.result(culprit))["status"]["attempt"] == 2
    for id_ in neighbours:
        assert (await flow.result(id_))["status"]["attempt"] == 1
    assert executions(flow, "culprit") == 2


async def test_a_message_that_kills_the_runtime_each_time_ends_in_an_error(flow):
    with flow.pipeline.gate_shut():
        id_ = await flow.send(["gate"], {"name": "killer"})
        for times in (1, 2):
            await flow.begun("gate", "killer", times)
            pid = flow.pipeline.kill("gate", "asya-runtime")
            await flow.restarted("gate", "asya-runtime", than=pid)
        stored = await flow.error(id_)
    assert (stored["payload"]["error"], stored["status"]["attempt"]) == ("crash_error", 2)
    assert stored["payload"]["original_payload"] == {"name": "killer"}
    assert executions(flow, "killer") == 2


async def test_a_message_whose_sidecar_was_killed_runs_again_and_has_one_end(flow):
    with flow.pipeline.gate_shut():
        id_ = await flow.send(["gate", "echo"], {"name": "orphan"})
        await flow.begun("gate", "orphan")
        pid = flow.pipeline.kill("gate", "asya-sidecar")
        assert await flow.restarted("gate", "asya-sidecar", than=pid) == -signal.SIGKILL
    stored = await flow.result(id_, AFTER_LEASE)
    assert stored["status"]["attempt"] == 1
    await flow.empty("gate", "echo", "happy-end", within=AFTER_LEASE)
    assert executions(flow, "orphan") == 2
    assert len([end for end in flow.pipeline.results.ends() if end.id == id_]) == 1


async def test_nothing_is_lost_when_the_broker_is_killed(flow):
    with flow.pipeline.gate_shut():
        route = ["gate", "echo", "maker"]
        first = await flow.send(route, {"name": "first", "return": "first"})
        await flow.begun("gate", "first")
        payloads = [{"name": f"held {number}", "return": number} for number in range(200)]
        ids = await asyncio.gather(*[flow.send(route, payload) for payload in payloads])
        delayed = await flow.send(["flaky"], {"name": "delayed", "times": 1, "error": "outage"})
        await flow.begun("flaky", "delayed")
        pid = flow.pipeline.kill("nats", "nats-server")
    assert await flow.restarted("nats", "nats-server", than=pid) == -signal.SIGKILL
    for id_, payload in zip([first, *ids], ["first", *range(200)], strict=True):
        stored = await flow.result(id_, AFTER_LEASE)
        assert (stored["payload"], stored["status"]["attempt"]) == (payload, 1)
    assert (await flow.result(delayed))["status"]["attempt"] == 2
    await eventually(lambda: flow.transport.connected, SOON)
    await flow.empty(*route, "flaky", "happy-end", within=AFTER_LEASE)


async def test_a_runtime_that_is_killed_while_its_pod_ends_costs_no_attempt(flow):
    pipeline = flow.pipeline
    drains = pipeline.said("gate", "asya-sidecar", DRAINING)
    with pipeline.gate_shut():
        id_ = await flow.send(["gate"], {"name": "interrupted"})
        await flow.begun("gate", "interrupted")
        sidecar = pipeline.kill("gate", "asya-sidecar", signal.SIGTERM)
        await eventually(lambda: pipeline.said("gate", "asya-sidecar", DRAINING) > drains, SOON)
        pipeline.kill("gate", "asya-runtime")
        assert await flow.restarted("gate", "asya-sidecar", than=sidecar) == 0
    assert (await flow.result(id_))["status"]["attempt"] == 1
    assert executions(flow, "interrupted") == 2


@pytest.mark.parametrize(
    "told", [["asya-sidecar"], ["asya-runtime"], ["asya-sidecar", "asya-runtime"]], ids=" and ".join
)
async def test_a_pod_that_is_told_to_end_finishes_what_it_runs_and_gives_back_the_rest(flow, told):
    pipeline = flow.pipeline
    names = [f"{' and '.join(told)} {number}" for number in range(5)]
    drains = pipeline.said("gate", "asya-sidecar", DRAINING)
    pids = {each: pipeline.process("gate", each).pid for each in ("asya-sidecar", "asya-runtime")}
    with pipeline.gate_shut():
        ids = [await flow.send(["gate"], {"name": names[0]})]
        await flow.begun("gate", names[0])
        ids += [await flow.send(["gate"], {"name": name}) for name in names[1:]]
        for container in told:
            pipeline.kill("gate", container, signal.SIGTERM)
        await eventually(lambda: pipeline.said("gate", "asya-sidecar", DRAINING) > drains, SOON)
        assert pipeline.results.find(ids[0]) is None
    for container, pid in pids.items():
        assert await flow.restarted("gate", container, than=pid) == 0
    for id_, name in zip(ids, names, strict=True):
        assert (await flow.result(id_))["status"]["attempt"] == 1
        assert executions(flow, name) == 1
    await flow.empty("gate", "happy-end")
