"""Splits a text into its lines."""


def process(payload: dict) -> list:
    """Return one message for each line; every one of them goes to the next actor."""
    lines = payload["text"].splitlines()
    return [{**payload, "text": line, "line": number} for number, line in enumerate(lines, start=1)]
