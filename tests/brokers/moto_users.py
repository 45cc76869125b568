"""Users that moto checks the keys and rights of, as AWS does; else it lets everybody in."""

from __future__ import annotations

import asyncio
import json
import secrets
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

from aiobotocore.session import get_session

from tests.brokers.moto_server import REGION, MotoServer

UNCHECKED = 3
"""So many requests, those that make a user, are let in without a look at their keys."""
MAY = ["iam:*", "sqs:*"]


class MotoUser:
    """One user; from `make` on, the server lets nobody in whom it does not know."""

    def __init__(self, server: MotoServer) -> None:
        self.server = server
        self.name = f"asya-{secrets.token_hex(4)}"
        self.keys: dict[str, str] = {}

    async def make(self) -> None:
        await asyncio.to_thread(self._forget_checks)
        await self.iam("CreateUser")
        await self.allow(MAY)
        self.keys = await self.make_keys()

    async def make_keys(self) -> dict[str, str]:
        made = (await self.iam("CreateAccessKey"))["AccessKey"]
        return {"aws_access_key_id": made["AccessKeyId"], "aws_secret_access_key": made["SecretAccessKey"]}

    async def allow(self, actions: list[str]) -> None:
        """Allow these actions, and no others any more."""
        document = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": actions, "Resource": "*"}]}
        await self.iam("PutUserPolicy", PolicyName="p", PolicyDocument=json.dumps(document))

    async def iam(self, operation: str, **parameters: Any) -> Any:
        keys = self.keys or {"aws_access_key_id": "nobody", "aws_secret_access_key": "nobody"}
        address = {"region_name": REGION, "endpoint_url": self.server.url}
        async with get_session().create_client("iam", **address, **keys) as client:
            return await client._make_api_call(operation, {"UserName": self.name, **parameters})

    def _forget_checks(self) -> None:
        """Let the next requests in, whoever they are from."""
        connection = HTTPConnection("127.0.0.1", self.server.port)
        connection.request("POST", "/moto-api/reset-auth", str(UNCHECKED), {"Content-Type": "text/plain"})
        if connection.getresponse().status >= 300:
            raise RuntimeError("moto does not begin to check keys")
        connection.close()


def write_keys(folder: Path, keys: dict[str, str]) -> Path:
    """Put keys where a transport looks for them."""
    folder.mkdir(exist_ok=True)
    for name, value in keys.items():
        (folder / name.upper()).write_text(value)
    return folder
