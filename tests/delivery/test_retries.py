"""Delays as the policies say, at every broker, and nobody who pays for somebody else's."""

import asyncio
import contextlib
import json
import statistics
import time

import pytest

from tests.delivery.place import SOON
from tests.delivery.pod import Pod, begun, notes
from tests.transport.parties import eventually

pytestmark = pytest.mark.timeout(300)

LATE_SHARE = 0.1
"""How late an attempt may begin: a tenth of its delay, or what the broker needs at most, about a second."""

MANY = 8
MANY_CHANCES = 32
"""SQS delays by whole seconds, so that two thirds of the jittered delays are alike there: so many never all are."""
MOST = {"nats": 300, "rabbitmq": 300, "sqs": 60}
"""How many messages: fewer where the broker's stand-in is slow."""
PROBES_EVERY = 0.3
WITHIN = 3 * SOON
GROWING = (0.5, 1.0, 1.5)
POLICIES = {
    "steady": {"maxAttempts": 3, "backoff": "constant", "initialDelay": "1s", "jitter": False},
    "growing": {"maxAttempts": 4, "initialDelay": "500ms", "maxInterval": "1500ms", "jitter": False},
    "jittered": {"maxAttempts": 2, "initialDelay": "3s"},
    "busy": {"maxAttempts": 2, "initialDelay": "10ms"},
    "poison": {"maxAttempts": 4, "backoff": "constant", "initialDelay": "300ms"},
}
RESILIENCY = json.dumps({
    "policies": POLICIES,
    "rules": [{"errors": [f"{name.capitalize()}Error"], "policy": name} for name in POLICIES if name != "poison"],
})  # fmt: skip


def pauses(place, name):
    """Return the seconds between each failure of a message and its next attempt."""
    ends = [each["at"] for each in notes(place, "end") if each["name"] == name]
    return [begin["at"] - end for end, begin in zip(ends, begun(place, name)[1:], strict=True)]


@contextlib.asynccontextmanager
async def probing(place):
    """Send messages without a delay beside the others; gives the times at which they were sent."""
    sent = []

    async def probe():
        while True:
            sent.append(time.time())
            await place.send(f"probe{len(sent) - 1}")
            await asyncio.sleep(PROBES_EVERY)

    task = asyncio.create_task(probe())
    yield sent
    task.cancel()
    await asyncio.wait([task])


def are_within(late, pauses, least, most):
    """Whether none is early, and none of the better half late."""
    return min(pauses) >= least and statistics.median_low(pauses) <= most + max(late, LATE_SHARE * most)


async def test_attempts_follow_after_the_delays_of_their_policy(place):
    outlet = await place.outlet("b")
    times = {"SteadyError": 2, "GrowingError": 3, "JitteredError": 1, "BusyError": 1}
    counts = {"SteadyError": 3, "GrowingError": 3, "JitteredError": MANY_CHANCES, "BusyError": MANY}
    names = [f"{error}{number}" for error, count in counts.items() for number in range(count)]
    async with Pod(place, "only", "steps.fail", ASYA_RESILIENCY=RESILIENCY) as pod:
        await pod.ready()
        async with probing(place) as sent:
            for name in names:
                error = name.rstrip("0123456789")
                await place.send(name, error=error, times=times[error])
            await outlet.has(names, WITHIN)
        await outlet.has([f"probe{number}" for number in range(len(sent) - 1)], WITHIN)
    # A machine that is busy is late with everything.
    lag = max(begun(place, f"probe{number}")[0]["at"] - at for number, at in enumerate(sent[:-1]))
    late = place.broker.direct.late_seconds + lag
    found = {error: [pauses(place, name) for name in names if name.startswith(error)] for error in times}
    steady, growing, jittered, busy = (list(zip(*each, strict=True)) for each in found.values())
    assert all(are_within(late, each, 1.0, 1.0) for each in steady), found
    assert all(are_within(late, *each) for each in zip(growing, GROWING, GROWING, strict=True)), found
    assert are_within(late, jittered[0], 1.5, 3.0), found
    assert max(jittered[0]) - min(jittered[0]) > 0.5
    assert are_within(late, busy[0], 2.0, 2.5), found


async def test_one_message_that_always_fails_among_many_costs_the_others_nothing(place):
    outlet, errors = await place.outlet("b"), await place.outlet("error-end")
    resiliency = json.dumps({"policies": {"default": POLICIES["poison"]}})
    names = [f"good{number}" for number in range(MOST[place.broker.name])]
    async with Pod(place, "only", "steps.fail", ASYA_RESILIENCY=resiliency) as pod:
        await pod.ready()
        for number, name in enumerate(names):
            if number == 10:
                await place.send("poison", error="SteadyError", times=99)
            await place.send(name)
        await outlet.has(names, WITHIN)
        await errors.has(["poison"])
        await eventually(place.is_empty, SOON)
    runs = [each["name"] for each in notes(place)]
    assert runs.count("poison") == 4
    assert len(runs) == len(names) + 4
    assert {each["status"]["attempt"] for each in outlet.envelopes} == {1}
    first = runs.index("poison")
    assert runs.index("poison", first + 1) > first + 1  # others ran while it waited for its next attempt
