"""What the worker notes in the shared file, and what the supervisor reads there."""

from __future__ import annotations

import errno
import json
import os
import stat
import struct
from time import monotonic_ns

import pytest

from asya_runtime.errors import EXIT_SOCKET, StartError
from asya_runtime.running import Running
from asya_runtime.session import Session
from asya_runtime.settings import Settings
from asya_runtime.slots import Slot, Slots, not_made
from images.runtime.tests.driver import invoke_frame

SECOND = 10**9


class Noted:
    """A session whose jobs are noted in a file of two places."""

    def __init__(self, folder, **options):
        self.slots = Slots(str(folder), 2)
        self.slots.share()
        self.told = []
        self.running = Running(self.slots, lambda: self.told.append("served"), **options)
        self.jobs = []
        self.session = Session(Settings("module.function"), self.jobs.append, self.jobs.remove)
        self.path = folder / "runtime-running"

    def begin(self, request, timeout_ms=0, now=5 * SECOND):
        self.session.receive(invoke_frame(request, None, timeout_ms=timeout_ms))
        self.running.add(self.jobs[-1], now, self.jobs[-1].timeout_ns)
        return self.jobs[-1]


@pytest.fixture
def noted(folder):
    return Noted(folder)


def test_a_free_place_is_zero_in_a_file_of_its_mode(noted):
    assert noted.path.read_bytes() == bytes(1024 + 2 * 16)
    assert stat.S_IMODE(noted.path.stat().st_mode) == 0o660
    assert noted.slots.taken() == []


def test_a_place_holds_the_request_and_its_deadline(noted):
    first = noted.begin(7, timeout_ms=1500)
    noted.begin(2**64 - 1)

    assert first.deadline_ns == 6_500_000_000
    assert sorted(noted.slots.taken()) == [Slot(7, 6_500_000_000), Slot(2**64 - 1, 0)]
    words = struct.unpack("=4Q", noted.path.read_bytes()[1024:])
    assert sorted(words) == [0, 7, 6_500_000_000, 2**64 - 1]


def test_the_place_of_what_has_ended_is_free_for_others(noted):
    first, second = noted.begin(1, timeout_ms=1000), noted.begin(2)
    noted.running.discard(first)
    third = noted.begin(3, timeout_ms=2000)
    noted.running.discard(second)

    assert noted.slots.taken() == [Slot(3, 7 * SECOND)]
    noted.running.discard(third)
    assert noted.slots.taken() == []


def test_a_grace_is_added_for_the_supervisor_alone(folder):
    noted = Noted(folder, grace_ns=2 * SECOND)
    job = noted.begin(1, timeout_ms=1000)

    assert job.deadline_ns == 6 * SECOND
    assert noted.slots.taken() == [Slot(1, 8 * SECOND)]


def test_a_deadline_stands_still_in_a_pause(noted):
    now = monotonic_ns()
    job = noted.begin(7, timeout_ms=3_600_000, now=now)
    deadline = job.deadline_ns
    noted.running.pause(job)

    assert (job.deadline_ns, noted.slots.taken()) == (0, [Slot(7, 0)])
    noted.running.resume(job)
    assert deadline <= job.deadline_ns < deadline + 60 * SECOND
    assert noted.slots.taken() == [Slot(7, job.deadline_ns)]


def test_a_pause_changes_nothing_where_there_is_no_timeout(noted):
    job = noted.begin(7)
    noted.running.pause(job)
    noted.running.resume(job)

    assert noted.slots.taken() == [Slot(7, 0)]


def test_a_connection_that_is_over_leaves_deadlines_without_requests(noted):
    job = noted.begin(1, timeout_ms=1000)
    noted.running.abandon(noted.session)

    assert noted.slots.taken() == [Slot(0, 6 * SECOND)]
    assert job.cancelled
    noted.running.discard(job)
    assert noted.slots.taken() == []


def test_what_begins_for_a_connection_that_is_over_is_not_named(noted):
    noted.session.receive(invoke_frame(1, None))
    noted.session.abandon()
    noted.running.add(noted.jobs[0], SECOND, 0)

    assert noted.slots.taken() == []


def test_the_first_answer_is_told_once(noted):
    for request in (1, 2, 3):
        noted.running.discard(noted.begin(request))

    assert noted.told == ["served"]


def test_what_a_forked_child_notes_is_seen_by_nobody(noted):
    job = noted.begin(1)
    noted.running.detach()
    noted.running.discard(job)

    assert noted.path.read_bytes()[1024:] != bytes(32)


def test_the_report_is_json_padded_with_zero_bytes(noted):
    noted.begin(1)
    noted.slots.report("crash", "the worker ended by signal 11 (SIGSEGV)", 2**63)
    text, _, rest = noted.path.read_bytes()[:1024].partition(b"\0")

    assert json.loads(text) == {"reason": "crash", "detail": "the worker ended by signal 11 (SIGSEGV)", "at": 2**63}
    assert rest.strip(b"\0") == b""
    assert noted.slots.taken() == [Slot(1, 0)]


def test_nobody_is_named_after_all_are_cleared(noted):
    noted.begin(1)
    noted.begin(2, timeout_ms=1000)
    noted.slots.clear()

    assert [slot.request for slot in noted.slots.taken()] == [0]


def test_a_later_file_takes_the_name_and_the_earlier_one_leaves_it_alone(noted, folder):
    earlier = os.open(noted.path, os.O_RDONLY)
    later = Slots(str(folder), 1)
    noted.slots.report("exit", "the worker exited with code 3", 1)
    noted.slots.remove()

    assert os.pread(earlier, 2, 0) == b'{"'
    os.close(earlier)
    assert noted.path.read_bytes() == bytes(1024 + 16)
    later.remove()
    assert not noted.path.exists()
    later.close()


def test_a_folder_that_can_not_hold_the_file_is_told(folder):
    with pytest.raises(StartError, match="runtime-running can't be made in") as caught:
        Slots(str(folder / "missing"), 1)

    assert (caught.value.code, caught.value.exit_code) == ("socket_not_made", EXIT_SOCKET)


@pytest.mark.parametrize(
    ("number", "remedy"),
    [
        (errno.EMFILE, "raise the limit of open files"),
        (errno.ENOSPC, "make room there, or raise the volume's sizeLimit"),
        (errno.EROFS, f"ASYA_SOCKET_DIR must name a folder that user {os.getuid()} may write to"),
    ],
)
def test_the_remedy_fits_what_is_in_the_way(number, remedy):
    error = not_made("a.sock", "/s", OSError(number, os.strerror(number)))

    assert error.message == f"a.sock can't be made in /s: {os.strerror(number)}; {remedy}"
