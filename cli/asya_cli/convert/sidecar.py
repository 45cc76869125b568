"""The `sidecar` of a manifest: the original's settings of it, most of which are values here. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from asya_cli.convert.notes import Notes

_VALUES = {
    "ASYA_AWS_REGION": "transports.sqs.region",
    "ASYA_SQS_REGION": "transports.sqs.region",
    "AWS_REGION": "transports.sqs.region",
    "ASYA_SQS_ENDPOINT": "transports.sqs.endpoint",
    "ASYA_SQS_WAIT_TIME_SECONDS": "transports.sqs.waitTime",
    "ASYA_RABBITMQ_URL": "transports.rabbitmq.url",
    "ASYA_RUNTIME_TIMEOUT": "timeout.actor",
    "ASYA_RESILIENCY_ACTOR_TIMEOUT": "timeout.actor",
    "ASYA_RUNTIME_READY_TIMEOUT": "startup.timeout",
}
"""Variables that are a value here, and its path."""

_CREDENTIALS = {
    "transports.sqs": {
        "AWS_ACCESS_KEY_ID": "AWS_ACCESS_KEY_ID",
        "AWS_SECRET_ACCESS_KEY": "AWS_SECRET_ACCESS_KEY",
        "AWS_SESSION_TOKEN": "AWS_SESSION_TOKEN",
    },
    "transports.rabbitmq": {"ASYA_RABBITMQ_USERNAME": "username", "ASYA_RABBITMQ_PASSWORD": "password"},
}
"""Variables that hold credentials, by transport, and the key of each in the transport's `existingSecret`."""

_REASONS = {
    "ASYA_SQS_VISIBILITY_TIMEOUT": (
        "the sidecar renews it while a message runs, so it does not depend on how long that takes",
        "leave transports.sqs.visibilityTimeout as it is",
    ),
    "ASYA_GATEWAY_URL": ("the gateway is not built yet", "read the results where the chart crew stores them"),
}
_STRANGE = (
    "a setting of the original's sidecar; ours are values",
    "look for it in docs/reference/values.md (timeout.actor, transports, queues.prefix)",
)


def take_sidecar(values: dict[str, Any], notes: Notes) -> None:
    """Turn the sidecar's variables into values, in place, and leave out which sidecar runs; its resources stay."""
    sidecar = values.get("sidecar")
    if not isinstance(sidecar, dict):
        return
    for key in [key for key in ("image", "imagePullPolicy") if key in sidecar]:
        del sidecar[key]
        notes.leave(f"spec.sidecar.{key}", "the original's sidecar; ours is chosen by the chart", "give imageRegistry")
    entries = {str(entry["name"]): entry for entry in sidecar.pop("env", None) or ()}  # the last of a name counts
    if "ASYA_LOG_LEVEL" in entries:
        sidecar["env"] = [entries.pop("ASYA_LOG_LEVEL")]
    _join_address(entries)
    for transport, keys in _CREDENTIALS.items():
        _take_secret(values, entries, transport, keys, notes)
    for name, entry in entries.items():
        _take(values, name, entry, notes)


def _take(values: dict[str, Any], name: str, entry: Mapping[str, Any], notes: Notes) -> None:
    path, text = _VALUES.get(name), entry.get("value")
    if path is None:
        notes.leave(_path(name), *_REASONS.get(name, _STRANGE))
    elif "value" not in entry:
        notes.leave(_path(name), "its value comes from another object of the cluster", f"write it to {path}")
    elif path.endswith(".url") and "@" in str(text):
        notes.leave(
            _path(name),
            "it holds a password, which values never do",
            f"write the address without it to {path}, and name a Secret in {path.removesuffix('url')}existingSecret",
        )
    elif text not in ("", None):
        _put(values, path, int(text) if path.endswith(".waitTime") and str(text).isdigit() else text)


def _join_address(entries: dict[str, Mapping[str, Any]]) -> None:
    """Make one address of RabbitMQ's host and port; a URL that is given counts instead."""
    host, port = (entries.pop(f"ASYA_RABBITMQ_{part}", {}).get("value") for part in ("HOST", "PORT"))
    if host:
        entries.setdefault("ASYA_RABBITMQ_URL", {"value": f"amqp://{host}:{port or 5672}"})


def _take_secret(
    values: dict[str, Any], entries: dict[str, Any], transport: str, keys: Mapping[str, str], notes: Notes
) -> None:
    """Name the Secret that credentials came from, where it has the keys that ours needs."""
    given = {name: entries.pop(name) for name in keys if name in entries}
    found = {name: _reference(entry) for name, entry in given.items()}
    secrets = {secret for secret, _ in found.values()}
    if not given:
        return
    if secrets != {""} and len(secrets) == 1 and all(key == keys[name] for name, (_, key) in found.items()):
        _put(values, f"{transport}.existingSecret", secrets.pop())
        return
    for name in given:
        notes.leave(
            _path(name),
            f"credentials come from one Secret, in which this is called {keys[name]}",
            f"make one with {_listed(keys[each] for each in given)} and name it in {transport}.existingSecret",
        )


def _reference(entry: Mapping[str, Any]) -> tuple[str, str]:
    """Return the Secret and the key that a variable comes from; two empty texts where it comes from none."""
    source = entry.get("valueFrom")
    found = source.get("secretKeyRef") if isinstance(source, Mapping) else None
    return (str(found.get("name", "")), str(found.get("key", ""))) if isinstance(found, Mapping) else ("", "")


def _put(values: dict[str, Any], path: str, value: Any) -> None:
    *sections, key = path.split(".")
    inner = values
    for section in sections:
        inner = inner.setdefault(section, {})
    inner[key] = value


def _path(name: str) -> str:
    return f"spec.sidecar.env.{name}"


def _listed(words: Iterable[str]) -> str:
    *first, last = words
    return f"{', '.join(first)} and {last}" if first else last
