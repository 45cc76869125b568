"""An ordinary image under the restricted profile: root's files, a user that no file knows, and a read-only root."""

from __future__ import annotations

import pytest

pytestmark = pytest.mark.needs("helm")

NO_CAPABILITIES = [0, 0, 0, 0, 0]


def test_the_image_of_the_quickstart_runs_unchanged(make_container):
    container = make_container("text_processor.process")
    with container.served() as client:
        answer = client.call(1, {"text": "hello world"})

        assert answer.items == [{"text": "hello world", "processed": "HELLO WORLD", "length": 11}]
        for probe in ("startupProbe", "readinessProbe"):
            assert container.run(container.pod.container[probe]["exec"]["command"]) == 0


@pytest.fixture(scope="module")
def container(make_container):
    return make_container("habits.process")


@pytest.fixture(scope="module")
def habits(container):
    """Give what libraries do without asking, and how that went."""
    with container.served() as client:
        [habits] = client.call(1, {}).items
    return habits


def test_the_user_has_an_id_and_nothing_else(habits):
    assert {name: habits[name] for name in ("ids", "capabilities", "no_new_privileges", "umask")} == {
        "ids": [65532, 65532, [65532]],
        "capabilities": NO_CAPABILITIES,
        "no_new_privileges": "1",
        "umask": "0o22",
    }
    assert habits["entry"] == "KeyError: 'getpwuid(): uid not found: 65532'"


def test_what_libraries_do_without_asking_works(habits):
    assert {name: habits[name] for name in ("user", "home", "torchinductor")} == {
        "user": "asya",
        "home": "/tmp",
        "torchinductor": "/tmp/torchinductor_asya",
    }
    assert {name: habits[name] for name in ("huggingface", "torch", "matplotlib")} == {
        "huggingface": "/tmp/.cache/huggingface",
        "torch": "/tmp/.cache/torch",
        "matplotlib": "/tmp/.cache/matplotlib",
    }
    assert habits["temporary"] is True
    assert (habits["dotfile"], habits["shared_memory"]) == ("written", "written")
    assert (habits["semaphore"], habits["subprocess"], habits["database"]) == ("locked", "ran\n", 1)


def test_the_image_stays_as_it_was_built(container, habits):
    assert habits["beside_the_code"] == "OSError: [Errno 30] Read-only file system: '/app/output.txt'"
    assert habits["bytecode"] is False
    assert sorted(path.name for path in container.image.place("/app").iterdir()) == ["habits.py", "text_processor.py"]


def test_without_a_read_only_root_the_files_are_still_roots(make_container):
    container = make_container("habits.process", runtime={"readOnlyRootFilesystem": False})
    with container.served() as client:
        [habits] = client.call(1, {}).items

    assert habits["beside_the_code"] == "PermissionError: [Errno 13] Permission denied: '/app/output.txt'"


def test_a_flavors_folder_for_downloads_takes_them(make_container):
    with make_container("habits.process", "gpu-inference").served() as client:
        [habits] = client.call(1, {}).items

    assert (habits["huggingface"], habits["torch"]) == ("/cache/huggingface", "/cache/torch")
    assert (habits["matplotlib"], habits["shared_memory"]) == ("/tmp/.cache/matplotlib", "written")
