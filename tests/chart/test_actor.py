"""What an actor's release consists of."""

from __future__ import annotations

import shutil

import pytest

from asya_core.policies import read_resiliency
from asya_runtime.settings import from_env
from asya_sidecar.settings import Settings
from tests.chart.rendering import HANDLER, JOB, ROOT, RUNTIME, SIDECAR

KINDS = ["ConfigMap", "Deployment", "Job", "Pod", "ScaledObject"]


def test_image_and_handler_are_enough(actor):
    assert sorted(each["kind"] for each in actor.objects) == KINDS
    assert actor.container(RUNTIME)["image"] == HANDLER["image"]
    assert actor.env(RUNTIME)["ASYA_HANDLER"] == HANDLER["handler"]
    assert actor.env(SIDECAR)["ASYA_ACTOR_NAME"] == "text-processor"


def test_with_nothing_given_the_echo_handler_runs_on_our_image(helm):
    rendered = helm.template()

    assert rendered.container(RUNTIME)["image"] == "asya-runtime:0.1.0"
    assert rendered.env(RUNTIME)["ASYA_HANDLER"] == "asya_runtime.echo.process"


def test_our_images_come_from_the_registry_that_is_given(helm):
    rendered = helm.template({"imageRegistry": "registry.example.com/asya"})

    images = [rendered.container(name)["image"] for name in (RUNTIME, SIDECAR, JOB)]
    assert images == [f"registry.example.com/asya/asya-{name}:0.1.0" for name in ("runtime", "sidecar", "sidecar")]


def test_commands_are_those_that_the_images_and_the_local_runner_know(actor):
    assert actor.container(RUNTIME)["command"] == ["python3", "/opt/asya/asya_runtime"]
    assert actor.container(SIDECAR)["command"] == ["python", "-m", "asya_sidecar"]
    assert actor.container(JOB)["command"] == [
        *("python", "-m", "asya_sidecar.queues", "ensure", "text-processor", "happy-end", "error-end")
    ]


def test_the_sidecar_reads_what_the_chart_writes(helm):
    policies = {"default": {"maxAttempts": 3, "backoff": "linear", "initialDelay": "2s", "maxDuration": 60}}
    rendered = helm.template(
        {
            **HANDLER,
            "timeout": {"actor": "1m30s"},
            "maxBodyBytes": 1000000,
            "prefetch": 12,
            "queues": {"prefix": "dev-"},
            "logLevel": "DEBUG",
            "sidecar": {"metricsPort": 9090},
            "resiliency": {"policies": policies, "rules": [{"errors": ["ValueError"], "policy": "default"}]},
        }
    )
    settings = Settings.from_env(rendered.env(SIDECAR))

    assert (settings.queue, settings.transport, settings.is_end) == ("dev-my-model", "nats", False)
    assert (settings.timeout, settings.drain_timeout, settings.prefetch) == (90.0, 115.0, 12)
    assert (settings.limits.size, settings.metrics_port, settings.log_level) == (1000000, 9090, "DEBUG")
    assert settings.resiliency.policies["default"].max_attempts == 3
    assert settings.resiliency.policies["default"].initial_delay == 2.0
    assert settings.resiliency.rules[0].errors == ["ValueError"]


def test_the_sidecars_defaults_are_the_charts(actor):
    env = actor.env(SIDECAR)
    written = {name: value for name, value in env.items() if name not in ("ASYA_ACTOR_NAME", "ASYA_TRANSPORT")}
    own = {"ASYA_ACTOR_NAME": env["ASYA_ACTOR_NAME"], "ASYA_TRANSPORT": env["ASYA_TRANSPORT"]}

    assert Settings.from_env({**own, "ASYA_DRAIN_TIMEOUT": written["ASYA_DRAIN_TIMEOUT"]}) == Settings.from_env(env)


def test_the_runtime_reads_what_the_chart_writes(helm):
    rendered = helm.template({**HANDLER, "handlerMode": "envelope", "concurrency": 8, "maxBodyBytes": 8192})
    settings = from_env(rendered.env(RUNTIME))

    assert (settings.handler, settings.mode, settings.concurrency) == ("text_processor.process", "envelope", 8)
    assert settings.max_body_bytes == int(rendered.env(SIDECAR)["ASYA_MAX_BODY_BYTES"]) == 8192


def test_the_runtime_reads_batches_as_the_chart_writes_them(helm):
    batch = {"maxSize": 32, "maxWait": "20ms"}
    settings = from_env(helm.template({**HANDLER, "batch": batch, "timeout": {"actor": 1}}).env(RUNTIME))

    assert (settings.batch_max_size, settings.batch_max_wait, settings.at_once) == (32, 0.02, 32)


@pytest.mark.parametrize("wait", ["30s", 30, "500ms", "0.5m", 0.05, "0s"])
def test_a_batch_may_wait_for_a_tenth_of_the_time_of_a_message(helm, wait):
    batch = {"maxSize": 32, "maxWait": wait}

    assert helm.template({**HANDLER, "batch": batch, "prefetch": 32}).env(RUNTIME)["ASYA_BATCH_MAX_WAIT"] == str(wait)


def test_the_resiliency_of_every_scenario_is_one_that_the_sidecar_takes(helm):
    rendered = helm.template(files=["charts/actor/ci/rabbitmq-values.yaml"])
    resiliency = read_resiliency(rendered.env(SIDECAR)["ASYA_RESILIENCY"])

    assert resiliency.policies["slow"].then_route == ["fallback-model"]
    assert resiliency.unroutable_after == 60.0


@pytest.mark.parametrize(
    ("timeout", "grace", "drain"), [("5m", 330, "325s"), (90, 120, "115s"), ("1h0m30s", 3660, "3655s")]
)
def test_the_grace_period_leaves_time_for_one_message(helm, timeout, grace, drain):
    rendered = helm.template({**HANDLER, "timeout": {"actor": timeout}})

    assert rendered.pod()["terminationGracePeriodSeconds"] == grace
    assert rendered.env(SIDECAR)["ASYA_DRAIN_TIMEOUT"] == drain


def test_a_slow_start_is_waited_for(helm):
    rendered = helm.template({**HANDLER, "startup": {"timeout": "25m"}})
    probe = rendered.container(RUNTIME)["startupProbe"]

    assert probe["failureThreshold"] * probe["periodSeconds"] == 1500
    assert rendered.one("Deployment")["spec"]["progressDeadlineSeconds"] > 1500


def test_the_runtime_is_probed_with_the_one_program_that_is_there(helm):
    rendered = helm.template({**HANDLER, "pythonExecutable": "/venv/bin/python"})
    container = rendered.container(RUNTIME)

    assert container["command"][0] == "/venv/bin/python"
    for probe in ("startupProbe", "readinessProbe"):
        command = container[probe]["exec"]["command"]
        assert command[0] == "/venv/bin/python"
        assert "/var/run/asya/runtime-ready" in command[-1]


def test_the_sidecar_is_probed_at_its_metrics_port(helm):
    container = helm.template({**HANDLER, "sidecar": {"metricsPort": 9090}}).container(SIDECAR)

    assert container["ports"] == [{"name": "metrics", "containerPort": 9090}]
    paths = [container[probe]["httpGet"] for probe in ("livenessProbe", "readinessProbe")]
    assert paths == [{"path": "/healthz", "port": "metrics"}, {"path": "/readyz", "port": "metrics"}]


def test_each_file_of_the_runtime_is_mounted_by_itself(actor):
    data = actor.one("ConfigMap")["data"]
    mounts = {mount.get("subPath"): mount for mount in actor.container(RUNTIME)["volumeMounts"]}
    files = ROOT / "charts/actor/files/asya_runtime"

    assert data == {path.name: path.read_text() for path in files.glob("*.py")}
    assert data.keys() == {path.name for path in (ROOT / "images/runtime/asya_runtime").glob("*.py")}
    for name in data:
        assert mounts[name]["mountPath"] == f"/opt/asya/asya_runtime/{name}"
        assert mounts[name]["readOnly"]


def test_an_image_with_the_runtime_gets_none(helm):
    rendered = helm.template({**HANDLER, "runtime": {"inject": False}})

    assert rendered.all("ConfigMap") == []
    assert "asya-runtime" not in [volume["name"] for volume in rendered.pod()["volumes"]]
    assert "checksum/runtime" not in rendered.one("Deployment")["spec"]["template"]["metadata"]["annotations"]


def test_pods_roll_when_a_file_of_the_runtime_changes(helm, tmp_path):
    chart = tmp_path / "actor"
    copy_chart(chart)
    before = checksum(helm.template(HANDLER, chart=chart))
    with (chart / "files/asya_runtime/echo.py").open("a") as file:
        file.write("# changed\n")

    assert checksum(helm.template(HANDLER, chart=chart)) != before


def test_a_chart_without_the_runtimes_files_says_so(helm, tmp_path):
    chart = tmp_path / "actor"
    copy_chart(chart)
    for file in (chart / "files/asya_runtime").iterdir():
        file.unlink()

    assert "runtime.inject: this copy of the chart has no files of the runtime" in helm.refusal(HANDLER, chart=chart)


def test_nothing_is_rendered_when_it_is_not_enabled(helm):
    assert helm.template({"enabled": False}).objects == []


def test_the_socket_is_shared_by_the_two_containers_alone(actor):
    holders = {
        name: [m["mountPath"] for m in actor.container(name)["volumeMounts"] if m["name"] == "asya-socket"]
        for name in (RUNTIME, SIDECAR)
    }

    assert holders == {RUNTIME: ["/var/run/asya"], SIDECAR: ["/var/run/asya"]}
    assert actor.env(RUNTIME)["ASYA_SOCKET_DIR"] == actor.env(SIDECAR)["ASYA_SOCKET_DIR"] == "/var/run/asya"


def copy_chart(target):
    shutil.copytree(ROOT / "charts/actor", target)


def checksum(rendered):
    return rendered.one("Deployment")["spec"]["template"]["metadata"]["annotations"]["checksum/runtime"]
