import json
import os
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from asya_sidecar.running_file import Report, RunningFile, Snapshot
from images.sidecar.tests.bench import envelope, working
from images.sidecar.tests.scripted_runtime import echo, running_file, silence, write_running

REPORT = {"reason": "crash", "detail": "signal 11 (SIGSEGV) ended it", "at": 12345}


def opened(folder, slots):
    file = RunningFile(folder)
    file.open(slots)
    return file


def running(snapshot):
    return snapshot.running


def test_the_running_requests_and_their_deadlines_are_read_and_free_places_are_not(tmp_path):
    write_running(tmp_path, {7: 100, 9: 0}, slots=3)
    assert opened(tmp_path, 3).read() == Snapshot({7: 100, 9: 0}, None)


def test_a_place_that_runs_for_an_earlier_connection_is_told_from_the_others(tmp_path):
    data = running_file({}, slots=1) + struct.pack("=QQQQ", 0, 100, 7, 100)
    (tmp_path / "runtime-running").write_bytes(data)
    assert running(opened(tmp_path, 3).read()) == {-2: 100, 7: 100}


def test_what_stands_in_the_files_place_keeps_nobody_waiting(tmp_path):
    os.mkfifo(tmp_path / "runtime-running")
    assert opened(tmp_path, 1).read() is None

    (tmp_path / "runtime-running").unlink()
    write_running(tmp_path, {7: 100})
    (tmp_path / "runtime-running").rename(tmp_path / "elsewhere")
    (tmp_path / "runtime-running").symlink_to("elsewhere")
    assert opened(tmp_path, 1).read() is None


def test_the_report_is_read_once_there_is_one(tmp_path):
    write_running(tmp_path, {7: 100})
    file = opened(tmp_path, 1)
    assert file.read().report is None

    (tmp_path / "runtime-running").write_bytes(running_file({7: 100}, REPORT))
    assert file.read() == Snapshot({7: 100}, Report("crash", REPORT["detail"], 12345))


def test_what_the_runtime_wrote_last_counts_also_after_another_has_taken_its_place(tmp_path):
    write_running(tmp_path, {1: 0})
    file = opened(tmp_path, 1)
    (tmp_path / "runtime-running").write_bytes(running_file({5: 0}))
    write_running(tmp_path, {99: 0})

    assert running(file.read()) == {5: 0}
    file.open(1)
    assert running(file.read()) == {99: 0}


@pytest.mark.parametrize("slots", [0, 2, 10**12])
def test_a_file_of_another_size_tells_nothing(tmp_path, slots):
    write_running(tmp_path, {1: 0})
    assert opened(tmp_path, slots).read() is None


def test_without_a_file_nothing_is_known(tmp_path):
    assert RunningFile(tmp_path).read() is None
    assert opened(tmp_path, 1).read() is None


def test_a_folder_in_its_place_tells_nothing(tmp_path):
    (tmp_path / "runtime-running").mkdir()
    assert opened(tmp_path, 1).read() is None


def test_a_closed_file_tells_nothing(tmp_path):
    write_running(tmp_path, {1: 0})
    file = opened(tmp_path, 1)
    file.close()
    file.close()
    assert file.read() is None


WHOLE = json.dumps(REPORT).encode()


@pytest.mark.parametrize(
    "report",
    [
        *(WHOLE[:length] for length in range(1, len(WHOLE))),
        WHOLE + b"\0{",
        b"\0" + WHOLE,
        json.dumps({**REPORT, "reason": "weather"}).encode(),
        json.dumps({**REPORT, "reason": 5}).encode(),
        json.dumps({**REPORT, "at": "now"}).encode(),
        json.dumps({"detail": "", "at": 5}).encode(),
        b"[]",
        b"null",
        b'{"reason": "crash", "detail": "\xff", "at": 1}',
        b'{"x": ' + b"[" * 1000,
    ],
)
def test_a_report_that_makes_no_sense_is_none_and_the_slots_count(tmp_path, report):
    write_running(tmp_path, {7: 100}, report)
    assert opened(tmp_path, 1).read() == Snapshot({7: 100}, None)


def test_a_report_may_have_fields_of_a_later_version_and_any_words(tmp_path):
    write_running(tmp_path, {}, {**REPORT, "detail": "ünd", "weather": "fair"}, slots=1)
    assert opened(tmp_path, 1).read().report == Report("crash", "ünd", 12345)


@given(st.binary(max_size=1100), st.integers(0, 3))
def test_no_bytes_are_too_strange_to_be_read(tmp_path_factory, data, slots):
    folder = tmp_path_factory.mktemp("strange")
    (folder / "runtime-running").write_bytes(data)
    file = opened(folder, slots)
    snapshot = file.read()
    file.close()

    assert (snapshot is not None) == (len(data) == 1024 + 16 * slots)


@given(st.binary(min_size=1024 + 32, max_size=1024 + 32))
def test_any_report_leaves_the_slots_readable(tmp_path_factory, data):
    folder = tmp_path_factory.mktemp("strange")
    (folder / "runtime-running").write_bytes(data)
    file = opened(folder, 2)
    snapshot = file.read()
    file.close()

    assert len(snapshot.running) <= 2
    assert snapshot.report is None or snapshot.report.reason in ("crash", "exit", "memory", "timeout")


async def busy_with(bench, folder, *names):
    """Have m1 to m3 at the runtime, and its file name these as running, when it dies."""
    bench.runtime.answer = echo
    await bench.send(envelope("w1"), envelope("w2"), envelope("w3"))
    await bench.until_settled("w1", "w2", "w3")
    bench.runtime.answer = silence
    await bench.send(envelope("m1"), envelope("m2"), envelope("m3"))
    await bench.runtime.until_invoked(6)
    requests = {invoked.request: 0 for invoked in bench.runtime.invoked if invoked.id in names}
    (folder / "runtime-running").write_bytes(running_file(requests, slots=1))
    bench.runtime.answer = echo
    bench.runtime.hang_up()
    await bench.until_settled("m1", "m2", "m3")


async def test_only_the_message_that_the_runtime_names_is_charged_with_its_death(folder):
    write_running(folder, {}, slots=1)
    async with working(folder) as bench:
        await busy_with(bench, folder, "m2")
        (record,) = bench.queued("error-end")
        assert (record["id"], record["payload"]["error"]) == ("m2", "crash_error")
        assert sorted(message["id"] for message in bench.queued("b")[3:]) == ["m1", "m3"]


async def test_nobody_is_charged_where_no_handler_was_running(folder):
    write_running(folder, {}, slots=1)
    async with working(folder) as bench:
        await busy_with(bench, folder)
        assert bench.queued("error-end") == []
        assert sorted(message["id"] for message in bench.queued("b")[3:]) == ["m1", "m2", "m3"]
