"""Handlers that do their worst to the process that they run in: one record each, and everybody else is served."""

from pathlib import Path

import pytest

from images.sidecar.tests.bench import envelope
from images.sidecar.tests.test_real_runtime import running

HANDLERS = """
import asyncio, ctypes, os, re, subprocess, sys, time

def sleep(): time.sleep(3600)
def hold_the_interpreter(): re.match("(a+)+$", "a" * 64 + "b")
def exit(): os._exit(0)
def crash(): ctypes.string_at(0)
def close(): os.closerange(3, 65536)
def shout(): print("x" * 10_000_000)

def leave_children():
    started = [subprocess.Popen(["sleep", "3600"], start_new_session=way) for way in (False, True)]
    with open("children", "a") as file:
        file.writelines(f"{child.pid}\\n" for child in started)
    os._exit(3)

def work(deed):
    if deed in globals():
        globals()[deed]()
    return deed

async def work_async(deed):
    if deed == "sleep":
        await asyncio.sleep(3600)
    await asyncio.sleep(0.001)
    return work(deed)
"""
ENDS = {
    "sleep": "timeout_error", "hold_the_interpreter": "timeout_error", "exit": "crash_error", "crash": "crash_error",
    "close": "crash_error", "leave_children": "crash_error",
}  # fmt: skip


def is_gone(pid):
    """Whether a process has ended; one that nobody has waited for yet has, too."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] in "ZX"
    except OSError:
        return True


@pytest.mark.timeout(120)
@pytest.mark.parametrize(("handler", "concurrency"), [("work", "4"), ("work_async", "4")])
async def test_each_has_one_record_and_everybody_else_is_served(folder, handler, concurrency):
    environ = {"ASYA_CONCURRENCY": concurrency, "ASYA_RUNTIME_TIMEOUT": "1s"}
    async with running(folder, handler, HANDLERS, **environ) as bench:
        served = ["shout"]
        await bench.send(envelope("shout", "shout"))
        for deed in ENDS:
            neighbours = [f"{deed}-{number}" for number in range(6)]
            served += neighbours
            await bench.send(*(envelope(name, "well") for name in neighbours[:3]), envelope(deed, deed))
            await bench.send(*(envelope(name, "well") for name in neighbours[3:]))
        await bench.until_settled(*ENDS, *served, within=60.0)

        records = [(record["id"], record["payload"]["error"]) for record in bench.queued("error-end")]
        assert sorted(records) == sorted(ENDS.items())
        assert sorted(message["id"] for message in bench.queued("b")) == sorted(served)
        assert len(bench.starts) == 1
        children = (folder / "children").read_text().split()
        assert len(children) >= 2
        assert all(is_gone(int(pid)) for pid in children)
