"""The settings that the environment gives, and the mistakes in it."""

from __future__ import annotations

import pytest

from asya_runtime.errors import EXIT_SETTINGS, StartError
from asya_runtime.settings import Settings, from_env

LEAST = {"ASYA_HANDLER": "module.function"}


def refusal(environ):
    with pytest.raises(StartError) as caught:
        from_env(environ)
    assert caught.value.exit_code == EXIT_SETTINGS
    return caught.value.code, caught.value.message


def test_only_the_handler_is_required():
    settings = Settings("module.function", "payload", "/var/run/asya", 1, "INFO", 16 * 1024 * 1024, 1, 0.0)

    assert from_env(LEAST) == settings


def test_everything_can_be_set():
    environ = {
        "ASYA_HANDLER": " module.Class.method ",
        "ASYA_HANDLER_MODE": "Envelope",
        "ASYA_SOCKET_DIR": "sockets",
        "ASYA_CONCURRENCY": "8",
        "ASYA_LOG_LEVEL": "debug",
        "ASYA_MAX_BODY_BYTES": "4096",
        "ASYA_BATCH_MAX_SIZE": "32",
        "ASYA_BATCH_MAX_WAIT": "50ms",
    }

    assert from_env(environ) == Settings("module.Class.method", "envelope", "sockets", 8, "DEBUG", 4096, 32, 0.05)
    assert from_env(environ).at_once == 256


def test_an_empty_variable_counts_as_absent():
    empty = dict.fromkeys(
        [
            "ASYA_HANDLER_MODE",
            "ASYA_SOCKET_DIR",
            "ASYA_CONCURRENCY",
            "ASYA_LOG_LEVEL",
            "ASYA_MAX_BODY_BYTES",
            "ASYA_BATCH_MAX_SIZE",
            "ASYA_BATCH_MAX_WAIT",
        ],
        "",
    )

    assert from_env({**LEAST, **empty}) == from_env(LEAST)


@pytest.mark.parametrize("environ", [{}, {"ASYA_HANDLER": ""}, {"ASYA_HANDLER": "  "}])
def test_a_missing_handler_is_told(environ):
    sentence = "ASYA_HANDLER is not set; set it to module.function or module.Class.method"

    assert refusal(environ) == ("handler_missing", sentence)


def test_an_unknown_mode_is_told():
    code, sentence = refusal({**LEAST, "ASYA_HANDLER_MODE": "batch"})

    assert code == "mode_invalid"
    assert sentence == 'ASYA_HANDLER_MODE is "batch"; it must be payload or envelope'


@pytest.mark.parametrize(
    ("name", "value", "range_"),
    [
        ("ASYA_CONCURRENCY", "0", "1 to 1024"),
        ("ASYA_CONCURRENCY", "1025", "1 to 1024"),
        ("ASYA_CONCURRENCY", "-1", "1 to 1024"),
        ("ASYA_CONCURRENCY", "two", "1 to 1024"),
        ("ASYA_CONCURRENCY", "1.5", "1 to 1024"),
        ("ASYA_CONCURRENCY", "²", "1 to 1024"),
        ("ASYA_CONCURRENCY", "9" * 5000, "1 to 1024"),
        ("ASYA_MAX_BODY_BYTES", "4095", "4096 to 2147483648"),
        ("ASYA_BATCH_MAX_SIZE", "0", "1 to 1024"),
        ("ASYA_BATCH_MAX_SIZE", "off", "1 to 1024"),
    ],
)
def test_a_number_out_of_its_range_is_told(name, value, range_):
    code, sentence = refusal({**LEAST, name: value})

    assert code == "setting_invalid"
    assert sentence == f'{name} is "{value}"; it must be a whole number from {range_}'


@pytest.mark.parametrize(
    ("value", "seconds"),
    [("50ms", 0.05), ("1.5s", 1.5), ("1m30s", 90), ("0.05", 0.05), ("2", 2), ("0s", 0), (".5s", 0.5), ("1h", 3600)],
)
def test_a_time_is_written_as_go_does_or_in_seconds(value, seconds):
    assert from_env({**LEAST, "ASYA_BATCH_MAX_WAIT": value}).batch_max_wait == pytest.approx(seconds)


@pytest.mark.parametrize(
    "value", ["-1s", "soon", "5 s", "1e1", "61m", "9" * 500, "1d", "s", ".s", "1m30", "1..5s", "\u0665s"]
)
def test_what_is_no_time_is_told(value):
    code, sentence = refusal({**LEAST, "ASYA_BATCH_MAX_WAIT": value})

    assert code == "setting_invalid"
    assert sentence == (
        f'ASYA_BATCH_MAX_WAIT is "{value}"; it must be a time up to 3600 s, written like 50ms, 1.5s or 0.05'
    )


def test_too_many_messages_at_once_are_told():
    code, sentence = refusal({**LEAST, "ASYA_CONCURRENCY": "64", "ASYA_BATCH_MAX_SIZE": "1024"})

    assert code == "setting_invalid"
    assert sentence == (
        "ASYA_CONCURRENCY times ASYA_BATCH_MAX_SIZE is 65536 messages at once; "
        "lower one of them, so that it is at most 65535"
    )


def test_an_unknown_log_level_is_told():
    code, sentence = refusal({**LEAST, "ASYA_LOG_LEVEL": "loud"})

    assert code == "setting_invalid"
    assert sentence == 'ASYA_LOG_LEVEL is "loud"; it must be INFO, DEBUG, WARNING, ERROR or CRITICAL'


def test_all_mistakes_are_told_at_once():
    code, sentence = refusal({"ASYA_HANDLER_MODE": "x", "ASYA_CONCURRENCY": "y"})

    assert code == "setting_invalid"
    assert [part.split(" is ")[0] for part in sentence.split("; ") if part.startswith("ASYA_")] == [
        "ASYA_HANDLER",
        "ASYA_HANDLER_MODE",
        "ASYA_CONCURRENCY",
    ]
