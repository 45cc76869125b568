"""What `nsc` makes for a server whose accounts enter by key: an operator, an account and a user's credentials."""

from __future__ import annotations

import base64
import binascii
import json
import time

import msgspec
from nacl.signing import SigningKey

OPERATOR, ACCOUNT, USER, SEED = 14 << 3, 0, 20 << 3, 18 << 3
UNLIMITED = dict.fromkeys(("subs", "data", "payload"), -1)
ACCOUNT_LIMITS = UNLIMITED | dict.fromkeys(
    ("imports", "exports", "conn", "leaf", "mem_storage", "disk_storage", "streams", "consumer"), -1
)


class Key:
    """An NKEY: a pair of keys whose text says what it is for."""

    def __init__(self, kind: int) -> None:
        self._kind = kind
        self._key = SigningKey.generate()

    @property
    def public(self) -> str:
        return _text(bytes([self._kind]) + bytes(self._key.verify_key))

    @property
    def seed(self) -> str:
        prefix = bytes([SEED | self._kind >> 5, (self._kind & 31) << 3])
        return _text(prefix + bytes(self._key))

    def sign(self, subject: str, kind: str, claims: dict) -> str:
        """Return a JWT about `subject`."""
        payload = {
            "jti": subject,
            "iat": int(time.time()),
            "iss": self.public,
            "sub": subject,
            "name": kind,
            "nats": claims | {"type": kind, "version": 2},
        }
        signed = f"{_part({'typ': 'JWT', 'alg': 'ed25519-nkey'})}.{_part(payload)}"
        signature = base64.urlsafe_b64encode(self._key.sign(signed.encode()).signature).rstrip(b"=")
        return f"{signed}.{signature.decode()}"


def operator_config_and_credentials() -> tuple[str, str]:
    """Return a server's configuration and the content of the `user.creds` that it lets in."""
    operator, system, account, user = Key(OPERATOR), Key(ACCOUNT), Key(ACCOUNT), Key(USER)
    limits = {"limits": ACCOUNT_LIMITS | {"wildcards": True}}
    no_storage = {"limits": limits["limits"] | {"mem_storage": 0, "disk_storage": 0, "streams": 0, "consumer": 0}}
    config = {
        "operator": operator.sign(operator.public, "operator", {}),
        "system_account": system.public,
        "resolver": "MEMORY",
        "resolver_preload": {
            system.public: operator.sign(system.public, "account", no_storage),
            account.public: operator.sign(account.public, "account", limits),
        },
    }
    jwt = account.sign(user.public, "user", UNLIMITED)
    return json.dumps(config), credentials(jwt, user.seed)


def credentials(jwt: str, seed: str) -> str:
    """Return the file that `nsc generate creds` writes."""
    return (
        f"-----BEGIN NATS USER JWT-----\n{jwt}\n------END NATS USER JWT------\n\n"
        "************************* IMPORTANT *************************\nNKEY Seed printed below is sensitive.\n\n"
        f"-----BEGIN USER NKEY SEED-----\n{seed}\n------END USER NKEY SEED------\n"
    )


def _text(raw: bytes) -> str:
    checked = raw + binascii.crc_hqx(raw, 0).to_bytes(2, "little")
    return base64.b32encode(checked).rstrip(b"=").decode()


def _part(content: dict) -> str:
    return base64.urlsafe_b64encode(msgspec.json.encode(content)).rstrip(b"=").decode()
