import base64
import hashlib
import json
import logging
import os
import subprocess
import sys

import pytest

from asya_core.errors import ObjectStoreError
from asya_crew.error_end import ErrorEnd
from asya_crew.happy_end import HappyEnd
from images.runtime.tests.driver import Runtime

RESULT = {
    "id": "order-7",
    "route": {"actors": ["split", "judge"], "current": 2},
    "status": {"created_at": "2026-03-01T10:00:00Z", "actor": "judge"},
    "payload": {"label": 4},
}
ERROR = {
    **RESULT,
    "route": {"actors": ["split", "judge"], "current": 1},
    "payload": {
        "error": "processing_error",
        "details": {"message": "no", "type": "ValueError", "traceback": "..."},
        "original_payload": {"label": None},
    },
}

RACER = """
import json, sys
from asya_crew.error_end import ErrorEnd
from asya_crew.happy_end import HappyEnd
end = {"happy": HappyEnd, "error": ErrorEnd}[sys.argv[2]](sys.argv[1])
print("ready", flush=True)
sys.stdin.readline()
for i in range(200):
    end.process({"id": f"m{i}", "payload": None})
"""


@pytest.fixture
def happy(tmp_path):
    return HappyEnd(tmp_path.as_uri())


@pytest.fixture
def error(tmp_path):
    return ErrorEnd(tmp_path.as_uri())


def stored(folder):
    files = (path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): json.loads(path.read_bytes()) for path in files}


def without_claims(folder):
    return {key: value for key, value in stored(folder).items() if not key.startswith("claims-asya/")}


def test_a_result_is_stored_under_its_day_and_claimed(happy, tmp_path):
    assert happy.process(RESULT) is None
    files = stored(tmp_path)
    claim = files.pop("claims-asya/order-7.0")
    assert claim["end"] == "result"
    assert claim["at"].endswith("+00:00")
    assert files == {"happy-asya/2026-03-01/order-7.0.json": RESULT}


def test_an_error_is_stored_with_what_a_replay_needs(error, tmp_path):
    assert error.process(ERROR) is None
    assert stored(tmp_path)["claims-asya/order-7.0"]["end"] == "error"
    assert without_claims(tmp_path) == {"error-asya/2026-03-01/order-7.0.json": ERROR}


def test_the_same_end_again_writes_the_same_object(happy, tmp_path):
    happy.process(RESULT)
    before = stored(tmp_path)
    happy.process(RESULT)
    assert stored(tmp_path) == before


def test_a_second_delivery_completes_what_a_crash_cut_off(happy, tmp_path):
    happy.process(RESULT)
    (tmp_path / "happy-asya/2026-03-01/order-7.0.json").unlink()
    happy.process(RESULT)
    assert list(without_claims(tmp_path)) == ["happy-asya/2026-03-01/order-7.0.json"]


def test_the_other_end_comes_too_late(happy, error, tmp_path, caplog):
    error.process(ERROR)
    before = stored(tmp_path)
    with caplog.at_level(logging.WARNING):
        assert happy.process(RESULT) is None
    assert stored(tmp_path) == before
    (record,) = caplog.records
    assert record.getMessage().startswith("other_end_claimed: order-7 of generation 0 has its error already")
    assert (record.event, record.id, record.generation, record.owner) == ("other_end_claimed", "order-7", 0, "error")
    assert "label" not in caplog.text


def test_a_redrive_is_a_generation_of_its_own(happy, error, tmp_path):
    error.process(ERROR)
    happy.process({**RESULT, "status": {**RESULT["status"], "generation": 1}})
    assert set(without_claims(tmp_path)) == {
        "error-asya/2026-03-01/order-7.0.json",
        "happy-asya/2026-03-01/order-7.1.json",
    }


def test_bytes_that_were_no_envelope_are_stored(error, tmp_path):
    body = b"\xff not JSON"
    envelope = {
        "id": f"raw-{hashlib.sha256(body).hexdigest()}-asya-split:17",
        "payload": {"error": "msg_parsing_error", "original_payload": base64.b64encode(body).decode()},
    }
    error.process(envelope)
    assert without_claims(tmp_path) == {f"error-asya/undated/{envelope['id']}.0.json": envelope}


@pytest.mark.parametrize("id_", ["..", "../../escape", "a/../../b", "/abs", "x" * 5000, "a#1"])
def test_whatever_the_id_the_object_stays_inside_and_is_kept(happy, tmp_path, id_):
    happy.process({"id": id_, "payload": 1})
    (key,) = without_claims(tmp_path)
    assert key.startswith("happy-asya/undated/")
    assert key.count("/") == 2
    assert without_claims(tmp_path)[key]["id"] == id_


def test_a_claim_that_a_loss_of_power_cut_short_is_taken_over(happy, tmp_path):
    (tmp_path / "claims-asya").mkdir()
    for torn in (b"", b'{"en', b"{}"):
        (tmp_path / "claims-asya/order-7.0").write_bytes(torn)
        happy.process(RESULT)
        assert stored(tmp_path)["claims-asya/order-7.0"]["end"] == "result"
    assert list(without_claims(tmp_path)) == ["happy-asya/2026-03-01/order-7.0.json"]


def test_a_store_that_fails_raises_so_that_the_message_comes_again(happy, tmp_path):
    (tmp_path / "happy-asya").write_text("a file where the folder has to be")
    with pytest.raises(ObjectStoreError, match=r"can't write 'happy-asya/2026-03-01/order-7\.0\.json'"):
        happy.process(RESULT)
    (tmp_path / "happy-asya").unlink()
    happy.process(RESULT)
    assert list(without_claims(tmp_path)) == ["happy-asya/2026-03-01/order-7.0.json"]


def test_a_store_that_cannot_be_opened_fails_at_load():
    with pytest.raises(ObjectStoreError, match="can't open the object store 'file:///dev/null/data'"):
        HappyEnd("file:///dev/null/data")


def test_prefixes_are_settings(tmp_path):
    HappyEnd(tmp_path.as_uri(), "team/results").process(RESULT)
    assert list(without_claims(tmp_path)) == ["team/results/2026-03-01/order-7.0.json"]


def test_ends_that_race_in_two_processes_store_each_message_once(tmp_path):
    racers = [
        subprocess.Popen(
            [sys.executable, "-c", RACER, tmp_path.as_uri(), kind],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        )
        for kind in ("happy", "error")
    ]
    for racer in racers:
        assert racer.stdout.readline() == "ready\n"
    for racer in racers:
        racer.stdin.write("go\n")
        racer.stdin.flush()
    dropped = [racer.communicate(timeout=60)[1].count("other_end_claimed") for racer in racers]
    assert [racer.returncode for racer in racers] == [0, 0]
    assert sorted(envelope["id"] for envelope in without_claims(tmp_path).values()) == sorted(
        f"m{i}" for i in range(200)
    )
    assert sum(dropped) == 200


@pytest.mark.parametrize("number", ["1e400", "-" + "9" * 5000], ids=["float", "int"])
def test_the_runtime_hands_over_numbers_that_python_cannot_hold(tmp_path, number):
    (tmp_path / "socket").mkdir()
    settings = {
        "PYTHONPATH": os.pathsep.join(sys.path),
        "ASYA_HANDLER": "asya_crew.error_end.ErrorEnd.process",
        "ASYA_HANDLER_MODE": "envelope",
        "ASYA_SOCKET_DIR": str(tmp_path / "socket"),
        "ASYA_STORE_URL": (tmp_path / "store").as_uri(),
    }
    runtime = Runtime(sys.executable, tmp_path, settings)
    try:
        runtime.wait_until_ready()
        answer = runtime.connect().call(1, f"[{number}]".encode(), meta={"id": "a", "status": {"actor": "one"}})
    finally:
        runtime.kill()
    assert answer.error is None
    body = (tmp_path / "store/error-asya/undated/a.0.json").read_text()
    assert body == f'{{"id":"a","status":{{"actor":"one"}},"payload":[{number}]}}'
