"""An SQS that is there already, AWS's own or an emulator: the run's queues have a prefix of their own there."""

from __future__ import annotations

import importlib
import os
import secrets
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from asya_cli.errors import CliError
from asya_cli.local.brokers.base import Broker
from asya_cli.local.brokers.sqs_secret import MOUNTED, write_secret
from asya_cli.local.plan import Check

URL = "ASYA_LOCAL_SQS_ENDPOINT"
"""Variable with the address of an SQS that is not AWS's own: http://host:9324."""

REGION = "ASYA_LOCAL_SQS_REGION"
"""Variable with the region; alone, it names AWS's own SQS there."""

PREFIX = "sqs-prefix"
"""File beside the run's folder, which is removed for a fresh start, with what its queues' names begin with."""

_ANY = "asya-local-"
_DEFAULT_REGION = "us-east-1"
_EMULATORS = {"AWS_ACCESS_KEY_ID": "local", "AWS_SECRET_ACCESS_KEY": "local"}
_SECONDS = 10
_RETRIES = {"max_attempts": 1}
_PORTS = {"http": 80, "https": 443}
_CONNECT = "import socket, sys; socket.create_connection((sys.argv[1], int(sys.argv[2])), 4).close()"


@dataclass(frozen=True, slots=True)
class Given:
    """Where it is; `endpoint` is empty for AWS's own."""

    endpoint: str
    region: str

    @property
    def title(self) -> str:
        """Name in messages."""
        return self.endpoint or f"AWS's SQS in {self.region}"


def find_given() -> Given | None:
    """Return the SQS that the environment names, or None. Raises CliError for an address that is none."""
    endpoint, region = os.environ.get(URL, "").rstrip("/"), os.environ.get(REGION, "")
    if not endpoint and not region:
        return None
    parts = urlsplit(endpoint)
    if endpoint and (parts.scheme not in _PORTS or not parts.hostname or parts.path):
        raise CliError(f"{URL} is no address of an SQS; write it like http://127.0.0.1:9324")
    return Given(endpoint, region or _DEFAULT_REGION)


def prepare_given(given: Given, folder: Path) -> Broker:
    """Enter with this shell's credentials, and forget earlier messages if that is wanted. Raises CliError."""
    credentials = _credentials(given)
    with _client(given, credentials) as client:
        address: str = client.meta.endpoint_url
        prefix = _prepare_prefix(client, folder)
    secret = write_secret(folder.parent, credentials)
    values = {"endpoint": given.endpoint, "region": given.region, "existingSecret": MOUNTED}
    environ = {"ASYA_SQS_ENDPOINT": given.endpoint, "ASYA_SQS_REGION": given.region, "ASYA_SECRETS_DIR": str(secret)}
    return Broker(
        transport="sqs",
        url=address,
        process=None,
        check=_check(address),
        chart_values={"transport": "sqs", "queues.prefix": prefix}
        | {f"transports.sqs.{key}": each for key, each in values.items()},
        environ=environ,
        notes=[f"SQS: queues' prefix -> {prefix}, for they are at {given.title}, and stay there after the run"],
    )


def _prepare_prefix(client: Any, folder: Path) -> str:
    """Return what the names of this run's queues begin with: the same as before, unless that is to be forgotten.

    It is random, for others may have a folder of the same path and use the same account. Queues that are forgotten are
    removed, not emptied: SQS takes a minute to empty one, and what is sent meanwhile may go, too.
    """
    known, kept = folder / "prefix", folder.parent / PREFIX
    earlier = kept.read_text(encoding="ascii") if kept.exists() else ""
    found = client.list_queues(QueueNamePrefix=earlier or _ANY, MaxResults=1000)  # tells also whether we are let in
    prefix = known.read_text(encoding="ascii") if known.exists() else ""
    if prefix:
        return prefix
    for queue in found.get("QueueUrls", []) if earlier else []:
        with suppress(client.exceptions.QueueDoesNotExist):  # removed just now, and still listed
            client.delete_queue(QueueUrl=queue)
    prefix = f"{_ANY}{secrets.token_hex(6)}-"
    folder.mkdir(parents=True, exist_ok=True)
    for file in (kept, known):
        file.write_text(prefix, encoding="ascii")
    return prefix


def _check(address: str) -> Check:
    """Return the question whether somebody listens there: without credentials, there is no other that gets a yes."""
    parts = urlsplit(address)
    port = parts.port or _PORTS[parts.scheme]
    argv = [sys.executable, "-I", "-S", "-c", _CONNECT, parts.hostname or "", str(port)]
    return Check(actor="sqs", container="sqs", argv=argv)


def _credentials(given: Given) -> dict[str, str]:
    """Return what AWS's own command line would enter with, as it is now; an emulator takes anything."""
    found = _botocore("session").get_session().get_credentials()
    if found is None and given.endpoint:
        return _EMULATORS
    if found is None:
        raise CliError(
            f"can't enter {given.title}; there are no credentials of AWS here; log in with `aws`, or set "
            f"AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or unset {REGION}"
        )
    frozen = found.get_frozen_credentials()
    keys = {"AWS_ACCESS_KEY_ID": frozen.access_key, "AWS_SECRET_ACCESS_KEY": frozen.secret_key}
    return keys | ({"AWS_SESSION_TOKEN": frozen.token} if frozen.token else {})


@contextmanager
def _client(given: Given, credentials: Mapping[str, str]) -> Iterator[Any]:
    """Give a client, and turn what goes wrong with it into a CliError."""
    errors = _botocore("exceptions")
    try:
        yield (
            _botocore("session")
            .get_session()
            .create_client(
                "sqs",
                region_name=given.region,
                endpoint_url=given.endpoint or None,
                config=_botocore("config").Config(connect_timeout=_SECONDS, read_timeout=_SECONDS, retries=_RETRIES),
                **{name.lower(): value for name, value in credentials.items()},
            )
        )
    except (errors.BotoCoreError, errors.ClientError) as error:
        raise CliError(
            f"can't use {given.title} ({error}); this run's queues were to be there; correct {URL} and {REGION} or "
            "this shell's credentials, or unset both"
        ) from None


def _botocore(module: str) -> Any:
    """Return a module of the SDK, which takes half a second to load and has no types."""
    return importlib.import_module(f"botocore.{module}")
