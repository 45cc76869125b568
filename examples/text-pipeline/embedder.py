"""Turns texts into numbers, many in one call."""

import json
from pathlib import Path


class Embedder:
    """Counts the words that each category is known for; a real model would take all texts to the GPU at once."""

    def __init__(self, model_path: str = "model.json") -> None:
        self.model = json.loads(Path(model_path).read_text(encoding="utf-8"))

    def process(self, payloads: list[dict]) -> list:
        """Return one entry for each payload, in their order; an exception as an entry fails that message alone."""
        texts = [payload["cleaned_text"].split() for payload in payloads]
        known = [sum(word in words for words in self.model.values() for word in text) for text in texts]
        return [
            {**payload, "known_words": count} if text else ValueError("the text is empty")
            for payload, text, count in zip(payloads, texts, known, strict=True)
        ]
