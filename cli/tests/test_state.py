import stat
import threading
from pathlib import Path

import pytest

from asya_cli.errors import CliError
from asya_cli.local.plan import Backoff, Check, Plan, ProcessPlan, read_plan, write_plan
from asya_cli.local.planning import read_secrets, volumes_folder
from asya_cli.local.ports import HIGHEST, LOWEST, FreePorts
from asya_cli.local.programs import find_program
from asya_cli.local.state import Folder, ProcessState, State


@pytest.fixture
def folder(tmp_path):
    folder = Folder(tmp_path / ".asya")
    folder.prepare()
    return folder


def test_a_runs_folder_is_the_users_alone_and_out_of_version_control(folder):
    assert stat.S_IMODE(folder.path.stat().st_mode) == 0o700
    assert (folder.path / ".gitignore").read_text() == "*\n"


def test_a_plan_survives_its_file_and_nobody_else_reads_it(folder):
    process = ProcessPlan(actor="a", container="c", argv=["x"], env={"KEY": "s3cret"}, cwd="/", log="/l")
    check = Check(actor="a", container="c", url="http://x")
    plan = Plan(
        broker=process, broker_check=check, jobs=[], processes=[process], checks=[check], ready_timeout=1, grace=2
    )
    write_plan(plan, folder.plan)
    assert read_plan(folder.plan) == plan
    assert stat.S_IMODE(folder.plan.stat().st_mode) == 0o600


def test_the_state_is_found_as_it_was_written(folder):
    state = State(supervisor=7, processes=[ProcessState(actor="a", container="c", log="/l", pid=8, restarts=2)])
    folder.write_state(state)
    assert folder.read_state() == state
    assert folder.read_state().process("a", "c").pid == 8
    with pytest.raises(KeyError):
        folder.read_state().process("a", "d")


def test_a_folder_is_running_while_it_is_held(folder):
    assert not folder.is_running()
    with folder.held():
        assert folder.is_running()
        assert folder.is_running()
        assert not folder.wait_stopped(0.05)
        with pytest.raises(BlockingIOError), folder.held():
            pass
    assert not folder.is_running()


def test_waiting_for_the_end_ends_with_it(folder):
    release, ended = threading.Event(), []
    held = threading.Event()

    def hold():
        with folder.held():
            held.set()
            release.wait(30)

    holder = threading.Thread(target=hold)
    holder.start()
    held.wait(30)
    waiter = threading.Thread(target=lambda: ended.append(folder.wait_stopped(30)))
    waiter.start()
    release.set()
    waiter.join(30)
    holder.join(30)
    assert ended == [True]


def test_restarts_are_delayed_more_and_more_up_to_a_limit():
    backoff = Backoff(first=0.5, longest=3.0)
    assert [backoff.delay(count) for count in range(6)] == [0.0, 0.5, 1.0, 2.0, 3.0, 3.0]
    assert backoff.delay(10**6) == 3.0


def test_free_ports_are_free_different_and_outside_of_the_range_of_outgoing_connections():
    give = FreePorts()
    ports = [give() for _ in range(50)]
    assert len(set(ports)) == 50
    assert all(LOWEST <= port <= HIGHEST for port in ports)


def test_secrets_are_the_users_files(tmp_path):
    (tmp_path / "api").mkdir()
    (tmp_path / "api" / "key").write_text("s3cret\n")
    (tmp_path / "api" / "pem").write_text("two\nlines\n\n")
    (tmp_path / "stray").touch()
    assert read_secrets(tmp_path) == {"api": {"key": "s3cret", "pem": "two\nlines\n"}}


def test_sockets_get_a_short_path_where_the_users_is_too_long(tmp_path):
    assert volumes_folder(Path("/home/me/.asya/actors"), ["text-processor"]) == Path("/home/me/.asya/actors")
    deep = tmp_path / ("x" * 90)
    short = volumes_folder(deep, ["a" * 40])
    assert short.is_dir()
    assert len(str(short)) + 40 + len("/asya-socket/asya-runtime.sock") < 100
    short.rmdir()


def test_a_program_is_looked_for_beside_python_then_on_the_path(tmp_path):
    beside, path = tmp_path / "venv" / "python", tmp_path / "bin"
    for folder in (beside.parent, path):
        folder.mkdir()
        (folder / "helm").touch(mode=0o755)
    assert find_program("helm", beside=str(beside), path=str(path)) == beside.parent / "helm"
    (beside.parent / "helm").unlink()
    assert find_program("helm", beside=str(beside), path=str(path)) == path / "helm"
    with pytest.raises(CliError, match=r"can't find nonesuch; it is neither beside .* nor on PATH; install it"):
        find_program("nonesuch", beside=str(beside), path=str(path))
