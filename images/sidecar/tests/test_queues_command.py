import pytest

from asya_core.errors import QueueConflictError, TransportRefusedError, TransportUnavailableError
from asya_core.transports import memory
from asya_core.transports.memory import MemoryBroker, MemoryTransport
from asya_sidecar import exit_codes, queues


@pytest.fixture
def broker(monkeypatch):
    broker = MemoryBroker()
    monkeypatch.setattr(memory, "_of_this_process", broker)
    monkeypatch.setenv("ASYA_TRANSPORT", "memory")
    return broker


@pytest.fixture
def run(capsys):
    """Run the command; return its exit code and its lines."""

    def run(*arguments):
        code = queues.main(arguments)
        return code, capsys.readouterr().out.splitlines()

    return run


def test_it_makes_what_is_missing_and_says_what_it_found(broker, run):
    assert run("ensure", "a", "error-end") == (exit_codes.OK, ["asya-a: made", "asya-error-end: made"])
    assert run("ensure", "a", "b") == (exit_codes.OK, ["asya-a: found", "asya-b: made"])
    assert sorted(broker.queues) == ["asya-a", "asya-b", "asya-error-end"]


def test_it_deletes_what_it_is_told_to(broker, run):
    run("ensure", "a", "b")

    assert run("delete", "a", "c") == (exit_codes.OK, ["asya-a: deleted", "asya-c: absent"])
    assert sorted(broker.queues) == ["asya-b"]


def test_queues_have_the_prefix_of_their_environment(broker, run, monkeypatch):
    monkeypatch.setenv("ASYA_QUEUE_PREFIX", "dev-")

    assert run("ensure", "a") == (exit_codes.OK, ["dev-a: made"])
    assert list(broker.queues) == ["dev-a"]


@pytest.mark.parametrize(
    ("error", "line"),
    [
        (QueueConflictError("it exists with other arguments"), "asya-b: refused: it exists with other arguments"),
        (TransportRefusedError("no permission"), "asya-b: error: no permission"),
        (TransportUnavailableError("no answer"), "asya-b: error: no answer"),
    ],
)
def test_one_queue_that_fails_fails_the_command_but_not_the_others(broker, run, monkeypatch, error, line):
    ensure = MemoryTransport.ensure

    async def refuse_b(self, queue):
        if queue == "asya-b":
            raise error
        return await ensure(self, queue)

    monkeypatch.setattr(MemoryTransport, "ensure", refuse_b)

    assert run("ensure", "a", "b", "c") == (exit_codes.TRANSPORT_FAILED, ["asya-a: made", line, "asya-c: made"])
    assert sorted(broker.queues) == ["asya-a", "asya-c"]


def test_it_counts_what_is_there_and_makes_nothing(broker, run):
    run("ensure", "a")

    assert run("check", "a", "b") == (
        exit_codes.TRANSPORT_FAILED,
        [
            "asya-a: there, 0 waiting, 0 in progress, 0 delayed",
            "asya-b: error: queue asya-b does not exist; install its actor first",
        ],
    )
    assert list(broker.queues) == ["asya-a"]


@pytest.mark.parametrize("verb", queues.VERBS)
@pytest.mark.usefixtures("broker")
def test_a_secret_that_is_not_there_is_named(run, monkeypatch, tmp_path, verb):
    monkeypatch.setenv("ASYA_SECRET_NAME", "asya-broker")
    monkeypatch.setenv("ASYA_SECRETS_DIR", str(tmp_path))

    code, (line,) = run(verb, "a")
    assert code == exit_codes.BAD_SETTINGS
    assert line.startswith("error: Secret 'asya-broker' is missing in this namespace, or empty; ")
    monkeypatch.setenv("ASYA_SECRETS_DIR", str(tmp_path / "nowhere"))
    assert run(verb, "a")[0] == exit_codes.BAD_SETTINGS


def test_a_secret_with_files_is_left_to_the_transport(broker, run, monkeypatch, tmp_path):
    (tmp_path / "username").write_text("me")
    monkeypatch.setenv("ASYA_SECRET_NAME", "asya-broker")
    monkeypatch.setenv("ASYA_SECRETS_DIR", str(tmp_path))

    assert run("ensure", "a") == (exit_codes.OK, ["asya-a: made"])
    assert list(broker.queues) == ["asya-a"]


@pytest.mark.usefixtures("broker")
@pytest.mark.parametrize("arguments", [(), ("ensure",), ("make", "a"), ("ensure", "No Name"), ("delete", "")])
def test_wrong_arguments_are_answered_with_how_to_use_it(run, arguments):
    code, lines = run(*arguments)

    assert code == exit_codes.BAD_SETTINGS
    assert lines == ["usage: python -m asya_sidecar.queues ensure|check|delete ACTOR [ACTOR ...]"]


@pytest.mark.parametrize(
    ("environ", "words"),
    [({}, "ASYA_TRANSPORT"), ({"ASYA_TRANSPORT": "pigeon"}, "ASYA_TRANSPORT"),
     ({"ASYA_TRANSPORT": "nats", "ASYA_NATS_URL": "http://x"}, "ASYA_NATS_URL")],
)  # fmt: skip
def test_wrong_settings_are_told(run, monkeypatch, environ, words):
    for name, value in environ.items():
        monkeypatch.setenv(name, value)
    code, (line,) = run("ensure", "a")

    assert code == exit_codes.BAD_SETTINGS
    assert line.startswith("error: ")
    assert words in line


def test_a_broker_that_does_not_answer_fails_the_command(run, monkeypatch):
    monkeypatch.setenv("ASYA_TRANSPORT", "nats")
    monkeypatch.setenv("ASYA_NATS_URL", "nats://127.0.0.1:1")
    monkeypatch.setattr(queues, "CONNECT_SECONDS", 0.3)

    assert run("ensure", "a") == (
        exit_codes.TRANSPORT_FAILED,
        ["error: the broker did not answer within 0.3 s; check its address and its network policy"],
    )


def test_a_broker_that_refuses_us_fails_the_command_at_once(broker, run, monkeypatch):
    async def refuse(_self):
        raise TransportRefusedError("wrong password; correct the Secret")

    monkeypatch.setattr(MemoryTransport, "connect", refuse)

    assert run("ensure", "a") == (exit_codes.TRANSPORT_FAILED, ["error: wrong password; correct the Secret"])
    assert not broker.queues
