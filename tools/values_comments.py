"""Read what values.yaml says about its keys: `# -- meaning` and `# @schema {…}` in the comment above each."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from tools.outputs import GenerateError

_MEANING = re.compile(r"^# -- (.+)$")
_HINT = re.compile(r"^# @schema (.+)$")


@dataclass(frozen=True, slots=True)
class Key:
    """One key: its path, default, meaning and hint. A map without a meaning of its own groups `children`."""

    path: str
    default: Any
    meaning: str
    hint: dict[str, Any]
    children: dict[str, Key]


def read_keys(path: Path) -> dict[str, Key]:
    """Return the keys of a values file. Raises GenerateError for a key without a meaning, naming it."""
    text = path.read_text(encoding="utf-8")
    root = yaml.compose(text, Loader=yaml.SafeLoader)
    if not isinstance(root, yaml.MappingNode):
        raise GenerateError(f"{path} holds no map of values")
    keys = dict(_keys(root, text.splitlines(), ""))
    if silent := sorted(key.path for key in walk(keys) if not key.children and not key.meaning):
        raise GenerateError(f"{path}: {', '.join(silent)}: no line `# -- …` says what it means; write one above it")
    return keys


def walk(keys: dict[str, Key]) -> Iterator[Key]:
    """Yield all keys, parents before their children."""
    for key in keys.values():
        yield key
        yield from walk(key.children)


def _keys(node: yaml.MappingNode, lines: list[str], prefix: str) -> Iterator[tuple[str, Key]]:
    for name_node, value in node.value:
        path = f"{prefix}{name_node.value}"
        meaning, hint = _comment(lines, name_node.start_mark.line)
        groups = isinstance(value, yaml.MappingNode) and not meaning
        children = dict(_keys(value, lines, f"{path}.")) if groups else {}
        yield name_node.value, Key(path, _load(value), meaning, hint, children)


def _load(node: yaml.Node) -> Any:
    loader = yaml.SafeLoader("")
    try:
        return loader.construct_document(node)
    finally:
        loader.dispose()


def _comment(lines: list[str], line: int) -> tuple[str, dict[str, Any]]:
    """Return the meaning and the hint that stand right above a line."""
    above: list[str] = []
    while line > 0 and lines[line - 1].strip().startswith("#"):
        line -= 1
        above.insert(0, lines[line].strip())
    meaning: list[str] = []
    hint: dict[str, Any] = {}
    for text in above:
        if found := _HINT.match(text):
            hint = yaml.safe_load(found[1])
        elif found := _MEANING.match(text):
            meaning = [found[1]]
        elif meaning:
            meaning.append(text.removeprefix("#").strip())
    return " ".join(meaning), hint
