import pytest

from asya_cli.errors import CliError
from asya_cli.local.manifests import Mount, Variable, Volume, read_manifests


def job(name, weight=None, hook="pre-install,pre-upgrade"):
    annotations = {"helm.sh/hook": hook} | ({} if weight is None else {"helm.sh/hook-weight": str(weight)})
    pod = {"containers": [{"name": "queues", "command": ["python"]}]}
    return {
        "kind": "Job",
        "metadata": {"name": name, "annotations": annotations},
        "spec": {"template": {"spec": pod}},
    }


def deployment(pod, *, labels=None, **spec):
    template = {"metadata": {"labels": labels or {}}, "spec": pod}
    return {"kind": "Deployment", "metadata": {"name": "text"}, "spec": {"template": template, **spec}}


def test_a_deployment_is_read_with_all_that_a_process_needs():
    pod = {
        "terminationGracePeriodSeconds": 330,
        "containers": [
            {
                "name": "app",
                "image": "app:1",
                "command": ["python3", "-m"],
                "args": ["app"],
                "env": [{"name": "A", "value": "1"}, {"name": "B"}, {"name": "C", "valueFrom": {"fieldRef": {}}}],
                "envFrom": [{"secretRef": {"name": "s"}}],
                "volumeMounts": [{"name": "v", "mountPath": "/run/", "subPath": "x"}],
                "ports": [{"name": "metrics", "containerPort": 8080}, {"containerPort": 9000}],
                "readinessProbe": {"httpGet": {"path": "/readyz", "port": "metrics"}},
            }
        ],
        "volumes": [{"name": "v", "emptyDir": {}}, {"name": "c", "configMap": {"name": "code"}}],
    }
    (found,) = read_manifests([deployment(pod, labels={"asya.sh/actor": "shout"})]).deployments
    (container,) = found.containers
    assert (found.name, found.actor, found.grace, found.unread) == ("text", "shout", 330.0, ())
    assert container.command == ("python3", "-m", "app")
    assert container.env == (Variable("A", "1"), Variable("B", ""), Variable("C", "", {"fieldRef": {}}))
    assert container.env_from == ({"secretRef": {"name": "s"}},)
    assert container.mounts == (Mount("/run", "v", "x"),)
    assert container.ports == {"metrics": 8080, "9000": 9000}
    assert container.readiness is not None
    assert container.unread == ()
    assert found.volumes == (Volume("v", "emptyDir", {}), Volume("c", "configMap", {"name": "code"}))


def test_everything_that_is_not_read_is_named():
    pod = {
        "containers": [
            {"name": "app", "resources": {"limits": {"cpu": 1}}, "livenessProbe": {"exec": {}}, "lifecycle": {}}
        ],
        "initContainers": [{"name": "fetch"}],
        "volumes": [{"name": "nfs", "nfs": {"server": "x"}}],
        "nodeSelector": {"gpu": "yes"},
        "tolerations": [],
        "schedulerName": "",
    }
    (found,) = read_manifests([deployment(pod, replicas=3)]).deployments
    assert set(found.unread) == {"nodeSelector", "volumes[nfs].nfs", "initContainers[fetch]", "replicas"}
    assert found.containers[0].unread == ("resources", "livenessProbe")


def test_a_sidecar_in_kubernetes_own_form_is_a_container_like_the_others():
    pod = {"containers": [{"name": "app"}], "initContainers": [{"name": "sidecar", "restartPolicy": "Always"}]}
    (found,) = read_manifests([deployment(pod)]).deployments
    assert [container.name for container in found.containers] == ["app", "sidecar"]
    assert (found.unread, found.containers[1].unread) == ((), ())


def test_hook_jobs_come_in_the_order_of_their_weights():
    objects = [job("last", 10), job("b"), job("a"), job("first", -5)]
    assert [each.name for each in read_manifests(objects).jobs] == ["first", "a", "b", "last"]


def test_what_is_no_part_of_an_installation_is_left_aside_and_named():
    objects = [
        job("test", hook="test"),
        job("cleanup", hook="post-delete"),
        {"kind": "ScaledObject", "metadata": {"name": "text"}},
        {"kind": "Secret", "metadata": {"name": "auth"}},
    ]
    found = read_manifests(objects)
    assert found.jobs == ()
    assert found.left_aside == ("Job cleanup", "ScaledObject text", "Secret auth")


def test_config_maps_are_read():
    objects = [
        {"kind": "ConfigMap", "metadata": {"name": "code"}, "data": {"a.py": "A"}},
        {"kind": "ConfigMap", "metadata": {"name": "empty"}},
    ]
    assert read_manifests(objects).config_maps == {"code": {"a.py": "A"}, "empty": {}}


def test_a_pod_without_containers_is_an_error():
    with pytest.raises(CliError, match="Deployment text has no containers"):
        read_manifests([deployment({"containers": []})])
