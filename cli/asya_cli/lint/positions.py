"""Where in a YAML file a value stands. Pure."""

from __future__ import annotations

from collections.abc import Iterator

import yaml

_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def compose(text: str) -> list[yaml.Node | None]:
    """Return each document as nodes that know their lines, None for an empty one. Raises yaml.YAMLError."""
    return list(yaml.compose_all(text, Loader=_LOADER))


def line_of(node: yaml.Node | None, path: str, *, nearest: bool = False) -> int | None:
    """Return the line, from 1, of the key that a path such as `env[0].name`, `env.0.name` or `volumes.shm` names.

    A list's entry goes by its index or by its field `name`. None where the file holds no such key; `nearest` takes the
    line of the innermost map or list on the way to it then.
    """
    line: int | None = None
    while path and node is not None:
        step = _step(node, path)
        if step is None:
            return line if nearest else None
        line, node, path = step
    return line if not path or nearest else None


def twice(node: yaml.Node | None, path: str = "") -> Iterator[tuple[str, int]]:
    """Yield the path and the line of each key that its map has already."""
    if isinstance(node, yaml.MappingNode):
        seen: set[str] = set()
        for key, value in node.value:
            inner = f"{path}.{key.value}" if path else str(key.value)
            if key.value in seen and key.value != "<<":
                yield inner, key.start_mark.line + 1
            seen.add(key.value)
            yield from twice(value, inner)
    elif isinstance(node, yaml.SequenceNode):
        for index, item in enumerate(node.value):
            yield from twice(item, f"{path}[{index}]")


def _step(node: yaml.Node, path: str) -> tuple[int, yaml.Node, str] | None:
    """Return the line of what the path begins with, what stands there, and the rest of the path."""
    if isinstance(node, yaml.MappingNode):
        # The longest key first, for keys may hold dots themselves: nvidia.com/gpu.
        for key, value in sorted(node.value, key=lambda entry: -len(str(entry[0].value))):
            name = str(key.value)
            if path == name or path.startswith((f"{name}.", f"{name}[")):
                return key.start_mark.line + 1, value, path[len(name) :].removeprefix(".")
    elif isinstance(node, yaml.SequenceNode):
        head, rest = _split_index(path)
        for index, item in enumerate(node.value):
            if head in (str(index), _name(item)):
                return item.start_mark.line + 1, item, rest
    return None


def _split_index(path: str) -> tuple[str, str]:
    """Split `[0].name`, `0.name` or `shm.x` into the entry and what follows it."""
    if path.startswith("["):
        head, _, rest = path[1:].partition("]")
    else:
        head, _, rest = path.partition(".")
    return head, rest.removeprefix(".")


def _name(item: yaml.Node) -> str | None:
    if isinstance(item, yaml.MappingNode):
        for key, value in item.value:
            if key.value == "name" and isinstance(value, yaml.ScalarNode):
                return str(value.value)
    return None
