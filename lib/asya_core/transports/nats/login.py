"""What a client says of itself in `CONNECT`, signed where the server's accounts use keys."""

from __future__ import annotations

import base64
import importlib
import re
from collections.abc import Mapping
from typing import Any

from asya_core.errors import TransportRefusedError
from asya_core.transports.nats.settings import Secrets

_BLOCK = re.compile(r"-+BEGIN ([A-Z ]+)-+\s+(\S+)\s+-+END [A-Z ]+-+")


def connect_options(info: Mapping[str, Any], secrets: Secrets) -> dict[str, Any]:
    """Answer a server's INFO. Raises TransportRefusedError when `user.creds` can't be used."""
    options: dict[str, Any] = {
        "verbose": False,
        "pedantic": False,
        "headers": True,
        "no_responders": True,
        "protocol": 1,
        "lang": "asya",
        "version": "0",
        "name": "asya",
    }
    if secrets.username is not None:
        options |= {"user": secrets.username, "pass": secrets.password}
    if secrets.token is not None:
        options["auth_token"] = secrets.token
    if secrets.creds is not None:
        options |= _signed(secrets.creds, str(info.get("nonce", "")))
    return options


def _signed(creds: str, nonce: str) -> dict[str, str]:
    """Sign the server's nonce with the key of a file as `nsc generate creds` writes it."""
    blocks = dict(_BLOCK.findall(creds))
    try:
        jwt, seed = blocks["NATS USER JWT"], blocks["USER NKEY SEED"]
    except KeyError as error:
        raise TransportRefusedError(f"user.creds has no block {error}; write it with `nsc generate creds`") from None
    return {"jwt": jwt, "sig": _signature(seed, nonce)}


def _signature(seed: str, nonce: str) -> str:
    """Sign with an NKey seed: base32 of 2 bytes of prefix, the 32 bytes of an Ed25519 seed, and 2 of checksum."""
    # Imported here: it takes 25 ms and 3 MB, and only servers with accounts by key ask for it.
    try:
        signing = importlib.import_module("nacl.signing")
    except ImportError as error:
        raise TransportRefusedError(
            "user.creds needs the package PyNaCl, which is not installed; install it, or use another way to enter"
        ) from error
    try:
        key = base64.b32decode(seed + "=" * (-len(seed) % 8))[2:-2]
        signature: bytes = signing.SigningKey(key).sign(nonce.encode()).signature
    except ValueError as error:
        raise TransportRefusedError("user.creds holds no usable seed; write it with `nsc generate creds`") from error
    return base64.urlsafe_b64encode(signature).rstrip(b"=").decode()
