"""The AsyncActor manifests in a YAML text: several documents, and lists as `kubectl get -o yaml` prints them. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import yaml

from asya_cli.errors import MisuseError

KIND = "AsyncActor"
GROUP = "asya.sh/"


@dataclass(frozen=True, slots=True)
class Manifest:
    """One AsyncActor: its metadata and its spec, as they were written."""

    metadata: Mapping[str, Any]
    spec: Mapping[str, Any]

    @property
    def name(self) -> str:
        """The actor's name."""
        return str(self.metadata["name"])


class _Loader(yaml.SafeLoader):
    """YAML as Kubernetes reads it: a date is a text."""


_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:timestamp"]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


def read_manifests(text: str, origin: str, *, may_be_none: bool = False) -> tuple[list[Manifest], list[str]]:
    """Return the AsyncActors of a text, and what else is in it as `kind name`, each once.

    Raises MisuseError for a text that is no YAML, holds no AsyncActor unless it may, or holds one without name or spec.
    """
    manifests: list[Manifest] = []
    others: dict[str, None] = {}
    for document in _objects(_load(text, origin)):
        if document.get("kind") == KIND and str(document.get("apiVersion", "")).startswith(GROUP):
            manifests.append(_manifest(document, origin))
        else:
            others[f"{document.get('kind', 'an object without kind')} {_name(document)}".strip()] = None
    if not manifests and not may_be_none:
        raise MisuseError(
            f"{origin} holds no AsyncActor ({', '.join(others) or 'nothing at all'}); give a manifest with "
            f"`kind: {KIND}` and an apiVersion of asya.sh"
        )
    return manifests, list(others)


def _load(text: str, origin: str) -> list[Any]:
    try:
        return list(yaml.load_all(text, Loader=_Loader))
    except yaml.MarkedYAMLError as error:
        line = f":{error.problem_mark.line + 1}" if error.problem_mark else ""
        raise MisuseError(f"{origin}{line}: this is no YAML ({error.problem}); correct it") from None
    except yaml.YAMLError as error:
        raise MisuseError(f"{origin}: this is no YAML ({error}); correct it") from None


def _objects(documents: list[Any]) -> Iterator[Mapping[str, Any]]:
    for document in documents:
        if not isinstance(document, Mapping):
            continue
        if str(document.get("kind", "")).endswith("List") and isinstance(document.get("items"), list):
            yield from (each for each in document["items"] if isinstance(each, Mapping))
        else:
            yield document


def _manifest(document: Mapping[str, Any], origin: str) -> Manifest:
    metadata, spec = document.get("metadata"), document.get("spec")
    if not isinstance(metadata, Mapping) or not metadata.get("name"):
        raise MisuseError(f"an {KIND} in {origin} has no metadata.name; give it the actor's name")
    if not isinstance(spec, Mapping):
        raise MisuseError(f"the {KIND} {metadata['name']} in {origin} has no spec; there is nothing to convert")
    return Manifest(metadata, spec)


def _name(document: Mapping[str, Any]) -> str:
    metadata = document.get("metadata")
    return str(metadata.get("name", "")) if isinstance(metadata, Mapping) else ""
