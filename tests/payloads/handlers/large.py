"""Handlers that make large payloads, and pass them on."""

from __future__ import annotations

from typing import Any


def make(payload: dict[str, Any]) -> list[dict[str, Any]]:
    """Return as many payloads of as many bytes as asked for, no two the same."""
    content = payload["name"] * (payload["bytes"] // len(payload["name"]))
    return [{"number": number, "content": content} for number in range(payload["parts"])]


def echo(payload: dict[str, Any]) -> dict[str, Any]:
    """Return what came; fail where it says so."""
    if payload.get("fails"):
        raise ValueError("as asked")
    return payload
