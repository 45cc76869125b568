"""The supervisor: forks workers, watches them, and ends those that can't be left to run.

It runs no code of the user's, has one thread, and waits for nobody: neither for a worker nor for who reads stderr.
"""

from __future__ import annotations

import select
import time
from collections.abc import Mapping

from asya_runtime import ends, kernel, memory, stop_signals, worker_process
from asya_runtime.console import log
from asya_runtime.descendants import end_descendants
from asya_runtime.door import Door
from asya_runtime.ends import End
from asya_runtime.errors import EXIT_DESCRIPTORS, StartError
from asya_runtime.listener import remove_stale
from asya_runtime.settings import Settings, from_env
from asya_runtime.slots import Slots
from asya_runtime.worker_process import Post, WorkerProcess

_SECOND = 10**9
_TICK_SECONDS, _SHORTEST_TICK = 0.25, 0.01
_MEMORY_SHARE = 0.95
_MEMORY_RATE, _IDLE_RATE = 4e9, 1e9  # bytes that a worker may fill in a second, and one that runs nothing
_SIGN_OF_LIFE = _SECOND
_SETTLING = _SECOND // 10  # for a worker that runs again to end by itself what is late
_FREEING = _SECOND  # where there is a deadline and no request, a place may be about to be freed
_LEAVING = 10 * _SECOND  # for a drained worker to end
_SILENCE = 2 * _SECOND
_DUMP_SECONDS = 0.1
_FIRST_PAUSE, _LONGEST_PAUSE = 0.1, 10.0
_LONG_LIFE = 60 * _SECOND


class Supervisor:
    """Keeps a worker running until it is asked to stop."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        log.begin(settings.log_level)
        self._memory = memory.find()
        self._memory_used = self._kills = 0
        self._door = Door(settings.socket_dir)
        self._stopping = False
        self._was_ready = False
        self._careful = False
        self._pause = 0.0
        kernel.adopt_orphans()

    def run(self) -> int | Post:
        """Return the exit code of the runtime; or, in a worker that was forked, its post. Raises StartError."""
        while True:
            slots = Slots(self._settings.socket_dir, self._settings.at_once)
            try:
                worker = worker_process.fork(slots, careful=self._careful)
            except StartError:
                slots.remove()
                raise
            if isinstance(worker, Post):
                return worker
            code = self._accompany(worker)
            if code is not None:
                slots.remove()
                return code
            slots.close()
            if stop_signals.take(self._pause):
                slots.remove()
                return 0

    def _accompany(self, worker: WorkerProcess) -> int | None:
        """Watch a worker to its end; return the exit code of the runtime, None where another worker is to follow."""
        self._kills = self._memory.kills() if self._memory else 0
        try:
            end = self._named(self._watch(worker))
        except StartError:
            end_descendants(worker.pid)
            worker.slots.remove()
            raise
        self._clear_away(worker, end)
        if end.reason == ends.STOP:
            return end.exit_code
        if not worker.ready_at:
            self._tell_not_ready(worker, end)
            return end.exit_code
        if self._stopping or worker.is_draining:
            return 0
        self._prepare_next(worker, end)
        return None

    def _watch(self, worker: WorkerProcess) -> End:
        while True:
            self._attend(worker)
            end = self._judge(worker, time.monotonic_ns())
            if end is not None:
                return end

    def _attend(self, worker: WorkerProcess) -> None:
        """Wait a tick, or until something happens, and take what has come."""
        poll = select.poll()
        self._door.register(poll)
        if worker_process.OVER not in worker.told:
            poll.register(worker.channel, select.POLLIN)
        for descriptor, event in poll.poll(self._tick(worker) * 1000):
            if descriptor != worker.channel.fileno():
                self._door.attend(descriptor, event, worker.give)
            elif worker.hear() == worker_process.READY:
                self._was_ready = True
                self._door.open()
                log.info("listening in %s", self._settings.socket_dir)

    def _tick(self, worker: WorkerProcess) -> float:
        """Return how many seconds may pass unseen: fewer where memory runs short or a deadline is near."""
        if worker_process.OVER in worker.told:  # it is about to end
            return _SHORTEST_TICK
        tick = _TICK_SECONDS
        taken = worker.slots.taken()
        if self._memory is not None:
            room = self._memory.limit * _MEMORY_SHARE - self._memory_used
            rate = _MEMORY_RATE if taken or not worker.ready_at else _IDLE_RATE
            tick = min(tick, max(room / rate, _SHORTEST_TICK))
        now = time.monotonic_ns()
        left = (slot.deadline - now for slot in taken if slot.deadline > now)
        return min(tick, min(left, default=_SECOND) / _SECOND + 0.001)

    def _judge(self, worker: WorkerProcess, now: int) -> End | None:
        """Return why the worker is at its end, None while it is not."""
        return (
            worker.ended()
            or self._asked_to_stop(worker)
            or self._is_late(worker, now)
            or self._is_large()
            or self._is_silent(worker, now)
            or (ends.DEAF if worker.is_deaf(now, stopping=self._stopping) else None)
            or (None if worker.slots.is_whole else ends.CUT)
        )

    def _asked_to_stop(self, worker: WorkerProcess) -> End | None:
        number = stop_signals.take()
        if not number:
            return None
        if self._stopping or not worker.ready_at:
            code = 0 if self._was_ready and not self._stopping else 128 + number
            return End(ends.STOP, f"signal {number} asks the runtime to end", code)
        self._stopping = True
        worker.tell(worker_process.DRAIN)
        return None

    def _is_late(self, worker: WorkerProcess, now: int) -> End | None:
        """Judge requests past their deadline. Where there are others, a worker that does not run hides the culprit."""
        taken = worker.slots.taken()
        late = [slot for slot in taken if 0 < slot.deadline <= now - (0 if slot.request else _FREEING)]
        if not late:
            worker.asked_at = 0
        elif len(taken) == 1:
            return ends.LATE
        elif not worker.asked_at:
            worker.ask()
        elif worker.alive_at:
            return ends.LATE if now - worker.alive_at >= _SETTLING else None
        elif now - worker.asked_at >= _SIGN_OF_LIFE:
            return ends.STUCK
        return None

    def _is_large(self) -> End | None:
        if self._memory is None:
            return None
        most = int(self._memory.limit * _MEMORY_SHARE)
        self._memory_used = self._memory.used(int(most - _MEMORY_RATE * _TICK_SECONDS))
        return ends.of_memory(self._memory_used, self._memory.limit) if self._memory_used >= most else None

    def _named(self, end: End) -> End:
        """Name memory as the reason also where the kernel was faster than we."""
        if self._memory is None or end.exit_code != ends.KILLED or self._memory.kills() == self._kills:
            return end
        return ends.of_memory(self._memory.limit, self._memory.limit)

    def _is_silent(self, worker: WorkerProcess, now: int) -> End | None:
        """Judge a worker that has said its last word and runs all the same."""
        if not worker.silent_since:
            return None
        silent = now - worker.silent_since
        if worker_process.DRAINED in worker.told:
            return ends.LINGERED if silent >= _LEAVING else None
        return ends.SILENT if silent >= _SILENCE else None

    def _clear_away(self, worker: WorkerProcess, end: End) -> None:
        """End all that is left of the worker, then tell the sidecar: by the report, then by the connection's end."""
        now = time.monotonic_ns()
        if end.dump:
            worker.dump()
            time.sleep(_DUMP_SECONDS)
        if not end_descendants(worker.pid):
            log.error("processes that the worker has left can't be ended; going on without")
        self._door.close()
        if end.reason != ends.STOP:
            worker.slots.report(end.reason, end.detail, now)
        self._door.hang_up()
        worker.close()

    def _prepare_next(self, worker: WorkerProcess, end: End) -> None:
        """Note what the next worker needs to know; have it wait where this one ended without any work to blame."""
        log.error("%s; the next worker loads the handler again", end.detail)
        lived = time.monotonic_ns() - worker.ready_at
        self._careful = end.exit_code == EXIT_DESCRIPTORS or (self._careful and lived < _LONG_LIFE)
        if worker_process.SERVED in worker.told or worker.slots.taken() or lived >= _LONG_LIFE:
            self._pause = 0.0
        else:
            self._pause = min(max(_FIRST_PAUSE, self._pause * 2), _LONGEST_PAUSE)

    def _tell_not_ready(self, worker: WorkerProcess, end: End) -> None:
        """Say why the handler could not be loaded, where the worker has not said so itself."""
        if worker_process.FAILED not in worker.told:
            log.error("%s before the handler was loaded", end.detail)


def supervise(environ: Mapping[str, str]) -> int | tuple[Settings, Post]:
    """Return the exit code of the runtime; or, in each worker that is forked, what it is to serve."""
    stop_signals.hold_back()
    try:
        settings = from_env(environ)
        remove_stale(settings.socket_dir)
        outcome = Supervisor(settings).run()
    except StartError as error:
        error.tell()
        return error.exit_code
    return outcome if isinstance(outcome, int) else (settings, outcome)
