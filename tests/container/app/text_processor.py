"""The handler of the quickstart."""


def process(payload: dict) -> dict:
    """Add the text in capitals, and its length."""
    text = payload.get("text", "")
    return {**payload, "processed": text.upper(), "length": len(text)}
