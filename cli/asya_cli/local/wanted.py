"""What the values of an actor say for one key, before the chart sees them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml


def wanted(values: Sequence[Path | Mapping[str, Any]], sets: Sequence[str], path: str) -> object:
    """Return what the strongest of the values says for a path such as `claimCheck.url`, else the strongest flavor.

    None where none says it; text where it comes from `sets`, which are written as for `--set`. A file that can't be
    read says nothing: Helm tells what is wrong with it.
    """
    for each in reversed([part for given in sets for part in given.split(",")]):
        if each.startswith(f"{path}="):
            return each.removeprefix(f"{path}=")
    contents = [_content(source) for source in reversed(values)]
    presets = [content["preset"] for content in contents if isinstance(content.get("preset"), Mapping)]
    said = (_at(content, path) for content in [*contents, *presets])
    return next((each for each in said if each is not None), None)


def _at(content: Mapping[str, Any], path: str) -> object:
    found: object = content
    for key in path.split("."):
        found = found.get(key) if isinstance(found, Mapping) else None
    return found


def _content(source: Path | Mapping[str, Any]) -> Mapping[str, Any]:
    if not isinstance(source, Path):
        return source
    try:
        content = yaml.safe_load(source.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError):
        return {}
    return content if isinstance(content, Mapping) else {}
