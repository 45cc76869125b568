"""Pods pass the restricted Pod Security Standard with ordinary images, and the check would see if they did not."""

from __future__ import annotations

import copy
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from tests.chart.pod_security import Object, violations
from tests.chart.rendering import HANDLER, RUNTIME, SIDECAR
from tests.chart.test_objects import SCENARIOS, golden

SOUND: Object = {
    "securityContext": {"runAsNonRoot": True, "seccompProfile": {"type": "RuntimeDefault"}},
    "containers": [
        {"name": "a", "securityContext": {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}}}
    ],
}
POD, CONTAINER = "pod", "container"
UNSOUND = [
    (POD, {"hostNetwork": True}, "hostNetwork"),
    (POD, {"hostPID": True}, "hostPID"),
    (POD, {"hostIPC": True}, "hostIPC"),
    (POD, {"volumes": [{"name": "v", "hostPath": {"path": "/"}}]}, "volume v is a hostPath"),
    (POD, {"securityContext": {"runAsNonRoot": True}}, "a: no seccomp profile"),
    (POD, {"securityContext": {"seccompProfile": {"type": "RuntimeDefault"}}}, "a: runAsNonRoot is not true"),
    (POD, {"securityContext": {**SOUND["securityContext"], "runAsUser": 0}}, "runAsUser 0"),
    (POD, {"securityContext": {**SOUND["securityContext"], "sysctls": [{"name": "kernel.x"}]}}, "sysctl kernel.x"),
    (POD, {"initContainers": [{"name": "i"}]}, "i: capabilities are not dropped"),
    (CONTAINER, {"ports": [{"hostPort": 80}]}, "a: hostPort 80"),
    (CONTAINER, {"livenessProbe": {"httpGet": {"host": "x"}}}, "a: livenessProbe names a host"),
    (CONTAINER, {"lifecycle": {"preStop": {"tcpSocket": {"host": "x"}}}}, "a: a lifecycle hook names a host"),
]
CONTEXTS = [
    ({"privileged": True}, "privileged"),
    ({"allowPrivilegeEscalation": True}, "allowPrivilegeEscalation is not false"),
    ({"allowPrivilegeEscalation": None}, "allowPrivilegeEscalation is not false"),
    ({"capabilities": {"drop": ["KILL"]}}, "capabilities are not dropped"),
    ({"capabilities": {"drop": ["ALL"], "add": ["SYS_ADMIN"]}}, "capability SYS_ADMIN"),
    ({"procMount": "Unmasked"}, "procMount Unmasked"),
    ({"runAsUser": 0}, "runAsUser 0"),
    ({"runAsNonRoot": False}, "runAsNonRoot false"),
    ({"seccompProfile": {"type": "Unconfined"}}, "seccomp profile Unconfined"),
    ({"appArmorProfile": {"type": "Unconfined"}}, "AppArmor profile Unconfined"),
    ({"seLinuxOptions": {"user": "root"}}, "seLinuxOptions"),
    ({"windowsOptions": {"hostProcess": True}}, "hostProcess"),
]


def test_the_check_accepts_a_sound_pod():
    assert violations(SOUND) == []


@pytest.mark.parametrize(("where", "change", "expected"), UNSOUND)
def test_the_check_sees_what_the_profile_forbids(where, change, expected):
    pod = copy.deepcopy(SOUND)
    (pod if where == POD else pod["containers"][0]).update(change)

    assert expected in violations(pod)


@pytest.mark.parametrize(("change", "expected"), CONTEXTS)
def test_the_check_sees_what_a_container_may_not_be(change, expected):
    pod = copy.deepcopy(SOUND)
    pod["containers"][0]["securityContext"].update(change)

    assert f"a: {expected}" in violations(pod)


@pytest.mark.parametrize("name", SCENARIOS)
def test_every_pod_passes(name):
    rendered = golden(name)

    pods = [each["spec"]["template"]["spec"] for kind in ("Deployment", "Job") for each in rendered.all(kind)]
    pods += [each["spec"] for each in rendered.all("Pod")]
    assert len(pods) >= 3
    assert [violations(pod) for pod in pods] == [[]] * len(pods)


def test_files_of_a_root_owned_image_are_used_by_a_numeric_user(actor):
    assert actor.pod()["securityContext"] == {
        "runAsNonRoot": True,
        "runAsUser": 65532,
        "runAsGroup": 65532,
        "fsGroup": 65532,
        "fsGroupChangePolicy": "OnRootMismatch",
        "seccompProfile": {"type": "RuntimeDefault"},
    }


def test_ids_can_be_left_to_the_image_and_the_pod_still_passes(helm):
    ids = {"runAsUser": None, "runAsGroup": None, "fsGroup": None}
    rendered = helm.template({**HANDLER, "security": ids})

    context = rendered.pod()["securityContext"]
    assert context == {"runAsNonRoot": True, "seccompProfile": {"type": "RuntimeDefault"}}
    assert violations(rendered.pod()) == []


def test_the_sidecars_root_file_system_is_read_only_whatever_the_runtimes_is(helm):
    rendered = helm.template({**HANDLER, "runtime": {"readOnlyRootFilesystem": False}})

    read_only = {
        name: rendered.container(name)["securityContext"]["readOnlyRootFilesystem"] for name in (RUNTIME, SIDECAR)
    }
    assert read_only == {RUNTIME: False, SIDECAR: True}


def test_code_that_writes_finds_a_writable_tmp_and_home(actor):
    env = actor.env(RUNTIME)
    mounts = {mount["mountPath"]: mount["name"] for mount in actor.container(RUNTIME)["volumeMounts"]}
    volumes = {volume["name"]: volume for volume in actor.pod()["volumes"]}

    assert volumes[mounts["/tmp"]]["emptyDir"] == {}
    assert (env["HOME"], env["XDG_CACHE_HOME"], env["USER"]) == ("/tmp", "/tmp/.cache", "asya")


ORDINARY = """
import getpass, os, pathlib, pwd, random, sys, tempfile
os.setgroups([])
os.setgid(int(sys.argv[2]))
os.setuid(int(sys.argv[1]))
print(os.getuid(), getpass.getuser())
(pathlib.Path.home() / "weights").write_text("downloaded")
cache = pathlib.Path(os.environ["XDG_CACHE_HOME"]) / "library"
cache.mkdir(parents=True)
with tempfile.NamedTemporaryFile() as file:
    file.write(b"scratch")
"""
"""What libraries do in an image that was made without a thought of users: names, homes, caches, scratch files."""


def test_ordinary_code_runs_as_a_user_that_no_image_knows(actor, need):
    if os.getuid() != 0:
        need.missing("only root can become the pods' user", remedy="run the tests as root", expected_on_ci=False)
    context = actor.pod()["securityContext"]
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o777)
        env = {name: str(text).replace("/tmp", folder) for name, text in actor.env(RUNTIME).items()}
        done = subprocess.run(
            [sys.executable, "-c", ORDINARY, str(context["runAsUser"]), str(context["runAsGroup"])],
            env=env | {"TMPDIR": folder},
            cwd="/",
            capture_output=True,
            text=True,
            check=False,
        )

    assert (done.stdout, done.stderr) == ("65532 asya\n", "")
