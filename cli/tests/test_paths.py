import dataclasses
from pathlib import Path

import pytest

from asya_cli.errors import CliError
from asya_cli.local.manifests import Container, Mount, Volume, Workload
from asya_cli.local.paths import File, Places, local_paths, needed_files, needed_folders, replace_paths

PLACES = Places(Path("/s/vol"), Path("/s/files"), Path("/s/secrets"), Path("/s/claims"))
VOLUMES = (
    Volume("socket", "emptyDir", {}),
    Volume("code", "configMap", {"name": "code"}),
    Volume("some", "configMap", {"name": "code", "items": [{"key": "a.py", "path": "deep/a.py"}]}),
    Volume("maybe", "configMap", {"name": "none", "optional": True}),
    Volume("absent", "configMap", {"name": "none"}),
    Volume("key", "secret", {"secretName": "api"}),
    Volume("models", "persistentVolumeClaim", {"claimName": "models"}),
)
MAPS = {"code": {"a.py": "A", "b.py": "B"}}


def pod(*mounts):
    container = Container("app", "image", ("python3",), (), (), mounts, {}, None, ())
    return Workload("Deployment", "text", "text", (container,), VOLUMES, 30.0, 0, ()), container


def test_each_kind_of_volume_has_its_folder():
    workload, container = pod(
        Mount("/var/run/asya", "socket"),
        Mount("/etc/key", "key"),
        Mount("/models", "models"),
        Mount("/models/small", "models", "small"),
        Mount("/etc/code", "code"),
    )
    assert local_paths(workload, container, PLACES) == {
        "/var/run/asya": "/s/vol/socket",
        "/etc/key": "/s/secrets/api",
        "/models": "/s/claims/models",
        "/models/small": "/s/claims/models/small",
        "/etc/code": "/s/vol/code",
    }


def test_a_claim_that_the_run_brings_is_the_same_folder_for_all():
    workload, container = pod(Mount("/models", "models"), Mount("/var/run/asya", "socket"))
    places = dataclasses.replace(PLACES, own_claims={"models": Path("/s/shared")})
    assert local_paths(workload, container, places) == {"/models": "/s/shared", "/var/run/asya": "/s/vol/socket"}


def test_single_files_of_one_folder_stay_in_one_folder():
    workload, container = pod(
        Mount("/opt/run/a.py", "code", "a.py"), Mount("/opt/run/b.py", "code", "b.py"), Mount("/tmp", "socket")
    )
    assert local_paths(workload, container, PLACES)["/opt/run"] == "/s/files/app/opt/run"
    assert list(needed_files(workload, container, PLACES, MAPS)) == [
        File(Path("/s/files/app/opt/run/a.py"), "A"),
        File(Path("/s/files/app/opt/run/b.py"), "B"),
    ]


def test_whole_config_maps_and_chosen_keys_are_written():
    workload, container = pod(Mount("/code", "code"), Mount("/some", "some"), Mount("/maybe", "maybe"))
    assert {str(file.path): file.content for file in needed_files(workload, container, PLACES, MAPS)} == {
        "/s/vol/code/a.py": "A",
        "/s/vol/code/b.py": "B",
        "/s/vol/some/deep/a.py": "A",
    }


def test_folders_are_made_for_all_but_what_the_user_brings():
    workload, container = pod(Mount("/run", "socket"), Mount("/key", "key"), Mount("/m", "models", "x"))
    assert list(needed_folders(workload, container, PLACES)) == [Path("/s/vol/socket"), Path("/s/claims/models/x")]


@pytest.mark.parametrize(
    ("mount", "sentence"),
    [
        (Mount("/x", "absent"), "volume 'absent' wants ConfigMap 'none'; the chart does not render it"),
        (Mount("/x", "nonesuch"), "text mounts 'nonesuch'; the pod has no such volume"),
        (Mount("/x", "code", "c.py"), "the ConfigMap of volume 'code' has no key 'c.py'; it has a.py, b.py"),
    ],
)
def test_what_the_pod_lacks_is_an_error(mount, sentence):
    workload, container = pod(mount)
    with pytest.raises(CliError, match=sentence):
        list(needed_files(workload, container, PLACES, MAPS))


@pytest.mark.parametrize(
    ("text", "replaced"),
    [
        ("/data", "/s/d"),
        ("/data/x/y.json", "/s/d/x/y.json"),
        ("file:///data", "file:///s/d"),
        ("a=/data:/data/b", "a=/s/d:/s/d/b"),
        ("os.stat('/data/ready')", "os.stat('/s/d/ready')"),
        ("/database", "/database"),
        ("/data.old", "/data.old"),
        ("/mnt/data", "/mnt/data"),
        ("s3://bucket/data", "s3://bucket/data"),
        ("/data/models/big", "/s/m/big"),
        ("~/data", "~/data"),
        ("$(HOME)/data", "$(HOME)/data"),
        ("", ""),
    ],
)
def test_only_whole_paths_are_replaced_the_longest_first(text, replaced):
    assert replace_paths(text, {"/data": "/s/d", "/data/models": "/s/m"}) == replaced


def test_a_replaced_path_is_not_replaced_again():
    assert replace_paths("/a /b", {"/a": "/b", "/b": "/a"}) == "/b /a"


def test_without_mounts_nothing_changes():
    assert replace_paths("/data", {}) == "/data"
