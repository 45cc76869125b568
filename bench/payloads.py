"""Payloads of an exact size, the same in every run: an order with items, text and an accent, as users send them."""

from __future__ import annotations

import json
import random
from functools import cache
from typing import Any

KIB = 1024
MARK = "#00000000#"
"""Stands in every payload; in its place each message may have a number, to be known by when it comes out."""

_BYTES_OF_AN_ITEM = 100
_WORDS = "lorem ipsum dolor sit amet consetetur sadipscing elitr "


@cache
def _orders(size: int) -> dict[str, Any]:
    lot = random.Random(7)
    items = [
        {"sku": f"SKU{lot.randrange(99999):05d}", "qty": lot.randrange(1, 9), "price": round(lot.random() * 100, 2)}
        for _ in range(min(8, size // 200) if size < 4 * KIB else size // _BYTES_OF_AN_ITEM)
    ]
    return {
        "mark": MARK,
        "order_id": 123456,
        "customer": "Jörg Müller",
        "currency": "EUR",
        "ok": True,
        "items": items,
        "text": "",
    }


def payload(size: int) -> dict[str, Any]:
    """Return a payload whose JSON, as `encode` writes it, has `size` bytes; some hundred at least."""
    order = dict(_orders(size))
    missing = size - len(encode(order))
    order["text"] = (_WORDS * (missing // len(_WORDS) + 1))[: max(0, missing)]
    return order


def encode(value: dict[str, Any]) -> bytes:
    """Write JSON without blanks, in UTF-8."""
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False).encode()
