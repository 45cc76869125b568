import json
import os
from datetime import UTC, datetime, timedelta

import pytest
from obstore.store import LocalStore

from asya_cli.__main__ import run
from asya_cli.commands.gc import remove
from asya_cli.errors import CliError, MisuseError
from asya_cli.gc.expired import expired, read_age
from asya_cli.gc.lifecycle import lifecycle_rule
from asya_cli.local.running import STATE_DIR
from asya_core.errors import ObjectStoreError
from asya_core.objects import ObjectStore

SHA = "ab" * 32
NOW = datetime.now(UTC)


@pytest.fixture
def gc(tmp_path, capsys):
    """Call the command as the command line does, in a folder of its own."""

    def call(*arguments, code=0):
        ended = run(["gc", "-C", str(tmp_path), *arguments])
        said = capsys.readouterr()
        assert ended == code, said.err
        return said

    return call


def day(days_ago):
    return (NOW - timedelta(days=days_ago)).date().isoformat()


def put(folder, *keys):
    for key in keys:
        path = folder / key
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"12345")


def keys_of(folder):
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


@pytest.fixture
def payloads(tmp_path):
    return tmp_path / STATE_DIR / "payloads"


OLD, OTHER = f"payloads-asya/{day(40)}/{SHA}", f"payloads-asya/{day(40)}/{'cd' * 32}"
YOUNG = f"payloads-asya/{day(5)}/{SHA}"
NONE_OF_OURS = (
    f"happy-asya/{day(40)}/{SHA}", f"error-asya/{day(400)}/m1.0.json", "claims-asya/m1.0", f"{day(40)}/{SHA}",
    f"payloads-asya/{day(40)}/{SHA}.json", f"payloads-asya/{day(40)}/sub/{SHA}", "payloads-asya/2020-99-99/" + SHA,
    f"payloads-asya/9999-12-31/{SHA}", f"payloads-asya/20200101/{SHA}#1",
)  # fmt: skip


def test_old_payloads_of_the_local_run_are_removed_and_nothing_else(gc, payloads):
    put(payloads, OLD, OTHER, YOUNG, *NONE_OF_OURS)
    done = gc()
    assert done.out == f"2 payloads and 0 markers removed from {payloads.as_uri()}, 10 bytes\n"
    assert keys_of(payloads) == sorted([YOUNG, *NONE_OF_OURS])


def test_a_day_without_payloads_loses_its_folder_with_what_was_half_written(gc, payloads):
    put(payloads, OLD, f"{OLD}#1", YOUNG)
    gc()
    assert [path.name for path in (payloads / "payloads-asya").iterdir()] == [day(5)]


def test_a_day_of_half_written_payloads_alone_loses_its_folder(gc, payloads):
    young = f"{YOUNG}#1"
    put(payloads, f"{OLD}#1", young, f"payloads-asya/undated/{SHA}#1")
    gc()
    assert keys_of(payloads) == sorted([young, f"payloads-asya/undated/{SHA}#1"])
    assert not (payloads / "payloads-asya" / day(40)).exists()


def test_markers_that_were_written_long_ago_are_removed(gc, payloads):
    old, young = "cancelled-asya/a%20b:1.json", "cancelled-asya/m2.json"
    halves = [f"{old}#1", f"{young}#1"]
    others = ["cancelled-asya/notes.txt", "cancelled-asya/sub/m1.json", "m1.json"]
    put(payloads, old, young, *halves, *others)
    long_ago = (NOW - timedelta(days=31)).timestamp()
    for key in (old, halves[0], *others):
        os.utime(payloads / key, (long_ago, long_ago))

    assert gc("--dry-run").out == f"{old}\n"
    assert gc().out.startswith("0 payloads and 1 marker removed from ")
    assert keys_of(payloads) == sorted([young, halves[1], *others])


def test_a_dry_run_shows_and_removes_nothing(gc, payloads):
    put(payloads, OLD, YOUNG)
    done = gc("--dry-run")
    assert done.out == f"{OLD}\n"
    assert "1 payload and 0 markers would be removed" in done.err
    assert keys_of(payloads) == sorted([OLD, YOUNG])


def test_another_store_prefix_and_age_can_be_named(gc, tmp_path):
    folder = tmp_path / "a store"
    mine = f"team/x/{day(5)}/{SHA}"
    put(folder, mine, OLD)
    gc("--store", folder.as_uri(), "--prefix", "team/x", "--older-than", "72h")
    assert keys_of(folder) == [OLD]


def test_an_empty_store_is_no_failure(gc, payloads):
    payloads.mkdir(parents=True)
    assert gc().out.startswith("0 payloads and 0 markers removed")


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        ((), 1, "no local run has been here"),
        (("--store", "file:///nowhere/at/all"), 1, "there is no folder /nowhere/at/all; nothing was removed"),
        (("--store", "nonsense"), 2, "is no plain URL of a store"),
        (("--store", "ftp://host/x"), 2, "no such kind of store; use file://, s3://, gs:// or az://"),
        (("--store", "file:///x", "--prefix", "../y"), 2, "is no prefix for keys"),
        (("--older-than", "soon"), 2, "--older-than 'soon' is no duration; write it like 30d or 720h"),
        (("--older-than", "1d"), 2, "may refer to payloads of yesterday; use at least 2d"),
    ],
)
def test_what_can_not_be_done_is_said_in_a_sentence(gc, arguments, code, words):
    done = gc(*arguments, code=code)
    assert done.out == ""
    assert done.err.startswith("error: ")
    assert words in done.err


def test_what_can_not_be_removed_is_a_failure_and_stops_nothing_else(tmp_path, capsys):
    class Stubborn(ObjectStore):
        def delete(self, key):
            if key == OLD:
                raise ObjectStoreError("can't remove it: read-only file system")
            super().delete(key)

    put(tmp_path, OLD, OTHER)
    with pytest.raises(
        CliError, match=r"^1 payload and 0 markers could not be removed; can't remove it: read-only file system; mend"
    ):
        remove(Stubborn(LocalStore(tmp_path), "file:///x", tmp_path), tmp_path, [OLD, OTHER], "file:///x")
    assert capsys.readouterr().out == "1 payload and 0 markers removed from file:///x, 5 bytes\n"
    assert keys_of(tmp_path) == [OLD]


@pytest.mark.parametrize("given", ["nan", "-1d", "inf d", "1e999d", "nand", "0", "47h", ""])
def test_an_age_is_a_length_of_time_that_is_long_enough(given):
    with pytest.raises(MisuseError, match=r"^--older-than"):
        read_age(given)
    assert read_age("2d") == read_age("48h") == timedelta(days=2)


def test_a_payload_counts_as_stored_at_the_end_of_its_day():
    key = f"p/2026-03-01/{SHA}"
    assert list(expired([key], "p/", datetime(2026, 3, 1, 23, 59, tzinfo=UTC))) == []
    assert list(expired([key], "p/", datetime(2026, 3, 2, tzinfo=UTC))) == [key]


@pytest.mark.parametrize(
    ("url", "rule", "words"),
    [
        (
            "s3://bucket/team",
            {
                "Rules": [
                    {
                        "ID": "asya-payloads",
                        "Status": "Enabled",
                        "Filter": {"Prefix": "team/payloads-asya/"},
                        "Expiration": {"Days": 31},
                    },
                    {
                        "ID": "asya-cancelled",
                        "Status": "Enabled",
                        "Filter": {"Prefix": "team/cancelled-asya/"},
                        "Expiration": {"Days": 31},
                    },
                ]
            },
            "aws s3api put-bucket-lifecycle-configuration --bucket bucket ",
        ),
        (
            "gs://bucket",
            {
                "rule": [
                    {
                        "action": {"type": "Delete"},
                        "condition": {"age": 31, "matchesPrefix": ["payloads-asya/", "cancelled-asya/"]},
                    },
                ]
            },
            "gcloud storage buckets update gs://bucket --lifecycle-file=lifecycle.json",
        ),
        (
            "az://container/x",
            {
                "rules": [
                    {
                        "enabled": True,
                        "name": "asya-payloads",
                        "type": "Lifecycle",
                        "definition": {
                            "actions": {"baseBlob": {"delete": {"daysAfterModificationGreaterThan": 31}}},
                            "filters": {
                                "blobTypes": ["blockBlob"],
                                "prefixMatch": ["container/x/payloads-asya/", "container/x/cancelled-asya/"],
                            },
                        },
                    }
                ]
            },
            "az storage account management-policy create --account-name ACCOUNT",
        ),
    ],
)
def test_a_cloud_is_told_by_a_rule_that_is_printed(gc, url, rule, words):
    done = gc("--store", url, "--older-than", "721h")
    assert json.loads(done.out) == rule
    assert words in done.err
    assert "it takes the place of the rules that are there" in done.err
    assert lifecycle_rule(url, "payloads-asya/", timedelta(hours=721)).text == done.out.rstrip("\n")
