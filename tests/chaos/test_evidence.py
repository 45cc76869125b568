from pathlib import Path

from asya_cli.local.results import Results
from asya_core.objects import open_store
from asya_crew.error_end import ErrorEnd
from asya_crew.happy_end import HappyEnd
from tests.chaos.evidence import count_dropped, ended_names, read_claims, read_ends, read_executions
from tests.chaos.ledger import Stored

RAW = f"raw-{'0' * 64}"


def test_what_the_ends_wrote_is_read_back(tmp_path):
    url = tmp_path.as_uri()
    happy, error = HappyEnd(url, "happy-asya/"), ErrorEnd(url, "error-asya/")
    happy.process({"id": "a:1", "payload": {"steps": ["plain"]}})
    happy.process({"id": "a:1-1.2", "payload": None, "status": {"created_at": "2026-01-31T12:00:00Z"}})
    error.process({"id": f"{RAW}-asya-plain_7", "payload": {"error": "msg_parsing_error"}})
    error.process({"id": "a:1", "payload": {}})  # comes too late
    store = open_store(url)
    results = Results(store, "happy-asya/", "error-asya/")
    assert sorted(read_ends(results), key=lambda each: each.id) == [
        Stored("a:1", "result", ("plain",)),
        Stored("a:1-1.2", "result"),
        Stored(f"{RAW}-asya-plain_7", "error"),
    ]
    assert ended_names(results) == {"a:1", "a:1-1.2", RAW}
    assert read_claims(store) == {"a:1": "result", "a:1-1.2": "result", f"{RAW}-asya-plain_7": "error"}


def test_executions_are_counted_by_message(tmp_path):
    notes = tmp_path / "executions.log"
    assert read_executions(notes) == {}
    notes.write_text("plain a\nsplit a\nplain b\n")
    assert read_executions(notes) == {"a": 2, "b": 1}


def test_what_an_end_dropped_is_counted_in_its_own_words(tmp_path, caplog):
    url = tmp_path.as_uri()
    HappyEnd(url).process({"id": "a"})
    ErrorEnd(url).process({"id": "a"})
    ErrorEnd(url).process({"id": "a"})
    log = Path(tmp_path / "error-end.log")
    log.write_text("\n".join(caplog.messages))
    assert count_dropped(iter([log])) == 2
