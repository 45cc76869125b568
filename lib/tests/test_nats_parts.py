"""The pure decisions inside the NATS transport; everything else about it is tested against a real server."""

import pytest

from asya_core.errors import (
    MessageTooLargeError,
    QueueMissingError,
    SettingsError,
    TransportRefusedError,
    TransportUnavailableError,
)
from asya_core.transports.nats.connection import LONGEST_PAUSE_SECONDS, pause_before
from asya_core.transports.nats.hand import count_and_sequence
from asya_core.transports.nats.publisher import read_outcome
from asya_core.transports.nats.settings import Server, read_secrets, settings_from
from asya_core.transports.nats.streams import differences, require_schedules
from asya_core.transports.nats.wire import WireError


@pytest.mark.parametrize("version", ["2.12.0", "2.15.1", "3.0.0-beta.1", "10.1"])
def test_servers_that_can_delay_messages_are_accepted(version):
    require_schedules(version)


@pytest.mark.parametrize("version", ["2.11.9", "1.4.1", "2", "", "None"])
def test_older_servers_are_refused_with_a_sentence(version):
    with pytest.raises(TransportRefusedError, match=r"delayed retries need 2\.12 or newer"):
        require_schedules(version)


@pytest.mark.parametrize(
    ("ack", "expected"),
    [
        (b"$JS.ACK.queue.actor.3.17.21.1795286870612023956.0", (3, "17")),
        (b"$JS.ACK.hub.ACCHASH.queue.actor.3.17.21.1795286870612023956.0", (3, "17")),
        (b"$JS.ACK._.ACCHASH.queue.actor.3.17.21.1795286870612023956.0.random", (3, "17")),
    ],
)
def test_count_and_number_are_read_from_both_forms_of_the_reply_subject(ack, expected):
    assert count_and_sequence(ack) == expected


@pytest.mark.parametrize("ack", [b"", b"_INBOX.abc", b"$JS.ACK.queue.actor.x.17.21.1.0", b"a.b.c.d.e.f.g"])
def test_another_reply_subject_is_refused(ack):
    with pytest.raises(WireError):
        count_and_sequence(ack)


def test_only_what_was_asked_for_can_differ():
    wanted = {"max_age": 0, "storage": "file", "subjects": ["a"]}
    assert differences(wanted, {"storage": "file", "subjects": ["a"], "created_by": "somebody"}) == ""
    sentence = differences(wanted, {"max_age": 5, "storage": "file", "subjects": ["b"]})
    assert sentence == "max_age is 5, not 0, subjects is ['b'], not ['a']"


@pytest.mark.parametrize(
    ("body", "error"),
    [
        (b'{"stream":"other","seq":1}', QueueMissingError),
        (b'{"error":{"code":400,"err_code":10054,"description":"message size exceeds"}}', MessageTooLargeError),
        (b'{"error":{"code":503,"err_code":10023,"description":"insufficient storage"}}', TransportUnavailableError),
        (b"no JSON", TransportUnavailableError),
        (b"[]", TransportUnavailableError),
    ],
)
def test_an_answer_that_is_no_confirmation_is_an_error(body, error):
    assert isinstance(read_outcome("q", body), error)


def test_a_confirmation_is_one_whoever_else_is_named_in_it():
    assert read_outcome("q", b'{"stream":"q","seq":1,"domain":"hub","duplicate":false}') is None


def test_pauses_between_attempts_grow_to_a_limit():
    assert pause_before(0) == 0
    assert pause_before(1) <= 0.2
    assert all(
        LONGEST_PAUSE_SECONDS / 2 <= pause_before(attempt) <= LONGEST_PAUSE_SECONDS for attempt in (6, 100, 9999)
    )


def test_several_servers_can_be_named(tmp_path):
    settings = settings_from({"ASYA_NATS_URL": "nats://a, tls://b:4443", "ASYA_SECRETS_DIR": str(tmp_path)})
    assert settings.servers == (Server("a", 4222, tls=False), Server("b", 4443, tls=True))


def test_without_settings_the_server_of_the_namespace_is_taken(tmp_path):
    assert settings_from({"ASYA_SECRETS_DIR": str(tmp_path)}).servers == (Server("nats", 4222, tls=False),)


def test_two_ways_to_enter_are_refused(tmp_path):
    (tmp_path / "token").write_text("a")
    (tmp_path / "user.creds").write_text("b")
    with pytest.raises(SettingsError, match=r"more than one of username, token and user\.creds"):
        settings_from({"ASYA_SECRETS_DIR": str(tmp_path)})


def test_a_secret_that_can_not_be_read_is_named(tmp_path):
    (tmp_path / "token").mkdir()
    with pytest.raises(SettingsError, match="token can't be read"):
        settings_from({"ASYA_SECRETS_DIR": str(tmp_path)})


def test_secrets_do_not_show_in_what_is_printed(tmp_path):
    (tmp_path / "username").write_text("asya")
    (tmp_path / "password").write_text("hunter2")
    assert "hunter2" not in repr(read_secrets(tmp_path))
