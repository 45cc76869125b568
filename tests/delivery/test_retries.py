"""Delays as the policies say, at every broker, and nobody who pays for somebody else's."""

import json

from tests.delivery.place import SOON
from tests.delivery.pod import Pod, begun, notes
from tests.transport.parties import eventually

LATE_SECONDS, LATE_SHARE = 1.0, 0.1
"""How late an attempt may begin: a second, or a tenth of the delay."""

MANY = 20
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


def is_within(pause, least, most):
    return least <= pause <= most + max(LATE_SECONDS, LATE_SHARE * most)


async def test_attempts_follow_after_the_delays_of_their_policy(place):
    outlet = await place.outlet("b")
    times = {"SteadyError": 2, "GrowingError": 3, "JitteredError": 1, "BusyError": 1}
    names = [f"{error}{number}" for error in times for number in range(MANY if times[error] == 1 else 2)]
    async with Pod(place, "only", "steps.fail", ASYA_RESILIENCY=RESILIENCY) as pod:
        await pod.ready()
        for name in names:
            error = name.rstrip("0123456789")
            await place.send(name, error=error, times=times[error])
        await outlet.has(names)
        await eventually(place.is_empty, SOON)
    found = {error: [pauses(place, name) for name in names if name.startswith(error)] for error in times}
    assert all(is_within(pause, 1.0, 1.0) for each in found["SteadyError"] for pause in each), found
    for each in found["GrowingError"]:
        assert all(is_within(pause, delay, delay) for pause, delay in zip(each, (0.5, 1.0, 1.5), strict=True)), found
    jittered = [pause for each in found["JitteredError"] for pause in each]
    assert all(is_within(pause, 1.5, 3.0) for pause in jittered), found
    assert max(jittered) - min(jittered) > 0.5
    busy = [pause for each in found["BusyError"] for pause in each]
    assert all(is_within(pause, 2.0, 2.5) for pause in busy), found


async def test_one_message_that_always_fails_among_many_costs_the_others_nothing(place):
    outlet, errors = await place.outlet("b"), await place.outlet("error-end")
    resiliency = json.dumps({"policies": {"default": POLICIES["poison"]}})
    names = [f"good{number}" for number in range(300)]
    async with Pod(place, "only", "steps.fail", ASYA_RESILIENCY=resiliency) as pod:
        await pod.ready()
        for number, name in enumerate(names):
            if number == 10:
                await place.send("poison", error="SteadyError", times=99)
            await place.send(name)
        await outlet.has(names)
        await errors.has(["poison"])
        await eventually(place.is_empty, SOON)
    runs = [each["name"] for each in notes(place)]
    assert runs.count("poison") == 4
    assert len(runs) == len(names) + 4
    assert {each["status"]["attempt"] for each in outlet.envelopes} == {1}
    first = runs.index("poison")
    assert runs.index("poison", first + 1) > first + 1  # others ran while it waited for its next attempt
