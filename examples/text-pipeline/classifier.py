"""Says what a text is about."""

import json
from pathlib import Path


class TextClassifier:
    """Counts the words that each category is known for; they are loaded once, before the first message."""

    def __init__(self, model_path: str = "model.json", default: str = "other") -> None:
        self.model = json.loads(Path(model_path).read_text(encoding="utf-8"))
        self.default = default

    def process(self, payload: dict) -> dict:
        """Add the category with the most words, and the share of words that are its own."""
        words = payload["cleaned_text"].split()
        counts = {name: sum(word in known for word in words) for name, known in self.model.items()}
        best = max(counts, key=lambda name: counts[name])
        category = best if counts[best] else self.default
        return {**payload, "category": category, "confidence": round(counts[best] / max(1, len(words)), 2)}
