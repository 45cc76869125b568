"""The rule by which a cloud removes old payloads and markers by itself, as its own tool takes it. Pure."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

from asya_core.cancellation import FOLDER

RULE = "asya-payloads"
MARKERS_RULE = "asya-cancelled"
"""Of the markers of cancelled messages; a cloud that takes several folders in one rule has one rule."""


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule as JSON, the command that applies it once it is in `lifecycle.json`, and what to know before."""

    text: str
    command: str
    warning: str


def lifecycle_rule(url: str, prefix: str, age: timedelta) -> Rule:
    """Return the rule for `s3://`, `gs://` or `az://`; whole days, rather longer than asked for."""
    parts = urlsplit(url)
    folder = parts.path.strip("/")
    below = [f"{folder}/{each}" if folder else each for each in (prefix, FOLDER)]
    days = math.ceil(age / timedelta(days=1))
    make = {"s3": _s3, "gs": _gs, "az": _az}[parts.scheme]
    return make(parts.netloc, below, days)


def _s3(bucket: str, below: list[str], days: int) -> Rule:
    rules = [
        {"ID": name, "Status": "Enabled", "Filter": {"Prefix": each}, "Expiration": {"Days": days}}
        for name, each in zip((RULE, MARKERS_RULE), below, strict=True)
    ]
    command = (
        f"aws s3api put-bucket-lifecycle-configuration --bucket {bucket} "
        "--lifecycle-configuration file://lifecycle.json"
    )
    return Rule(
        _json({"Rules": rules}), command, _replaces(f"aws s3api get-bucket-lifecycle-configuration --bucket {bucket}")
    )


def _gs(bucket: str, below: list[str], days: int) -> Rule:
    rule = {"action": {"type": "Delete"}, "condition": {"age": days, "matchesPrefix": below}}
    command = f"gcloud storage buckets update gs://{bucket} --lifecycle-file=lifecycle.json"
    shown = f"gcloud storage buckets describe gs://{bucket} --format='default(lifecycle_config)'"
    return Rule(_json({"rule": [rule]}), command, _replaces(shown))


def _az(container: str, below: list[str], days: int) -> Rule:
    definition = {
        "actions": {"baseBlob": {"delete": {"daysAfterModificationGreaterThan": days}}},
        "filters": {"blobTypes": ["blockBlob"], "prefixMatch": [f"{container}/{each}" for each in below]},
    }
    rule = {"enabled": True, "name": RULE, "type": "Lifecycle", "definition": definition}
    place = "--account-name ACCOUNT --resource-group GROUP"
    command = f"az storage account management-policy create {place} --policy @lifecycle.json"
    return Rule(_json({"rules": [rule]}), command, _replaces(f"az storage account management-policy show {place}"))


def _replaces(shown: str) -> str:
    return f"it takes the place of the rules that are there; add those to it first: {shown}"


def _json(rules: dict[str, Any]) -> str:
    return json.dumps(rules, indent=2)
