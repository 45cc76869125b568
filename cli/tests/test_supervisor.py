import os
import signal
from pathlib import Path

import pytest

from cli.tests.supervised import READY, SLEEP, Supervised, wait_dead

RECORD_ITS_END = f"""
import signal, sys, time
def end(*_):
    open('../ended', 'a').write(sys.argv[0] + 'x')
    sys.exit(0)
signal.signal(signal.SIGTERM, end)
{READY}
signal.pause()
"""
KILL_ITSELF_ONCE = (
    "import os, signal; os.path.exists('killed') or (open('killed', 'w'), os.kill(os.getpid(), signal.SIGKILL))"
)
DEAF = f"import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); {READY}{SLEEP}"
WITH_CHILD = f"""
import subprocess, sys
child = subprocess.Popen([sys.executable, '-c', {SLEEP!r}])
open('child', 'w').write(str(child.pid))
{READY}{SLEEP}
"""
WITH_DAEMON = f"""
import os
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        open('daemon.new', 'w').write(str(os.getpid()))
        os.rename('daemon.new', 'daemon')
        {SLEEP}
    os._exit(0)
os.wait()
while not os.path.exists('daemon'):
    os.sched_yield()
{READY}{SLEEP}
"""


def children_of(pid):
    return {int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()}


@pytest.fixture
def supervised(tmp_path):
    held = Supervised(tmp_path / ".asya")
    yield held
    held.close()


def test_the_broker_comes_first_then_jobs_in_order_then_the_actors(supervised):
    append = "open('../order', 'a').write('{} ')".format
    supervised.add_jobs(("one", append("one")), ("two", append("two")))
    folder = supervised.add("text", f"{append('actor')}; {READY}{SLEEP}")
    supervised.start()
    events = [supervised.event() for _ in range(5)]
    assert [event["event"] for event in events] == ["broker", "job", "job", "processes", "ready"]
    assert (folder.parent / "order").read_text() == "one two actor "
    assert supervised.running.state.phase == "ready"


def test_a_job_that_fails_ends_the_run_with_its_last_words(supervised):
    wait = "import os, time\nwhile not os.path.exists('../looked'): time.sleep(0.01)\n"
    supervised.add_jobs(("one", f"{wait}print('queue refused'); raise SystemExit(3)"), ("two", "open('ran', 'w')"))
    supervised.start()
    assert supervised.event()["event"] == "broker"
    broker = supervised.pid("broker")
    (supervised.folder.actors / "looked").touch()
    failed = supervised.event()
    assert (failed["event"], failed["reason"], failed["tail"]) == (
        "failed",
        "the Job one ended with 3",
        ["queue refused"],
    )
    assert supervised.wait() == 1
    assert not (supervised.folder.actors / "two" / "ran").exists()
    assert supervised.running.state.phase == "failed"
    wait_dead(broker)


def test_an_actor_that_ends_before_it_is_ready_fails_the_start_with_its_last_words(supervised):
    supervised.add("text", "raise SystemExit('no module named nowhere')")
    supervised.start()
    failed = [supervised.event() for _ in range(3)][-1]
    assert failed["reason"] == "text/app ended with 1 before it was ready"
    assert failed["tail"] == ["no module named nowhere"]
    assert supervised.wait() == 1


def test_an_actor_that_is_killed_while_the_run_starts_is_started_again(supervised):
    folder = supervised.add("text", f"{KILL_ITSELF_ONCE}; {READY}{SLEEP}")
    supervised.start()
    supervised.until("ready")
    assert (folder / "killed").exists()
    assert supervised.running.process("text", "app").restarts == 1


def test_an_actor_that_is_killed_again_and_again_fails_the_start(supervised):
    supervised.add("text", "import os, signal; os.kill(os.getpid(), signal.SIGKILL)")
    supervised.start()
    failed = [supervised.event() for _ in range(3)][-1]
    assert failed["reason"] == "text/app was killed by SIGKILL before it was ready"


def test_a_program_that_cannot_be_started_says_why(supervised):
    supervised.add("text", "")
    supervised._processes[0].argv[:] = ["/nonesuch/python"]
    supervised.start()
    failed = [supervised.event() for _ in range(3)][-1]
    assert failed["tail"] == ["error: can't start /nonesuch/python; No such file or directory: /nonesuch/python"]
    assert supervised.wait() == 1


def test_an_actor_that_is_never_ready_fails_the_start(supervised):
    supervised.add("text", f"print('loading', flush=True); {SLEEP}")
    supervised.add("quick", READY + SLEEP)
    supervised.start(ready_timeout=1.0)
    failed = [supervised.event() for _ in range(3)][-1]
    assert failed["reason"] == "not ready after 1 s: text/app"
    assert failed["tail"] == ["loading"]
    assert supervised.wait() == 1


def test_what_dies_is_started_again_and_counted_and_what_it_started_dies_with_it(supervised):
    folder = supervised.add("text", WITH_CHILD)
    supervised.start()
    supervised.until("ready")
    child = int((folder / "child").read_text())
    first = supervised.running.kill("text", "app")
    wait_dead(child)
    again = supervised.running.wait_started_anew("text", "app", first)
    assert (again.restarts, again.exit_code) == (1, -signal.SIGKILL)
    supervised.running.kill("text", "app")
    third = supervised.running.wait_started_anew("text", "app", again.pid)
    assert third.restarts == 2
    assert child not in children_of(supervised.process.pid)


def test_a_broker_that_dies_is_started_again(supervised):
    supervised.start()
    supervised.until("ready")
    first = supervised.running.kill("broker", "app")
    assert supervised.running.wait_started_anew("broker", "app", first).restarts == 1


def test_the_end_lets_actors_finish_and_takes_the_broker_last(supervised):
    supervised.add("a", RECORD_ITS_END)
    supervised.add("b", RECORD_ITS_END)
    supervised.start()
    supervised.until("ready")
    pids = [supervised.pid(name) for name in ("a", "b", "broker")]
    supervised.signal(signal.SIGTERM)
    assert supervised.wait() == 0
    for pid in pids:
        wait_dead(pid)
    assert (supervised.folder.actors / "ended").read_text() == "-cx-cx"
    assert supervised.running.state.phase == "stopped"
    assert {process.pid for process in supervised.running.state.processes} == {0}


def test_what_does_not_end_within_the_grace_period_is_killed(supervised):
    supervised.add("text", DEAF)
    supervised.start(grace=0.2)
    supervised.until("ready")
    supervised.signal(signal.SIGTERM)
    assert supervised.wait() == 0
    assert supervised.running.process("text", "app").exit_code == -signal.SIGKILL


def test_even_at_once_the_broker_may_write_down_what_it_holds(supervised):
    work = supervised.add("text", DEAF)
    supervised.start()
    supervised.until("ready")
    supervised.signal(signal.SIGQUIT)
    assert supervised.wait() == 0
    assert (work.parent / "broker" / "ended").exists()


def test_at_once_means_at_once(supervised):
    supervised.add("text", DEAF)
    supervised.start()
    supervised.until("ready")
    supervised.signal(signal.SIGTERM)
    supervised.signal(signal.SIGQUIT)
    assert supervised.wait() == 0


def test_a_run_that_is_stopped_while_it_starts_leaves_nothing(supervised):
    supervised.add("text", SLEEP)
    supervised.start()
    supervised.until("processes")
    broker = supervised.pid("broker")
    supervised.signal(signal.SIGTERM)
    assert supervised.event()["event"] == "stopped"
    assert supervised.wait() == 0
    wait_dead(broker)


def test_the_death_of_the_parent_ends_the_run(supervised):
    supervised.add("text", READY + SLEEP)
    supervised.start()
    supervised.until("ready")
    pid = supervised.pid("text")
    supervised.say(b"")
    assert supervised.wait() == 0
    wait_dead(pid)


def test_a_run_that_is_to_be_kept_outlives_its_parent(supervised):
    supervised.add("text", READY + SLEEP)
    supervised.start()
    supervised.until("ready")
    supervised.say(b"keep\n")
    first = supervised.running.kill("text", "app")
    assert supervised.running.wait_started_anew("text", "app", first).restarts == 1
    supervised.signal(signal.SIGTERM)
    assert supervised.wait() == 0


def test_the_death_of_the_supervisor_ends_every_process(supervised):
    supervised.add("text", READY + SLEEP)
    supervised.start()
    supervised.until("ready")
    pids = [supervised.pid("text"), supervised.pid("broker")]
    supervised.signal(signal.SIGKILL)
    for pid in pids:
        wait_dead(pid)


def test_not_even_a_daemon_survives_the_run(supervised):
    folder = supervised.add("text", WITH_DAEMON)
    supervised.start()
    supervised.until("ready")
    daemon = int((folder / "daemon").read_text())
    os.kill(daemon, 0)
    supervised.signal(signal.SIGTERM)
    assert supervised.wait() == 0
    wait_dead(daemon)


def test_a_folder_has_one_run_at_a_time(supervised):
    supervised.start()
    supervised.until("ready")
    second = supervised.spawn()
    with second:
        assert supervised.event(second)["reason"] == "another run holds this folder"
        assert second.wait(30) == 1
    assert supervised.folder.is_running()
    supervised.signal(signal.SIGTERM)
    assert supervised.folder.wait_stopped(30)
    assert not supervised.folder.is_running()


def test_the_shells_settings_of_ours_do_not_leak_and_its_others_do(supervised):
    supervised.environ |= {"ASYA_TRANSPORT": "sqs", "MY_TOKEN": "t"}
    supervised.environ.pop("PYTHONUSERBASE", None)
    folder = supervised.add(
        "text",
        f"import json, os; json.dump(dict(os.environ), open('env', 'w')); {READY}{SLEEP}",
        env={"HOME": "/elsewhere", "ASYA_OWN": "1"},
    )
    supervised.start()
    supervised.until("ready")
    env = (folder / "env").read_text()
    assert "ASYA_TRANSPORT" not in env
    assert '"ASYA_OWN": "1"' in env
    assert '"MY_TOKEN": "t"' in env
    assert '"HOME": "/elsewhere"' in env
    assert '"PYTHONUSERBASE": "' in env


def test_the_death_of_the_parent_shortens_a_drain_that_has_begun(supervised):
    supervised.add("text", DEAF)
    supervised.start(grace=600.0, grace_without_parent=0.2)
    supervised.until("ready")
    supervised.signal(signal.SIGTERM)
    supervised.say(b"")
    assert supervised.wait() == 0
