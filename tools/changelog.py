"""What CHANGELOG.md says of a version, as Artifact Hub's annotation of a chart."""

from __future__ import annotations

import re

import yaml

KINDS = {
    "Added": "added",
    "Changed": "changed",
    "Deprecated": "deprecated",
    "Removed": "removed",
    "Fixed": "fixed",
    "Security": "security",
}
"""Headings of Keep a Changelog, and Artifact Hub's names for them."""

_VERSION = re.compile(r"^## \[?(?P<version>[^\]\s]+)\]?.*$", re.MULTILINE)
_HEADING = re.compile(r"^### (?P<name>\w+)\s*$", re.MULTILINE)
_ITEM = re.compile(r"^- (?P<text>.+(?:\n  .+)*)", re.MULTILINE)


def annotation(changelog: str, version: str) -> str:
    """Return the YAML list of changes of a version, of `Unreleased` where the version has no section; empty if none."""
    section = _section(changelog, version) or _section(changelog, "Unreleased")
    changes = []
    parts = _HEADING.split(section)[1:]
    for name, body in zip(parts[::2], parts[1::2], strict=True):
        for item in _ITEM.finditer(body):
            text = " ".join(item["text"].split()).replace("`", "")
            changes.append({"kind": KINDS.get(name, "changed"), "description": text})
    return yaml.safe_dump(changes, sort_keys=False, width=1000, allow_unicode=True) if changes else ""


def _section(changelog: str, version: str) -> str:
    found = [match for match in _VERSION.finditer(changelog) if match["version"] == version]
    return _VERSION.split(changelog[found[0].end() :])[0] if found else ""
