"""Whether a YAML file can be a values file at all. Pure."""

from __future__ import annotations

from collections.abc import Sequence

import yaml

from asya_cli.convert.documents import KIND


def misformed(documents: Sequence[yaml.Node | None]) -> tuple[int, str] | None:
    """Return the line, from 1, and a sentence for a file that is no values file, by its documents; None for others."""
    if not documents or documents[0] is None:
        return None
    root = documents[0]
    if not isinstance(root, yaml.MappingNode):
        what = "a list" if isinstance(root, yaml.SequenceNode) else "a text"
        return _line(root), f"this is {what}, and a values file is a map of keys; write them without dashes"
    kinds = [value for key, value in root.value if key.value == "kind" and isinstance(value, yaml.ScalarNode)]
    if kinds and any(key.value == "apiVersion" for key, _ in root.value):
        remedy = "`asya convert` makes values files of it" if kinds[0].value in (KIND, "List") else "give values"
        return _line(kinds[0]), f"this is a manifest ({kinds[0].value}) and no values file; {remedy}"
    if len(documents) > 1 and documents[1] is not None:
        return _line(documents[1]), "Helm reads nothing from a second document; make it a file of its own"
    return None


def _line(node: yaml.Node) -> int:
    return node.start_mark.line + 1
