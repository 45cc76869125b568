"""A version's changes, as Artifact Hub reads them from a chart."""

from __future__ import annotations

import yaml

from tools.changelog import annotation

CHANGELOG = """\
# Changelog

## [Unreleased]

### Added

- Something new, told
  on two lines, with `code`.

## [0.2.0] - 2026-01-02

### Fixed

- A crash.
- A leak.

### Security

- A hole.

## 0.1.0

### Added

- Everything.
"""


def test_a_versions_changes_become_a_list_of_kinds_and_sentences():
    assert yaml.safe_load(annotation(CHANGELOG, "0.2.0")) == [
        {"kind": "fixed", "description": "A crash."},
        {"kind": "fixed", "description": "A leak."},
        {"kind": "security", "description": "A hole."},
    ]
    assert [each["description"] for each in yaml.safe_load(annotation(CHANGELOG, "0.1.0"))] == ["Everything."]


def test_a_version_without_a_section_has_what_is_unreleased():
    assert yaml.safe_load(annotation(CHANGELOG, "0.3.0")) == [
        {"kind": "added", "description": "Something new, told on two lines, with code."}
    ]


def test_no_changes_are_no_annotation():
    assert annotation("# Changelog\n", "0.1.0") == ""
