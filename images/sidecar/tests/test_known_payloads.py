from datetime import UTC, datetime, timedelta

import pytest

from asya_core.claim_check import Place, read_reference
from asya_sidecar import known_payloads
from asya_sidecar.known_payloads import KEPT_DAYS, REMEMBERED_SECONDS, KnownPayloads

PLACE = Place("s3://bucket", "payloads")
TODAY = datetime(2026, 3, 1, 12, tzinfo=UTC)


def reference(number=0, now=TODAY):
    return PLACE.refer(f"{number:064x}", 5, now)


def test_what_was_stored_is_known_for_a_while():
    known = KnownPayloads()
    known.add(reference(), 10.0, TODAY)
    found = known.find(reference().sha256, 10.0 + REMEMBERED_SECONDS, TODAY)
    assert found is not None
    assert read_reference(found) == reference()
    assert known.find(reference().sha256, 10.1 + REMEMBERED_SECONDS, TODAY) is None
    assert known.find("f" * 64, 10.0, TODAY) is None


@pytest.mark.parametrize(("days", "is_known"), [(0, True), (KEPT_DAYS, True), (KEPT_DAYS + 1, False), (400, False)])
def test_what_has_lain_there_for_days_is_stored_anew(days, is_known):
    known = KnownPayloads()
    known.add(reference(now=TODAY - timedelta(days=days)), 0.0, TODAY)
    assert (known.find(reference().sha256, 0.0, TODAY) is not None) is is_known


def test_what_was_known_just_before_midnight_is_of_yesterday_after_it():
    known = KnownPayloads()
    known.add(reference(now=TODAY - timedelta(days=KEPT_DAYS)), 0.0, TODAY)
    midnight = TODAY + timedelta(hours=12)
    assert known.find(reference().sha256, 0.0, midnight - timedelta(seconds=1)) is not None
    assert known.find(reference().sha256, 0.0, midnight) is None


def test_only_so_many_are_remembered_the_latest_first(monkeypatch):
    monkeypatch.setattr(known_payloads, "MOST", 2)
    known = KnownPayloads()
    for number in (0, 1, 0, 2):
        known.add(reference(number), 0.0, TODAY)
    assert [known.find(reference(number).sha256, 0.0, TODAY) is not None for number in range(3)] == [True, False, True]
