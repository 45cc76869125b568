import os
import shutil
import signal
import socket
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from asya_core.errors import ObjectMissingError, ObjectSizeError, ObjectStoreError
from asya_core.objects import open_store

RACER = """
import sys
from asya_core.objects import open_store
store, name = open_store(sys.argv[1]), sys.argv[2]
print("ready", flush=True)
sys.stdin.readline()
for i in range(300):
    if store.create(f"claims/{i}", name.encode()):
        print(i)
"""

WRITER = """
import sys
from asya_core.objects import open_store
store = open_store(sys.argv[1])
for letter in "ab" * 1_000_000:
    store.put("results/one", letter.encode() * 8_000_000)
    print(flush=True)
"""

FULL_DISK = """
import resource, sys
from asya_core.errors import ObjectStoreError
from asya_core.objects import open_store
store = open_store(sys.argv[1])
resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))
for write in (store.put, store.create):
    try:
        write("results/big", bytes(10_000))
    except ObjectStoreError as error:
        print(error)
"""


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "made" / "here"


@pytest.fixture
def store(folder):
    return open_store(folder.as_uri())


def start(script, store_folder, *args):
    return subprocess.Popen(
        [sys.executable, "-c", script, store_folder.as_uri(), *args],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )


def test_what_is_put_can_be_read(store, folder):
    store.put("results/2026-03-01/a.0.json", b"{}")
    assert store.get("results/2026-03-01/a.0.json") == b"{}"
    assert (folder / "results/2026-03-01/a.0.json").read_bytes() == b"{}"


def test_put_replaces(store):
    store.put("a", b"first, and longer")
    store.put("a", b"second")
    assert store.get("a") == b"second"


def test_create_keeps_what_is_there(store):
    assert store.create("claims/a", b"first") is True
    assert store.create("claims/a", b"second") is False
    assert store.get("claims/a") == b"first"


def test_a_missing_object_has_its_own_error(store):
    with pytest.raises(ObjectMissingError, match="no object 'nothing' in file://"):
        store.get("nothing")


def test_the_size_of_an_object_is_told_without_reading_it(store, folder):
    store.put("a/b", b"12345")
    assert store.size("a/b") == 5
    with pytest.raises(ObjectMissingError):
        store.size("a/c")
    shutil.rmtree(folder)
    with pytest.raises(ObjectStoreError) as away:
        store.size("a/b")
    assert not isinstance(away.value, ObjectMissingError)


def test_an_object_of_another_size_than_expected_is_not_read(store):
    store.put("a", b"12345")
    assert store.get("a", 5) == b"12345"
    with pytest.raises(ObjectSizeError, match=r"'a' in file://.* has 5 bytes, not 4"):
        store.get("a", 4)


def test_a_folder_that_is_away_is_no_missing_object_and_is_not_made_anew(store, folder):
    store.put("a", b"")
    _, version = store.read("a")
    away = folder.rename(folder.with_name("away"))
    for attempt in (
        lambda: store.get("a"),
        lambda: store.put("b", b""),
        lambda: store.create("c", b""),
        lambda: store.replace("a", b"", version),
        lambda: store.remove("a", version),
    ):
        with pytest.raises(ObjectStoreError, match="No such file or directory") as caught:
            attempt()
        assert not isinstance(caught.value, ObjectMissingError)
    assert not folder.exists()

    away.rename(folder)
    assert store.get("a") == b""


def test_a_folder_is_not_made_where_it_has_to_be_there(folder):
    with pytest.raises(ObjectStoreError, match=r"can't open the object store .*: .*No such file or directory"):
        open_store(folder.as_uri(), make_folder=False)
    assert not folder.exists()

    folder.mkdir(parents=True)
    open_store(folder.as_uri(), make_folder=False).put("a", b"")


def test_list_yields_the_keys_below_a_folder(store):
    for key in ("a/1", "a/b/2", "ab/3"):
        store.put(key, b"")
    assert sorted(store.list("a/")) == ["a/1", "a/b/2"]
    assert sorted(store.list()) == ["a/1", "a/b/2", "ab/3"]
    assert list(store.list("absent/")) == []


def test_delete_removes_once_and_is_content_the_second_time(store):
    store.put("a", b"")
    store.delete("a")
    store.delete("a")
    assert list(store.list()) == []


def test_an_escaped_name_is_a_name_of_its_own(store, folder):
    store.put("a%2Fb", b"escaped")
    assert store.get("a%2Fb") == b"escaped"
    assert [path.name for path in folder.iterdir()] == ["a%2Fb"]


@pytest.mark.parametrize("key", ["../a", "a/../../b", "a//b", ""])
def test_a_key_that_leaves_the_store_is_refused(store, folder, key):
    with pytest.raises(ObjectStoreError, match="can't write"):
        store.put(key, b"")
    assert [path.name for path in folder.parent.iterdir()] == ["here"]


def test_of_two_processes_exactly_one_creates_each_object(store, folder):
    racers = {name: start(RACER, folder, name) for name in ("left", "right")}
    for racer in racers.values():
        assert racer.stdout.readline() == "ready\n"
    for racer in racers.values():
        racer.stdin.write("go\n")
        racer.stdin.flush()
    won = {name: {int(line) for line in racer.communicate(timeout=60)[0].split()} for name, racer in racers.items()}
    assert not won["left"] & won["right"]
    assert won["left"] | won["right"] == set(range(300))
    assert all(store.get(f"claims/{i}") == name.encode() for name in racers for i in won[name])


def test_of_many_threads_exactly_one_creates_each_object(store):
    with ThreadPoolExecutor(8) as pool:
        for i in range(50):
            wins = list(pool.map(lambda n, key=f"c/{i}": store.create(key, str(n).encode()), range(8)))
            assert wins.count(True) == 1
            assert store.get(f"c/{i}") == str(wins.index(True)).encode()


def test_a_writer_killed_in_the_middle_leaves_a_whole_object(store, folder):
    for kill_after in range(1, 6):
        with start(WRITER, folder) as writer:
            for _ in range(kill_after):
                writer.stdout.readline()
            content = store.get("results/one")
            writer.send_signal(signal.SIGKILL)
        assert content in {b"a" * 8_000_000, b"b" * 8_000_000}
        assert store.get("results/one") in {b"a" * 8_000_000, b"b" * 8_000_000}
        assert list(store.list()) == ["results/one"]


def test_a_write_that_fails_raises_and_leaves_nothing_to_read(store, folder):
    with start(FULL_DISK, folder) as process:
        output = process.communicate(timeout=60)[0]
    assert output.count("can't write 'results/big'") == 2
    assert list(store.list()) == []


@pytest.mark.parametrize("method", ["put", "create"])
def test_a_write_returns_after_file_and_folders_are_on_the_disk(store, folder, monkeypatch, method):
    forced, fsync = [], os.fsync

    def recording_fsync(descriptor):
        forced.append(Path(f"/proc/self/fd/{descriptor}").readlink())
        fsync(descriptor)

    monkeypatch.setattr(os, "fsync", recording_fsync)
    getattr(store, method)("a/b/1", b"")
    assert set(forced) == {folder / "a/b/1", folder / "a/b", folder / "a", folder}
    forced.clear()
    getattr(store, method)("a/b/2", b"")
    assert set(forced) == {folder / "a/b/2", folder / "a/b"}


def test_a_folder_that_turned_into_something_else_raises(store, folder):
    folder.rmdir()
    folder.write_text("a file")
    with pytest.raises(ObjectStoreError, match="can't write 'a/b'"):
        store.put("a/b", b"")


@pytest.mark.parametrize(
    ("url", "sentence"),
    [
        ("ftp://host/path", "its URL begins with one of file://, s3://, gs://, az://"),
        ("/data", "its URL begins with one of file://"),
        ("file://data", "three slashes"),
        ("file:///dev/null/data", "can't open the object store"),
    ],
)
def test_a_url_that_names_no_store_is_refused_with_the_reason(url, sentence):
    with pytest.raises(ObjectStoreError, match=sentence):
        open_store(url)


def test_a_folder_may_have_any_name(tmp_path):
    folder = tmp_path / "with space and % and #"
    open_store(folder.as_uri()).put("a", b"1")
    assert (folder / "a").read_bytes() == b"1"


def test_object_storage_that_cannot_be_reached_raises(monkeypatch):
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{closed.getsockname()[1]}")
        monkeypatch.setenv("AWS_ALLOW_HTTP", "true")
        monkeypatch.setenv("AWS_REGION", "eu-central-1")
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", "key")
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
        with pytest.raises(ObjectStoreError, match="can't write 'a' in s3://bucket/prefix"):
            open_store("s3://bucket/prefix").create("a", b"")


def test_a_version_is_replaced_once(store):
    store.put("a/1", b"first")
    content, version = store.read("a/1")
    assert content == b"first"
    assert store.replace("a/1", b"second", version) is True
    assert store.replace("a/1", b"third", version) is False
    assert store.get("a/1") == b"second"
    assert store.replace("a/2", b"new", version) is False
    assert sorted(store.list()) == ["a/1"]


def test_only_the_version_that_was_read_is_removed(store):
    store.put("a/1", b"first")
    _, version = store.read("a/1")
    store.put("a/1", b"second")
    assert store.remove("a/1", version) is False
    content, version = store.read("a/1")
    assert content == b"second"
    assert store.remove("a/1", version) is True
    assert store.remove("a/1", version) is False
    with pytest.raises(ObjectMissingError):
        store.read("a/1")


def test_folders_are_those_right_below(store):
    for key in ("e/2026-03-02/a", "e/2026-03-01/b/c", "e/file", "f/2026-03-03/a"):
        store.put(key, b"")
    assert store.folders("e/") == ["2026-03-01", "2026-03-02"]
    assert store.folders("absent") == []


def test_a_listed_object_tells_when_it_was_written(store):
    before = datetime.now(UTC) - timedelta(seconds=2)
    store.put("e/a", b"")
    ((key, written),) = store.list_versions("e")
    assert key == "e/a"
    assert before <= written <= datetime.now(UTC) + timedelta(seconds=2)
