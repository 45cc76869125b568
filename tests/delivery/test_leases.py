"""One lease for a handler of any length: renewed while it runs, and soon somebody else's when its pod is gone."""

import signal
import time

from tests.delivery.conftest import LEASE_SECONDS
from tests.delivery.place import SOON
from tests.delivery.pod import Pod, begun, has_begun, notes
from tests.transport.parties import eventually

MACHINE_SECONDS = 3.0
"""What a machine may need, beyond the lease, that runs many tests at once."""


async def test_a_handler_that_takes_longer_than_a_lease_and_lets_nobody_else_compute_runs_once(place):
    outlet = await place.outlet("b")
    async with Pod(place, "only", "steps.burn") as pod:
        await pod.ready()
        await place.send("long", seconds=2.2 * LEASE_SECONDS)
        await has_begun(place, "long")
        probes = []

        async def done():
            probes.append(await pod.healthy())
            return outlet.ids == ["long"]

        await eventually(done, SOON)
        await eventually(place.is_empty, SOON)
        assert all(probes)
        assert len(probes) > LEASE_SECONDS
        assert (pod.said("lease_lost"), pod.said("lost")) == (0, 0)
    assert len(begun(place, "long")) == 1
    assert outlet.ids == ["long"]


async def test_the_message_of_a_pod_that_is_killed_runs_elsewhere_within_a_lease(place):
    outlet = await place.outlet("b")
    async with Pod(place, "first", "steps.work") as first:
        await first.ready()
        await place.send("m", until="gate")
        await has_begun(place, "m")
        async with Pod(place, "second", "steps.work") as second:
            await second.ready()
            killed = time.time()
            first.kill()
            (place.folder / "gate").touch()
            await outlet.has(["m"])
    runs = begun(place, "m")
    assert len({each["pid"] for each in runs}) == 2
    assert runs[1]["at"] - killed < LEASE_SECONDS + MACHINE_SECONDS
    assert outlet.ids == ["m"]


async def test_a_sidecar_that_stood_still_for_longer_than_its_lease_publishes_nothing(place):
    outlet = await place.outlet("b")
    async with Pod(place, "frozen", "steps.work") as frozen:
        await frozen.ready()
        await place.send("m", until="gate")
        await has_begun(place, "m")
        frozen.signal(signal.SIGSTOP, "sidecar")
        async with Pod(place, "other", "steps.work") as other:
            await other.ready()
            await has_begun(place, "m", times=2, within=place.broker.takes_back_within + SOON)
            (place.folder / "gate").touch()
            await eventually(lambda: len(notes(place, "end")) == 2, SOON)
            await outlet.has(["m"])
            frozen.thaw()
            await place.send("next")
            await outlet.has(["next"])
            frozen.signal(signal.SIGTERM)
            await frozen.ended()
        await eventually(place.is_empty, SOON)
    assert sorted(outlet.ids) == ["m", "next"]


async def test_a_blip_of_the_network_does_not_run_a_long_job_twice(place):
    outlet = await place.outlet("b")
    async with Pod(place, "only", "steps.work") as pod:
        await pod.ready()
        await place.send("long", until="gate")
        await has_begun(place, "long")
        place.broker.network.black_hole()
        cut = time.monotonic()
        await eventually(lambda: time.monotonic() - cut > 1.0)
        place.broker.network.sever()
        place.broker.network.heal()
        await place.send("short")  # comes once the pod consumes again, behind what it had in hand
        if place.broker.network.keeps_connection:  # else every call has a connection of its own
            await eventually(lambda: pod.log().count(": consuming") == 2, SOON)
        (place.folder / "gate").touch()
        await outlet.has(["long", "short"])
        await eventually(place.is_empty, SOON)
        assert pod.said("lost") == 0
    assert len(begun(place, "long")) == 1
    assert outlet.ids == ["long", "short"]
