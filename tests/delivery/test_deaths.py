"""What is killed in the middle of a message costs nobody but who is to blame."""

import json
import signal

import pytest

from tests.delivery.conftest import LEASE_SECONDS
from tests.delivery.place import SOON
from tests.delivery.pod import Pod, begun, has_begun, notes
from tests.transport.parties import eventually

pytestmark = pytest.mark.timeout(400)  # leases have to end here

AFTER_LEASES = 3 * SOON
COUNT = 4
KILLS = {"nats": 10, "rabbitmq": 10, "sqs": 5}
MOST_DELIVERIES = {"nats": 4, "rabbitmq": 10, "sqs": 4}
"""How often a message may take its pod down: as often as by default where no lease has to end after each."""


async def test_a_pod_killed_after_any_number_of_its_outputs_makes_the_same_ones_again(place):
    outlet = await place.outlet("b")
    for stop in range(COUNT + 1):
        name = f"m{stop}"
        (place.folder / "gate").unlink(missing_ok=True)
        async with Pod(place, f"killed{stop}", "steps.fan") as pod:
            await pod.ready()
            await place.send(name, parts=COUNT, stop=stop)
            if stop < COUNT:
                await eventually(lambda stop=stop: len(notes(place, "stopped")) > stop, SOON)
                published = [f"{name}-0.{number}" for number in range(1, stop)]  # child 0 goes out last
            else:
                published = family(name)
            await outlet.has(published)
            pod.kill()
            await pod.ended()
        (place.folder / "gate").touch()
    async with Pod(place, "heir", "steps.fan"):
        await outlet.has([each for stop in range(COUNT + 1) for each in family(f"m{stop}")], AFTER_LEASES)
        await eventually(place.is_empty, AFTER_LEASES)
    copies = {id_: outlet.ids.count(id_) for id_ in outlet.ids}
    assert sorted(copies) == sorted(each for stop in range(COUNT + 1) for each in family(f"m{stop}"))
    assert max(copies.values()) <= COUNT + 2  # one from each pod, for a killed one may have had its forerunners' too
    numbers = {each["id"]: each["payload"]["number"] for each in outlet.envelopes}
    assert all(each["payload"] == {"number": numbers[each["id"]]} for each in outlet.envelopes)


def family(name):
    return [name, *(f"{name}-0.{number}" for number in range(1, COUNT))]


async def test_a_message_that_takes_its_pod_down_each_time_costs_its_neighbours_nothing(place):
    most = MOST_DELIVERIES[place.broker.name]
    resiliency = {"ASYA_RESILIENCY": json.dumps({"maxDeliveries": most})}
    outlet, errors = await place.outlet("b"), await place.outlet("error-end")
    innocent = [f"innocent{number}" for number in range(40)]
    await place.send("warm-up")
    expected = {"warm-up", *innocent, "killer"}
    pods = 0
    async with Pod(place, "warm", "steps.kill_pod", **resiliency) as pod:
        await pod.ready()
        await outlet.has(["warm-up"])
        for name in innocent[:20]:
            await place.send(name)
        await place.send("killer", kills=True)
        for name in innocent[20:]:
            await place.send(name)
        await pod.ended()
    while {*outlet.ids, *errors.ids} != expected:
        pods += 1
        async with Pod(place, f"pod{pods}", "steps.kill_pod", **resiliency) as pod:
            await eventually(
                lambda pod=pod: pod.sidecar.returncode is not None or {*outlet.ids, *errors.ids} == expected,
                AFTER_LEASES,
            )
    assert 1 < len(begun(place, "killer")) <= most  # a delivery counts also where it did not come as far as the handler
    assert [(each["id"], each["payload"]["error"]) for each in errors.envelopes] == [("killer", "deliveries")]
    assert set(outlet.ids) == {"warm-up", *innocent}


async def test_kills_in_a_row_send_no_message_that_waited_to_error_end(place):
    outlet, errors = await place.outlet("b"), await place.outlet("error-end")
    kills = KILLS[place.broker.name]
    names = [f"m{number}" for number in range(15 * kills)]
    for name in names:
        await place.send(name, seconds=0.01)
    for number in range(kills):
        async with Pod(place, f"pod{number}", "steps.work") as pod:
            done = len(outlet.ids)
            await eventually(lambda done=done: len(outlet.ids) >= done + 10, AFTER_LEASES)
            pod.kill()
    async with Pod(place, "last", "steps.work"):
        await outlet.has(names, AFTER_LEASES)
        await eventually(place.is_empty, AFTER_LEASES)
    assert errors.ids == []
    assert {each["status"]["attempt"] for each in outlet.envelopes} == {1}


async def test_five_rollouts_that_interrupt_a_message_cost_it_no_attempt(place):
    outlet = await place.outlet("b")
    await place.send("long", until="gate")
    for number in range(5):
        async with Pod(place, f"pod{number}", "steps.work", ASYA_DRAIN_TIMEOUT="300ms") as pod:
            await has_begun(place, "long", times=number + 1)
            pod.signal(signal.SIGTERM, "sidecar")
            await pod.sidecar.wait()
            assert pod.sidecar.returncode == 1
    (place.folder / "gate").touch()
    async with Pod(place, "last", "steps.work"):
        await outlet.has(["long"], LEASE_SECONDS + SOON)
        await eventually(place.is_empty, SOON)
    assert [each["status"]["attempt"] for each in outlet.envelopes] == [1]
    assert len(begun(place, "long")) == 6
