"""Cleans a text."""


def process(payload: dict) -> dict:
    """Add the text in lower case and with single spaces, and its number of words."""
    words = payload["text"].split()
    return {**payload, "cleaned_text": " ".join(words).lower(), "word_count": len(words)}
