"""The process that carries out a local run's plan: `python -m asya_cli.local.supervisor FOLDER`.

It tells its parent on stdout, one JSON object a line, how the start goes. While stdin is open, its end means that the
parent died, and the run ends; the line `keep` lets the run outlive its parent. SIGTERM ends it, SIGQUIT at once.
"""

from __future__ import annotations

import asyncio
import json
import logging
import os
import shutil
import signal
import site
import sys
from collections.abc import Callable, Coroutine, Iterable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from asya_cli.local.check import wait_ready
from asya_cli.local.emptying import count_waiting, wait_empty
from asya_cli.local.endings import describe_exit, last_lines
from asya_cli.local.orphans import adopt_orphans, end_all_children, killed_with_parent, reap_adopted
from asya_cli.local.plan import Check, Job, Plan, ProcessPlan, read_plan
from asya_cli.local.process import Child
from asya_cli.local.state import Folder, Phase, State

_BROKER_GRACE = 10.0
_ENDS_GRACE = 5.0

logger = logging.getLogger("asya.local")


class StartError(Exception):
    """The run can't start; `log` is the file whose last lines say why."""

    def __init__(self, sentence: str, log: str) -> None:
        super().__init__(sentence)
        self.log = log


class Supervisor:
    """One run, from its broker's start to the end of its last process."""

    def __init__(self, plan: Plan, folder: Folder, environ: Mapping[str, str], tell: Callable[..., None]) -> None:
        self._plan = plan
        self._folder = folder
        self._environ = environ
        self._tell = tell
        self._state = State(supervisor=os.getpid())
        self._prepare = killed_with_parent()
        self._running: dict[Child, asyncio.Task[None]] = {}
        self._stop = asyncio.Event()
        self._at_once = asyncio.Event()
        self._first_end: asyncio.Future[tuple[Child, int]] = asyncio.get_running_loop().create_future()

    def stop(self) -> None:
        """End the run once what runs has finished."""
        self._stop.set()

    def stop_at_once(self) -> None:
        """End the run now; what runs is given again by the broker, in a later run."""
        self._at_once.set()
        self._stop.set()

    def parent_died(self) -> None:
        """End the run, with little patience: nobody sees it. So it is, too, if the parent dies while it waits."""
        asyncio.get_running_loop().call_later(self._plan.grace_without_parent, self._at_once.set)
        self._stop.set()

    async def run(self) -> bool:
        """Start everything, wait for `stop`, end everything; tell whether the start went well."""
        starting = asyncio.create_task(self._start(), name="start")
        stopped = asyncio.create_task(self._stop.wait(), name="stop")
        await asyncio.wait({starting, stopped}, return_when=asyncio.FIRST_COMPLETED)
        good = await self._report(starting)
        if good:
            await stopped
        stopped.cancel()
        await self._end_everything("stopped" if good else "failed")
        return good

    async def _report(self, starting: asyncio.Task[None]) -> bool:
        if not starting.done():
            starting.cancel()
            with suppress(asyncio.CancelledError, StartError):
                await starting
            self._tell(event="stopped")
            return True
        try:
            starting.result()
        except StartError as error:
            self._tell(event="failed", reason=str(error), log=error.log, tail=last_lines(Path(error.log)))
            return False
        self._enter("ready")
        self._tell(event="ready")
        return True

    async def _start(self) -> None:
        self._enter("starting")
        broker = [self._keep_running(self._plan.broker)] if self._plan.broker else []
        await self._wait_ready([self._plan.broker_check], broker)
        self._tell(event="broker", name=self._plan.broker_check.actor)
        await self._run_jobs()
        children = [self._keep_running(each) for each in self._plan.processes]
        self._tell(event="processes", count=len(children))
        await self._wait_ready(self._plan.checks, children)

    async def _run_jobs(self) -> None:
        """Run each release's Jobs one after the other, those of several releases side by side."""
        room = asyncio.Semaphore(self._plan.parallel_jobs)
        try:
            async with asyncio.timeout(self._plan.ready_timeout), asyncio.TaskGroup() as group:
                for jobs in self._plan.jobs:
                    group.create_task(self._run_in_order(jobs, room))
        except TimeoutError:
            log = self._plan.broker.log if self._plan.broker else ""
            raise StartError(f"the Jobs took more than {self._plan.ready_timeout:g} s", log) from None
        except ExceptionGroup as errors:
            raise next(each for each in errors.exceptions if isinstance(each, StartError)) from None

    async def _run_in_order(self, jobs: Sequence[Job], room: asyncio.Semaphore) -> None:
        for job in jobs:
            async with room:
                for process in job.processes:
                    code = await Child(process, self._environ, lambda: None).run_once(self._prepare)
                    if code != 0:
                        raise StartError(f"the Job {job.name} {describe_exit(code)}", process.log)
                self._tell(event="job", name=job.name)

    def _keep_running(self, plan: ProcessPlan) -> Child:
        child = Child(plan, self._environ, self._write_state)
        self._state.processes.append(child.state)
        running = child.keep_running(self._prepare, self._plan.backoff, self._note_end)
        self._running[child] = asyncio.create_task(running, name=plan.title)
        return child

    def _note_end(self, child: Child, code: int) -> bool:
        """Let a process be started again, save while the run starts: there it shows that the run can't.

        Who is killed from outside shows nothing, unless it happens twice: then it probably takes too much memory.
        """
        reap_adopted()
        by_chance = code == -signal.SIGKILL and child.state.restarts == 0
        again = self._state.phase != "starting" or by_chance
        logger.warning("%s %s%s", child.plan.title, describe_exit(code), "; it is started again" if again else "")
        if not again and not self._first_end.done():
            self._first_end.set_result((child, code))
        return again

    async def _wait_ready(self, checks: Sequence[Check], children: Iterable[Child]) -> None:
        """Wait for all checks. Raises StartError when a process ends before, or when it takes too long."""
        logs = {(child.plan.actor, child.plan.container): child.plan.log for child in children}
        waits = {asyncio.create_task(wait_ready(check, self._environ)): check for check in checks}
        everything = asyncio.gather(*waits)
        try:
            either: set[asyncio.Future[Any]] = {everything, self._first_end}
            await asyncio.wait(either, timeout=self._plan.ready_timeout, return_when=asyncio.FIRST_COMPLETED)
            if self._first_end.done():
                child, code = self._first_end.result()
                raise StartError(f"{child.plan.title} {describe_exit(code)} before it was ready", child.plan.log)
            if late := [check for wait, check in waits.items() if not wait.done()]:
                names = ", ".join(f"{check.actor}/{check.container}" for check in late)
                sentence = f"not ready after {self._plan.ready_timeout:g} s: {names}"
                raise StartError(sentence, logs.get((late[0].actor, late[0].container), ""))
        finally:
            everything.cancel()
            with suppress(asyncio.CancelledError):
                await everything

    async def _end_everything(self, last: Phase) -> None:
        """Actors first, all at once; then those that store what came out; the broker when none needs it any more."""
        was_ready = self._state.phase == "ready"
        self._enter("stopping" if last == "stopped" else "failed")
        broker = [child for child in self._running if child.plan is self._plan.broker]
        ends = [child for child in self._running if child.plan.actor in self._plan.ends]
        await self._end([child for child in self._running if child not in (*broker, *ends)], self._plan.grace)
        if was_ready and ends:
            await self._unless_at_once(wait_empty(self._folder.read_info(), self._plan.empty_within))
        await self._end(ends, min(self._plan.grace, _ENDS_GRACE))
        if was_ready and ends:
            await self._unless_at_once(self._count_waiting())
        # Not at once: what a broker has not yet written down about its queues, it would lack in the next run.
        await self._end(broker, _BROKER_GRACE, is_hasty=False)
        end_all_children()
        if self._plan.scratch:
            shutil.rmtree(self._plan.scratch, ignore_errors=True)
        self._enter(last)

    async def _count_waiting(self) -> None:
        self._state.waiting = await count_waiting(self._folder.read_info())

    async def _unless_at_once(self, work: Coroutine[Any, Any, None]) -> None:
        """Do the work, but give it up when the run is to end at once."""
        either = [asyncio.create_task(work), asyncio.create_task(self._at_once.wait())]
        await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
        for task in either:
            task.cancel()
        await asyncio.gather(*either, return_exceptions=True)

    async def _end(self, children: Sequence[Child], grace: float, *, is_hasty: bool = True) -> None:
        """Ask the children to end, and kill those that have not by the end of `grace`, or at once if that is wanted."""
        for child in children:
            child.stop()
        tasks = [self._running[child] for child in children]
        if not tasks:
            return
        ended = asyncio.gather(*tasks)
        at_once = asyncio.create_task(self._at_once.wait())
        either: set[asyncio.Future[Any]] = {ended, at_once} if is_hasty else {ended}
        await asyncio.wait(either, timeout=grace, return_when=asyncio.FIRST_COMPLETED)
        at_once.cancel()
        for child in children:
            child.kill()
        await ended

    def _enter(self, phase: Phase) -> None:
        self._state.phase = phase
        self._write_state()

    def _write_state(self) -> None:
        self._folder.write_state(self._state)


async def supervise(folder: Folder) -> bool:
    """Run the plan in the folder until a signal, or the parent's death, ends it."""
    supervisor = Supervisor(read_plan(folder.plan), folder, environment_of_images(os.environ), tell)
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, supervisor.stop)
    loop.add_signal_handler(signal.SIGQUIT, supervisor.stop_at_once)
    watch_parent(loop, supervisor.parent_died)
    return await supervisor.run()


def environment_of_images(shell: Mapping[str, str]) -> dict[str, str]:
    """Return what stands for the environment that images bring: the shell's, without settings of ours.

    Containers get a HOME of their own, but what the user installed below theirs (`pip install --user`) stays found.
    """
    environ = {name: value for name, value in shell.items() if not name.startswith("ASYA_")}
    return {"PYTHONUSERBASE": site.getuserbase(), **environ}


def watch_parent(loop: asyncio.AbstractEventLoop, died: Callable[[], None], stdin: int = 0) -> None:
    """Call `died` when stdin ends, unless the parent wrote `keep` before."""

    def readable() -> None:
        words = os.read(stdin, 64)
        if not words or b"keep" in words:
            loop.remove_reader(stdin)
        if not words:
            died()

    loop.add_reader(stdin, readable)


def tell(**event: object) -> None:
    """Write one event for the parent; that it is gone is no error here."""
    with suppress(BrokenPipeError):
        os.write(1, f"{json.dumps(event)}\n".encode())


def main(arguments: Sequence[str]) -> int:
    """Supervise the run whose folder is given; 1 when it could not start, or when another run has the folder."""
    logging.basicConfig(format="asya: %(message)s", level=logging.INFO, stream=sys.stderr)
    folder = Folder(Path(arguments[0]))
    adopt_orphans()
    if sys.platform == "linux" and sys.version_info < (3, 12):  # later versions choose it by themselves
        asyncio.set_child_watcher(asyncio.PidfdChildWatcher())
    try:
        with folder.held():
            return 0 if asyncio.run(supervise(folder)) else 1
    except BlockingIOError:
        tell(event="failed", reason="another run holds this folder", log="", tail=[])
        return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
