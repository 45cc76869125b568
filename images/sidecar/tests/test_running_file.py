import struct

import pytest

from asya_sidecar.running_file import RunningFile
from images.sidecar.tests.bench import envelope, working
from images.sidecar.tests.scripted_runtime import echo, silence


def write(folder, *requests):
    """Put a file into place, as a runtime does."""
    fresh = folder / "fresh"
    fresh.write_bytes(struct.pack(f">{len(requests)}Q", *requests))
    fresh.rename(folder / "runtime-running")


def test_the_running_requests_are_read_and_free_places_are_not(tmp_path):
    write(tmp_path, 7, 0, 9)
    assert RunningFile(tmp_path, 3).read() == {7, 9}


def test_what_the_runtime_wrote_last_counts_also_after_another_has_taken_its_place(tmp_path):
    write(tmp_path, 1)
    file = RunningFile(tmp_path, 1)
    (tmp_path / "runtime-running").write_bytes(struct.pack(">Q", 5))
    write(tmp_path, 99)
    assert file.read() == {5}


@pytest.mark.parametrize("slots", [0, 2])
def test_a_file_of_another_size_tells_nothing(tmp_path, slots):
    write(tmp_path, *range(1, slots + 1))
    assert RunningFile(tmp_path, 1).read() is None


def test_without_a_file_nothing_is_known(tmp_path):
    assert RunningFile(tmp_path, 1).read() is None


def test_a_file_is_read_once(tmp_path):
    write(tmp_path, 1)
    file = RunningFile(tmp_path, 1)
    assert file.read() == {1}
    assert file.read() is None


async def busy_with(bench, folder, *running):
    """Have m1 to m3 at the runtime, and its file name these as running."""
    bench.runtime.answer = echo
    await bench.send(envelope("w1"), envelope("w2"), envelope("w3"))
    await bench.until_settled("w1", "w2", "w3")
    bench.runtime.answer = silence
    await bench.send(envelope("m1"), envelope("m2"), envelope("m3"))
    await bench.runtime.until_invoked(6)
    numbers = [invoked.request for invoked in bench.runtime.invoked if invoked.id in running] or [0]
    (folder / "runtime-running").write_bytes(struct.pack(">Q", *numbers))
    bench.runtime.answer = echo
    bench.runtime.hang_up()
    await bench.until_settled("m1", "m2", "m3")


async def test_only_the_message_that_the_runtime_names_is_charged_with_its_death(folder):
    write(folder, 0)
    async with working(folder) as bench:
        await busy_with(bench, folder, "m2")
        (record,) = bench.queued("error-end")
        assert (record["id"], record["payload"]["error"]) == ("m2", "crash_error")
        assert sorted(message["id"] for message in bench.queued("b")[3:]) == ["m1", "m3"]


async def test_nobody_is_charged_where_no_handler_was_running(folder):
    write(folder, 0)
    async with working(folder) as bench:
        await busy_with(bench, folder)
        assert bench.queued("error-end") == []
        assert sorted(message["id"] for message in bench.queued("b")[3:]) == ["m1", "m2", "m3"]
