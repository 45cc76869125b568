"""One process that stands for one container: started, watched, started again with backoff, stopped."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from asyncio.subprocess import DEVNULL, Process
from collections.abc import Callable, Mapping
from contextlib import suppress

from asya_cli.local.plan import Backoff, ProcessPlan
from asya_cli.local.state import ProcessState

NOT_FOUND = 127
"""Exit code of a process whose program can't be started; a shell's."""

Ended = Callable[["Child", int], bool]
"""Called at each end of a process with its exit code; tells whether it is to be started again."""


class Child:
    """A process and what is known of it, in `state`; `changed` is called at any change of that."""

    def __init__(self, plan: ProcessPlan, environ: Mapping[str, str], changed: Callable[[], None]) -> None:
        self.plan = plan
        self.state = ProcessState(actor=plan.actor, container=plan.container, log=plan.log)
        self._environ = {**environ, **plan.env}
        self._changed = changed
        self._stopping = asyncio.Event()
        self._process: Process | None = None

    async def run_once(self, prepare: Callable[[], None]) -> int:
        """Run the process to its end and return its exit code; its log says why when it can't be started."""
        log = os.open(self.plan.log, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            process = await asyncio.create_subprocess_exec(
                *self.plan.argv,
                stdin=DEVNULL,
                stdout=log,
                stderr=log,
                cwd=self.plan.cwd,
                env=self._environ,
                start_new_session=True,
                preexec_fn=prepare,
            )
        except OSError as error:
            os.write(log, f"error: can't start {self.plan.argv[0]}; {error.strerror}: {error.filename}\n".encode())
            return self._note_end(NOT_FOUND)
        finally:
            os.close(log)
        self._note_start(process)
        code = await process.wait()
        self._kill_group(process.pid)
        return self._note_end(code)

    async def keep_running(self, prepare: Callable[[], None], backoff: Backoff, ended: Ended) -> None:
        """Run the process until `stop`, starting it again each time it ends and `ended` agrees."""
        in_a_row = 0
        while not self._stopping.is_set():
            began = time.monotonic()
            code = await self.run_once(prepare)
            if self._stopping.is_set() or not ended(self, code):
                return
            in_a_row = 0 if time.monotonic() - began >= backoff.reset_after else in_a_row
            with suppress(TimeoutError):
                await asyncio.wait_for(self._stopping.wait(), backoff.delay(in_a_row))
            in_a_row += 1
            self.state.restarts += 1

    def stop(self) -> None:
        """Ask the process to end, as Kubernetes does: SIGTERM to it alone; it is not started again."""
        self._stopping.set()
        self._signal(signal.SIGTERM)

    def kill(self) -> None:
        """End the process, and all that it started, at once."""
        self._stopping.set()
        if self._process is not None:
            self._kill_group(self._process.pid)

    def _signal(self, number: int) -> None:
        if self._process is not None:
            with suppress(ProcessLookupError):
                self._process.send_signal(number)

    def _kill_group(self, pid: int) -> None:
        """What a container started ends with it."""
        with suppress(ProcessLookupError):
            os.killpg(pid, signal.SIGKILL)

    def _note_start(self, process: Process) -> None:
        self._process = process
        self.state.pid = process.pid
        self.state.started_at = time.time()
        self._changed()
        if self._stopping.is_set():  # asked to end while it was starting
            self._signal(signal.SIGTERM)

    def _note_end(self, code: int) -> int:
        self._process = None
        self.state.pid = 0
        self.state.exit_code = code
        self._changed()
        return code
