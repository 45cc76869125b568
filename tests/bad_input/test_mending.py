"""What can't be done with a stored error, or on the command line that asks for it; the error stays as it was."""

from __future__ import annotations

import json

import pytest

from asya_cli.__main__ import run
from asya_core.envelope import encode
from asya_core.error_record import undecodable
from asya_core.errors import EnvelopeError
from asya_core.objects import open_store
from tests.bad_input.page import each
from tests.repair.making import NOW, keep, keep_error, message, record

LINES = {
    "mend-nothing-chosen": ["errors", "redrive"],
    "mend-no-time": ["errors", "ls", "--since", "yesterday"],
    "mend-no-duration": ["errors", "ls", "--last", "2 weeks"],
    "mend-deadline-no-duration": ["errors", "redrive", "a", "--deadline", "soon"],
    "mend-path-leads-nowhere": ["errors", "edit", "plain", "--set", "user.name=Ann"],
    "mend-path-no-path": ["errors", "edit", "plain", "--set", "user..name=Ann"],
    "mend-part-without-value": ["errors", "edit", "plain", "--set", "user"],
    "mend-handler-not-known": ["replay", "plain"],
    "mend-queue-of-an-end": ["queues", "move", "judge", "error-end", "--queue-prefix", "asya-"],
    "mend-one-queue-twice": ["queues", "move", "judge", "judge", "--queue-prefix", "asya-"],
    "mend-payload-no-json": ["errors", "edit", "plain", "--payload-file", "single-quotes"],
    "mend-no-such-error": ["errors", "show", "nobody"],
    "mend-no-broker-known": ["queues", "ls"],
    "mend-deadline-passed": ["errors", "redrive", "late", "--dry-run"],
    "mend-no-envelope": ["errors", "redrive", "--reason", "msg_parsing_error", "--dry-run"],
    "mend-payload-not-stored": ["errors", "redrive", "large", "--dry-run"],
    "mend-not-stored-whole": ["errors", "redrive", "partly", "--dry-run"],
    "mend-route-finished": ["errors", "redrive", "finished", "--dry-run"],
    "mend-route-names-an-end": ["errors", "redrive", "ends", "--dry-run"],
    "mend-actor-no-name": ["errors", "redrive", "plain", "--to", "My_Actor", "--dry-run"],
    "mend-redriven-too-often": ["errors", "redrive", "often", "--max-redrives", "3", "--dry-run"],
}
OF_A_STORE = {
    "mend-store-not-known": [],
    "mend-store-not-there": ["--store", "file:///nonesuch"],
    "mend-store-no-store": ["--store", "ftp://host"],
}


@pytest.fixture
def store(tmp_path, monkeypatch):
    """Give a store with errors of many kinds, and a folder without a local run."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "single-quotes").write_text("{'a': 1}")
    store = open_store((tmp_path / "store").as_uri())
    keep_error(store, "plain", ["one"])
    keep_error(store, "late", ["one"], status={"deadline_at": "2026-03-01T11:00:00Z"})
    keep_error(store, "often", ["one"], status={"generation": 3})
    keep_error(store, "ends", ["one"], route={"actors": ["one", "happy-end"], "current": 0})
    keep_error(store, "finished", ["one"], route={"actors": ["one"], "current": 1})
    for id_, part in (("large", "original_payload"), ("partly", "headers")):
        text = json.loads(record(message(id_, ["one"])))
        text["payload"].pop(part, None)
        text["payload"][f"{part}_omitted"] = {"bytes": 1, "sha256": "ab"}
        keep(store, json.dumps(text).encode())
    raw = undecodable(b"\xff", "m", EnvelopeError("msg_parsing_error", "not UTF-8"), "one", NOW)
    keep(store, encode(raw.envelope))
    return store


def content(store):
    return {key: store.get(key) for key in store.list()}


def said(capfd):
    """Return the sentence, without what comes before it: `error: `, or the id that it is about."""
    printed = capfd.readouterr()
    (line,) = printed.out.splitlines() or printed.err.splitlines()
    return line.split(": ", 1)[1]


@each(LINES)
def test_what_can_not_be_done_is_said_and_changes_nothing(store, tmp_path, capfd, row, case):
    before = content(store)
    place = ["--store", (tmp_path / "store").as_uri()] if case[0] != "queues" else []
    code = run([*case, *place])
    row.check(where=f"exit code {code}", said=said(capfd))
    assert content(store) == before
    assert run(["errors", "redrive", "plain", "--dry-run", "--store", (tmp_path / "store").as_uri()]) == 0


@each(OF_A_STORE)
def test_a_store_that_can_not_be_had_is_said(tmp_path, monkeypatch, capfd, row, case):
    monkeypatch.chdir(tmp_path)
    code = run(["errors", "ls", *case])
    row.check(where=f"exit code {code}", said=said(capfd))
