import pytest

from asya_core.errors import SettingsError
from asya_core.transports import NAMES
from asya_sidecar import settings as module
from asya_sidecar.settings import Settings, likely_mistakes
from asya_sidecar.start import read

REQUIRED = {"ASYA_ACTOR_NAME": "a", "ASYA_TRANSPORT": "memory"}


def problems(**environ):
    with pytest.raises(SettingsError) as raised:
        Settings.from_env({**REQUIRED, **environ})
    return raised.value.problems


def test_only_name_and_transport_are_required():
    settings = Settings.from_env(REQUIRED)

    assert (settings.queue, settings.queue_of("b")) == ("asya-a", "asya-b")
    assert str(settings.socket_dir) == "/var/run/asya"
    assert (settings.log_level, settings.is_end, settings.prefetch) == ("INFO", False, None)
    assert (settings.metrics_host, settings.metrics_port) == ("", 8080)
    assert (settings.timeout, settings.drain_timeout) == (300, 330)
    assert settings.limits.size == 16 * 1024 * 1024
    assert (settings.resiliency.max_deliveries, settings.resiliency.unroutable_after) == (10, 60)


def test_everything_can_be_set():
    settings = Settings.from_env({
        "ASYA_ACTOR_NAME": "happy-end", "ASYA_TRANSPORT": "nats", "ASYA_QUEUE_PREFIX": "dev-",
        "ASYA_SOCKET_DIR": "/s",
        "ASYA_LOG_LEVEL": "DEBUG", "ASYA_IS_END_ACTOR": "true", "ASYA_METRICS_ADDR": "127.0.0.1:9",
        "ASYA_PREFETCH": "7",
        "ASYA_RUNTIME_TIMEOUT": "1m30s", "ASYA_MAX_BODY_BYTES": "100", "ASYA_DRAIN_TIMEOUT": "5",
        "ASYA_RESILIENCY": '{"policies": {"default": {"maxAttempts": 3}}, "maxDeliveries": 4, "unroutableAfter": "2m"}',
    })  # fmt: skip

    assert (settings.queue, settings.is_end, settings.prefetch) == ("dev-happy-end", True, 7)
    assert (settings.metrics_host, settings.metrics_port) == ("127.0.0.1", 9)
    assert (settings.timeout, settings.drain_timeout, settings.limits.size) == (90, 5, 100)
    assert settings.resiliency.policies["default"].max_attempts == 3
    assert (settings.resiliency.max_deliveries, settings.resiliency.unroutable_after) == (4, 120)


def test_all_mistakes_are_told_at_once_each_with_its_variable():
    wrong = {
        "ASYA_ACTOR_NAME": "No Name", "ASYA_TRANSPORT": "pigeon", "ASYA_LOG_LEVEL": "LOUD",
        "ASYA_IS_END_ACTOR": "maybe",
        "ASYA_METRICS_ADDR": "8080", "ASYA_PREFETCH": "-1", "ASYA_RUNTIME_TIMEOUT": "soon", "ASYA_MAX_BODY_BYTES": "0",
        "ASYA_DRAIN_TIMEOUT": "-3s", "ASYA_RESILIENCY": '{"polices": {}}',
    }  # fmt: skip
    found = problems(**wrong)

    assert sorted(problem.partition(":")[0] for problem in found) == sorted(wrong)
    assert all(len(problem) > len(name) + 10 for problem, name in zip(sorted(found), sorted(wrong), strict=True))


@pytest.mark.parametrize("name", sorted(REQUIRED))
def test_what_has_no_default_is_asked_for(name):
    environ = {key: value for key, value in REQUIRED.items() if key != name}
    with pytest.raises(SettingsError, match=f"{name}: not set"):
        Settings.from_env(environ)


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("ASYA_RUNTIME_TIMEOUT", "0", "leaves no time"),
        ("ASYA_METRICS_ADDR", ":99999", "no host:port"),
        ("ASYA_METRICS_ADDR", "host:", "no host:port"),
        ("ASYA_PREFETCH", "0", "above 0"),
        ("ASYA_PREFETCH", "1.5", "above 0"),
        ("ASYA_MAX_BODY_BYTES", "16Mi", "above 0"),
        ("ASYA_RESILIENCY", "not json", "ASYA_RESILIENCY"),
        ("ASYA_RESILIENCY", '{"rules": [{"errors": ["X"], "policy": "none"}]}', "rules[0].policy"),
        ("ASYA_RESILIENCY", '{"policies": {"p": {"maxAttempts": 0}}}', "policies.p.maxAttempts"),
        ("ASYA_IS_END_ACTOR", "true", "happy-end and error-end"),
    ],
)
def test_a_mistake_is_explained(name, value, words):
    (problem,) = problems(**{name: value})

    assert name in problem
    assert words in problem


def test_an_end_actor_must_be_declared_as_one():
    assert problems(ASYA_ACTOR_NAME="error-end")[0].startswith("ASYA_IS_END_ACTOR: false for actor 'error-end'")


def test_the_transports_mistakes_are_told_together_with_ours():
    with pytest.raises(SettingsError) as raised:
        read({"ASYA_TRANSPORT": "nats", "ASYA_NATS_URL": "http://x", "ASYA_PREFETCH": "x"})

    assert {problem.partition(":")[0] for problem in raised.value.problems} >= {
        "ASYA_ACTOR_NAME", "ASYA_PREFETCH", "ASYA_NATS_URL",
    }  # fmt: skip


def test_an_address_of_version_6_is_written_in_brackets():
    settings = Settings.from_env({**REQUIRED, "ASYA_METRICS_ADDR": "[::1]:9"})

    assert (settings.metrics_host, settings.metrics_port) == ("::1", 9)


@pytest.mark.parametrize(
    ("name", "meant"),
    [("ASYA_PREFECH", "ASYA_PREFETCH"), ("ASYA_LOGLEVEL", "ASYA_LOG_LEVEL"),
     ("ASYA_MAX_BODY_BYTE", "ASYA_MAX_BODY_BYTES"),
     ("ASYA_RUNTIMETIMEOUT", "ASYA_RUNTIME_TIMEOUT"), ("ASYA_NATS_URI", "ASYA_NATS_URL")],
)  # fmt: skip
def test_a_name_that_is_almost_right_is_pointed_out(name, meant):
    assert list(likely_mistakes({**REQUIRED, name: "1"})) == [f"{name}: nothing reads it; is {meant} meant?"]


def test_names_that_others_read_are_not_pointed_out():
    others = (
        "ASYA_HANDLER",
        "ASYA_CONCURRENCY",
        "ASYA_STORE_URL",
        "ASYA_GATEWAY_PORT_8080_TCP",
        "HOME",
        "asya_prefetc",
    )

    assert list(likely_mistakes(dict.fromkeys(others, "x"))) == []


def test_every_variable_that_is_read_is_known_and_no_other():
    asked = set()

    class Environ(dict):
        def get(self, name, default=None):
            asked.add(name)
            return super().get(name, default)

    for transport in NAMES:
        read(Environ(REQUIRED | {"ASYA_TRANSPORT": transport}))

    assert {name for name in asked if name.startswith("ASYA_")} == module._KNOWN
