"""The environment of a container, as Kubernetes would make it. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from asya_cli.errors import CliError
from asya_cli.local.manifests import Container, Object, Variable

Keys = Mapping[str, Mapping[str, str]]
"""ConfigMaps or Secrets: their keys by name."""

_REFERENCE = re.compile(r"\$\$|\$\(([A-Za-z_.-][A-Za-z0-9_.-]*)\)")


@dataclass(frozen=True, slots=True)
class Sources:
    """Where variables may come from.

    `fields` are the pod's own (`metadata.name`); `secrets_at` is the folder that a missing Secret belongs into.
    """

    config_maps: Keys
    secrets: Keys
    fields: Mapping[str, str]
    secrets_at: str

    def variables(self, container: Container) -> tuple[dict[str, str], list[str]]:
        """Return the container's variables, and the fields that can't be had without a cluster.

        `$(NAME)` stands for a variable above it. Raises CliError when a needed key of a Secret or ConfigMap is missing.
        """
        env: dict[str, str] = {}
        unread: list[str] = []
        for entry in container.env_from:
            env.update(self._all_of(entry, container))
        for variable in container.env:
            value = self._value(variable, container)
            if value is None:
                unread.append(f"env[{variable.name}]")
            else:
                env[variable.name] = expand(value, env)
        return env, unread

    def _value(self, variable: Variable, container: Container) -> str | None:
        if variable.source is None:
            return variable.value
        for kind in ("configMapKeyRef", "secretKeyRef"):
            if reference := variable.source.get(kind):
                return self._key(kind.removesuffix("KeyRef"), reference, container)
        return self.fields.get(str((variable.source.get("fieldRef") or {}).get("fieldPath")))

    def _key(self, kind: str, reference: Object, container: Container) -> str | None:
        name, key = str(reference.get("name")), str(reference.get("key"))
        value = self._named(kind, name, reference, container, key).get(key)
        if value is None and not reference.get("optional"):
            raise self._missing(kind, name, key, container)
        return value

    def _all_of(self, entry: Object, container: Container) -> Iterator[tuple[str, str]]:
        for kind in ("configMap", "secret"):
            if reference := entry.get(f"{kind}Ref"):
                keys = self._named(kind, str(reference.get("name")), reference, container, "<key>")
                yield from ((f"{entry.get('prefix', '')}{key}", value) for key, value in keys.items())

    def _named(self, kind: str, name: str, reference: Object, container: Container, key: str) -> Mapping[str, str]:
        among = self.secrets if kind == "secret" else self.config_maps
        if name not in among and not reference.get("optional"):
            raise self._missing(kind, name, key, container)
        return among.get(name, {})

    def _missing(self, kind: str, name: str, key: str, container: Container) -> CliError:
        if kind == "secret":
            return CliError(
                f"container {container.name} wants {key} of Secret {name!r}; there is no cluster to take it from; "
                f"write the value into the file {self.secrets_at}/{name}/{key}"
            )
        return CliError(
            f"container {container.name} wants {key} of ConfigMap {name!r}; the chart does not render it, and there is "
            "no cluster to take it from; give the variable a plain value in the values of the local run"
        )


def expand(text: str, env: Mapping[str, str]) -> str:
    """Replace `$(NAME)` as Kubernetes does: unknown names stay as they are, `$$` stands for one dollar sign."""

    def replacement(found: re.Match[str]) -> str:
        if found.group() == "$$":
            return "$"
        return env.get(found.group(1), found.group())

    return _REFERENCE.sub(replacement, text)
