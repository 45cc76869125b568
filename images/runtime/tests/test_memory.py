"""The memory limit of the container, read from files of both versions of cgroups, and really kept."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import time
from pathlib import Path

import pytest

from asya_runtime import memory
from images.runtime.tests.driver import PATIENCE
from images.runtime.tests.judged import collect, connect, outcomes

MIB = 1 << 20
V1, V2 = Path("/sys/fs/cgroup/memory"), Path("/sys/fs/cgroup")


def write(folder, **files):
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in files.items():
        (folder / name.replace("__", ".")).write_text(f"{text}\n")


def found(tmp_path, listing):
    (tmp_path / "listing").write_text(listing)
    return memory.find(str(tmp_path / "listing"), str(tmp_path))


def v2(folder, limit, used=0, stat=""):
    write(folder, memory__max=limit, memory__current=used, memory__stat=stat)


def v1(folder, limit, used=0, stat=""):
    write(folder, memory__limit_in_bytes=limit, memory__usage_in_bytes=used, memory__stat=stat)


def test_version_2_with_a_namespace(tmp_path):
    v2(tmp_path, 512 * MIB, 100 * MIB)
    limit = found(tmp_path, "0::/\n")

    assert limit.limit == 512 * MIB
    assert limit.used(500 * MIB) == 100 * MIB


def test_the_smallest_limit_of_those_above_holds(tmp_path):
    v2(tmp_path, "max")
    v2(tmp_path / "pod", 256 * MIB, 77)
    v2(tmp_path / "pod" / "container", 512 * MIB)
    limit = found(tmp_path, "1:name=systemd:/x\n0::/pod/container\n")

    assert (limit.limit, limit.used(100)) == (256 * MIB, 77)


@pytest.mark.parametrize("path", ["/kubepods/pod1/container", "/../..", "/"])
def test_a_group_that_is_mounted_without_its_parents(tmp_path, path):
    v1(tmp_path / "memory", 128 * MIB, 5)
    limit = found(tmp_path, f"11:cpu,cpuacct:{path}\n9:memory:{path}\n0::{path}\n")

    assert (limit.limit, limit.used(100)) == (128 * MIB, 5)


def test_what_the_kernel_calls_unlimited_is_no_limit(tmp_path):
    v1(tmp_path / "memory", 9223372036854771712)
    v2(tmp_path, "max")

    assert found(tmp_path, "9:memory:/\n0::/\n") is None


@pytest.mark.parametrize("listing", ["", "garbage", "9:cpu:/", "9:memory:/x:y/../z"])
def test_without_files_there_is_no_limit(tmp_path, listing):
    assert found(tmp_path, listing) is None
    assert memory.find(str(tmp_path / "no listing"), str(tmp_path)) is None


@pytest.mark.parametrize(
    ("make", "stat", "folder"),
    [
        (v2, "anon 1\ninactive_file 300\nactive_file 100\nslab_reclaimable 50\nshmem 9\n", ""),
        (v1, "cache 450\ntotal_inactive_file 350\ntotal_active_file 100\ninactive_file 9\n", "memory"),
    ],
)
def test_the_page_cache_counts_for_nothing_where_it_is_looked_into(tmp_path, make, stat, folder):
    make(tmp_path / folder, 1000, 940, stat)
    limit = found(tmp_path, "9:memory:/\n" if folder else "0::/\n")

    assert limit.used(950) == 940
    assert limit.used(940) == 490


def test_what_can_not_be_read_counts_as_nothing(tmp_path):
    v2(tmp_path, 1000, "garbage")
    limit = found(tmp_path, "0::/\n")

    assert (limit.used(950), limit.kills()) == (0, 0)


@pytest.mark.parametrize(
    ("make", "name", "folder"), [(v2, "memory__events", ""), (v1, "memory__oom_control", "memory")]
)
def test_processes_that_the_kernel_killed_are_counted(tmp_path, make, name, folder):
    make(tmp_path / folder, 1000)
    write(tmp_path / folder, **{name: "oom 7\nunder_oom 1\noom_kill 3\noom_group_kill 9"})

    assert found(tmp_path, "9:memory:/\n" if folder else "0::/\n").kills() == 3


@pytest.fixture(params=["v1", "v2"])
def group(request, need):
    """A real control group of 64 MiB, and the file that moves a process into it."""
    parent, limit = (V1, "memory.limit_in_bytes") if request.param == "v1" else (V2, "memory.max")
    folder = parent / f"asya-test-{os.getpid()}"
    try:
        folder.mkdir()
    except OSError as error:
        need.missing(
            f"no control group {request.param} can be made here ({error.strerror})",
            remedy=f"run as root where {parent} can be written to",
        )
    if not (folder / limit).exists():
        folder.rmdir()
        need.missing(
            f"control groups {request.param} have no memory controller here",
            remedy=f"run on a machine whose {parent} has one",
        )
    (folder / limit).write_text(str(64 * MIB))
    yield folder / "cgroup.procs"
    deadline = time.monotonic() + PATIENCE
    while (folder / "cgroup.procs").read_text() and time.monotonic() < deadline:
        os.sched_yield()  # a worker ends a moment after its supervisor
    with contextlib.suppress(OSError):
        folder.rmdir()


@pytest.mark.parametrize(("handler", "concurrency"), [("hostile.process", "1"), ("hostile.aprocess", "32")])
def test_who_eats_memory_is_ended_before_the_container_is(group, start, handler, concurrency):
    runtime = start(handler, cgroup=group, ASYA_CONCURRENCY=concurrency)
    requests = {1: {"do": "rest"}, 2: {"do": "eat"}, 3: {"do": "rest"}}

    assert outcomes(runtime, requests) == {1: ["rested"], 2: "memory", 3: ["rested"]}
    assert runtime.process.poll() is None
    runtime.terminate()
    code, errors = runtime.finish()
    assert code == 0
    assert "MiB of memory; the limit is 64 MiB" in errors


def test_memory_is_the_reason_where_the_kernel_is_faster_than_the_supervisor(group, start):
    runtime = start("hostile.process", cgroup=group)
    client = connect(runtime)
    os.kill(runtime.process.pid, signal.SIGSTOP)
    try:
        client.invoke(1, {"do": "eat"})
        deadline = time.monotonic() + PATIENCE
        # Until the memory is free again, the kernel would end the supervisor, too, at the next page that it needs.
        while ("oom_kill 1" not in events(group) or used(group) > 48 * MIB) and time.monotonic() < deadline:
            os.sched_yield()
    finally:
        os.kill(runtime.process.pid, signal.SIGCONT)

    assert collect(client, [1]) == {}
    assert client.report()["reason"] == "memory"
    client.close()


def used(group):
    """Return how many bytes the group's processes have now."""
    name = "memory.current" if (group.parent / "memory.current").exists() else "memory.usage_in_bytes"
    return int((group.parent / name).read_text())


def events(group):
    """Return what the kernel says of the group and its limit."""
    name = "memory.events" if (group.parent / "memory.events").exists() else "memory.oom_control"
    return (group.parent / name).read_text()


def test_a_supervisor_whose_worker_runs_nothing_sleeps(group, start):
    runtime = start("hostile.process", cgroup=group)
    assert outcomes(runtime, {1: {"do": "rest"}}) == {1: ["rested"]}
    before = waits(runtime)
    with contextlib.suppress(subprocess.TimeoutExpired):
        raise AssertionError(runtime.process.wait(1))

    assert waits(runtime) - before < 50


def waits(runtime):
    """Return how often the supervisor has gone to sleep."""
    status = Path(f"/proc/{runtime.process.pid}/status").read_text()
    return int(status.partition("nonvoluntary")[0].rpartition("voluntary_ctxt_switches:")[2])


def test_a_handler_that_reads_and_writes_large_files_is_left_alone(group, start, tmp_path):
    runtime = start("hostile.process", cgroup=group)
    payload = {"do": "fill_the_page_cache", "path": str(tmp_path / "large")}

    assert outcomes(runtime, {1: payload, 2: {"do": "rest"}}) == {1: ["filled"], 2: ["rested"]}
    assert runtime.clients[0].inode == runtime.connect().inode
