from pathlib import Path

import pytest

from asya_cli.errors import CliError
from asya_cli.local.manifests import read_manifests
from asya_cli.local.paths import Places
from asya_cli.local.substitution import Machine, substitute

PLACES = Places(Path("/s/vol"), Path("/s/files"), Path("/s/secrets"), Path("/s/claims"))


def machine(**changes):
    ports = iter(range(20001, 20100))
    fields = {
        "places": PLACES,
        "logs": Path("/s/logs"),
        "work": Path("/home/me"),
        "python": "/venv/user/python",
        "own_python": "/venv/asya/python",
        "namespace": "local",
        "image_content": {"/opt/asya/asya_runtime": "/bundle/asya_runtime"},
        "secrets": {},
        "free_port": lambda: next(ports),
    }
    return Machine(**(fields | changes))


def stand_for(*containers, kind="Deployment", volumes=(), on=None, **metadata):
    object_ = {
        "kind": kind,
        "metadata": {"name": "text", **metadata},
        "spec": {"template": {"spec": {"containers": list(containers), "volumes": list(volumes)}}},
    }
    manifests = read_manifests([object_])
    return substitute((*manifests.deployments, *manifests.jobs)[0], manifests, on or machine())


def runtime(**fields):
    return {"name": "asya-runtime", "image": "mine:1", "command": ["python3", "/opt/asya/asya_runtime"], **fields}


def sidecar(**fields):
    return {"name": "asya-sidecar", "image": "asya-sidecar:1", "command": ["python", "-m", "asya_sidecar"], **fields}


def test_the_users_code_gets_its_interpreter_and_folder_and_ours_gets_ours():
    local = stand_for(runtime(), sidecar())
    users, ours = local.processes
    assert users.argv == ["/venv/user/python", "/bundle/asya_runtime"]
    assert users.cwd == "/home/me"
    assert ours.argv == ["/venv/asya/python", "-m", "asya_sidecar"]
    assert ours.cwd == "/s/files/asya-sidecar/work"
    assert Path(ours.cwd) in local.folders


def test_code_of_ours_in_the_runtime_container_never_runs_in_the_users_folder():
    (process,) = stand_for(runtime(), on=machine(work=None)).processes
    assert process.cwd == "/s/files/asya-runtime/work"


@pytest.mark.parametrize("program", ["python", "python3", "python3.12", "/usr/local/bin/python3"])
def test_every_spelling_of_the_interpreter_is_replaced(program):
    (process,) = stand_for(runtime(command=[program, "-c", "1"])).processes
    assert process.argv[0] == "/venv/user/python"


def test_another_program_stays_as_it_is():
    (process,) = stand_for(runtime(command=["pythonista", "/tmp"])).processes
    assert process.argv == ["pythonista", "/tmp"]


def test_mounted_paths_are_replaced_in_arguments_variables_and_probes():
    local = stand_for(
        runtime(
            args=["--socket", "/var/run/asya/x.sock"],
            env=[{"name": "ASYA_SOCKET_DIR", "value": "/var/run/asya"}, {"name": "HOME", "value": "/home"}],
            volumeMounts=[{"name": "socket", "mountPath": "/var/run/asya"}],
            readinessProbe={"exec": {"command": ["python3", "-c", "open('/var/run/asya/ready')"]}},
        ),
        volumes=[{"name": "socket", "emptyDir": {}}],
    )
    (process,), (check,) = local.processes, local.checks
    assert process.argv[2:] == ["--socket", "/s/vol/socket/x.sock"]
    assert process.env == {"ASYA_SOCKET_DIR": "/s/vol/socket", "HOME": "/home"}
    assert check.argv == ["/venv/user/python", "-c", "open('/s/vol/socket/ready')"]
    assert Path("/s/vol/socket") in local.folders


def test_each_port_becomes_a_free_one_on_the_loopback_address_alone():
    local = stand_for(
        sidecar(
            ports=[{"name": "metrics", "containerPort": 8080}],
            env=[
                {"name": "ASYA_METRICS_ADDR", "value": ":8080"},
                {"name": "OPEN", "value": "0.0.0.0:8080"},
                {"name": "ELSEWHERE", "value": "db:8080"},
                {"name": "OTHER", "value": ":9090"},
                {"name": "NUMBER", "value": "8080"},
            ],
            readinessProbe={"httpGet": {"path": "/readyz", "port": "metrics"}},
        )
    )
    (process,), (check,) = local.processes, local.checks
    assert process.env == {
        "ASYA_METRICS_ADDR": "127.0.0.1:20001",
        "OPEN": "127.0.0.1:20001",
        "ELSEWHERE": "db:8080",
        "OTHER": ":9090",
        "NUMBER": "8080",
    }
    assert check.url == "http://127.0.0.1:20001/readyz"
    assert local.addresses == {"metrics": "127.0.0.1:20001"}


def test_two_containers_with_one_port_each_get_two():
    port = [{"name": "metrics", "containerPort": 8080}]
    probe = {"httpGet": {"port": 8080}}
    local = stand_for(runtime(ports=port, readinessProbe=probe), sidecar(ports=port, readinessProbe=probe))
    assert [check.url for check in local.checks] == ["http://127.0.0.1:20001/", "http://127.0.0.1:20002/"]


def test_a_probe_that_cannot_be_asked_here_is_named():
    local = stand_for(sidecar(readinessProbe={"grpc": {"port": 1}}))
    assert local.checks == []
    assert local.unread == ["text/asya-sidecar: readinessProbe"]


def test_a_container_whose_image_is_not_here_is_left_out_and_named():
    local = stand_for(runtime(), {"name": "proxy", "command": ["envoy"]})
    assert [process.container for process in local.processes] == ["asya-runtime"]
    assert local.unread == ["Deployment text: containers[proxy], whose image is not here"]


def test_a_hook_job_runs_whatever_its_container_is_called():
    hook = {"helm.sh/hook": "pre-install"}
    job = stand_for({"name": "queues", "command": ["python", "-m", "q"]}, kind="Job", annotations=hook)
    assert [process.argv for process in job.processes] == [["/venv/asya/python", "-m", "q"]]


def test_a_container_without_a_command_is_an_error():
    with pytest.raises(CliError, match=r"asya-runtime of text has no command; .*'mine:1'"):
        stand_for(runtime(command=[]))


def test_secrets_are_read_from_the_users_files():
    wanted = runtime(env=[{"name": "KEY", "valueFrom": {"secretKeyRef": {"name": "api", "key": "key"}}}])
    (process,) = stand_for(wanted, on=machine(secrets={"api": {"key": "s3cret"}})).processes
    assert process.env == {"KEY": "s3cret"}
    with pytest.raises(CliError, match="write the value into the file /s/secrets/api/key"):
        stand_for(wanted)


def test_every_substitution_is_noted():
    notes = stand_for(
        sidecar(ports=[{"name": "metrics", "containerPort": 8080}], volumeMounts=[{"name": "v", "mountPath": "/run"}]),
        volumes=[{"name": "v", "emptyDir": {}}],
    ).notes
    assert notes == [
        "text/asya-sidecar: image asya-sidecar:1 -> this installation of asya",
        "text/asya-sidecar: interpreter python -> /venv/asya/python",
        "text/asya-sidecar: path /run -> /s/vol/v",
        "text/asya-sidecar: port 8080 -> 20001 on 127.0.0.1 alone",
    ]
