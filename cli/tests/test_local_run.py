"""A run as a library: what the demo and other tests build on."""

import os
import signal
from datetime import UTC, datetime

import pytest

from asya_cli.errors import CliError
from asya_cli.local.actors import Actor, read_actors
from asya_cli.local.message import Order, make_envelope
from asya_cli.local.plan import Backoff
from asya_cli.local.planning import Wish
from asya_cli.local.run import LocalRun, LocalRunError
from asya_cli.local.running import Running
from asya_cli.local.sending import connected, follow, send
from cli.tests.supervised import wait_dead

pytestmark = [pytest.mark.needs("helm", "nats-server"), pytest.mark.timeout(180)]


@pytest.fixture
def wish(tmp_path):
    (tmp_path / "handlers.py").write_text("def double(payload):\n    return payload * 2\n")
    return Wish(tmp_path, read_actors(["handlers.double"], tmp_path), backoff=Backoff(first=0.01))


def pids_of(run):
    return [run.state.supervisor, *(process.pid for process in run.state.processes)]


async def test_a_run_lives_as_long_as_its_block_and_tells_all_about_itself(wish, tmp_path):
    with LocalRun(wish, state_dir=tmp_path / "elsewhere") as run:
        pids = pids_of(run)
        assert run.is_up()
        assert run.broker_url.startswith("nats://127.0.0.1:")
        assert run.queue("handlers") == "asya-handlers"
        envelope = make_envelope(Order(["handlers"]), b'"ab"', datetime.now(UTC))
        async with connected(run.open_transport()) as transport:
            await send(transport, run.queue("handlers"), [envelope])
            end = await follow(run.results, envelope, 60)
            assert (await transport.depth(run.queue("handlers"))).delayed == 0
        assert (end.kind, end.payload) == ("result", "abab")
    assert not run.is_up()
    assert run.results.count("result") == 1
    for pid in pids:
        wait_dead(pid)
    run.stop()


def test_an_exception_in_the_block_ends_the_run_too(wish):
    pids = []

    def use_it():
        with LocalRun(wish) as run:
            pids.extend(pids_of(run))
            raise RuntimeError("the test fails")

    with pytest.raises(RuntimeError, match="the test fails"):
        use_it()
    for pid in pids:
        wait_dead(pid)


def test_a_run_that_is_kept_is_found_again(wish, tmp_path):
    run = LocalRun(wish)
    events = []
    run.start(events.append)
    assert [event["event"] for event in events][-2:] == ["processes", "ready"]
    run.keep()
    try:
        found = Running.find(tmp_path)
        assert found.process("handlers", "asya-runtime").pid == run.process("handlers", "asya-runtime").pid
        with pytest.raises(CliError, match="not up; it was not started, or it was given away"):
            run.keep()
    finally:
        os.kill(found.state.supervisor, signal.SIGQUIT)
        assert found.folder.wait_stopped(60)
    with pytest.raises(CliError, match="no local run is up"):
        Running.find(tmp_path)


def test_a_start_that_fails_carries_the_last_words_and_leaves_nothing(tmp_path):
    actor = Actor("text", {"image": "mine:1", "handler": "nowhere.process"})
    run = LocalRun(Wish(tmp_path, [actor]))
    with pytest.raises(LocalRunError, match="text/asya-runtime ended with 1 before it was ready") as failed:
        run.start()
    assert 'no module named "nowhere"' in failed.value.detail
    assert not run.folder.is_running()
    assert run.state.phase == "failed"
