

from __future__ import annotations


def process(payload: object) -> object:

    return payload
