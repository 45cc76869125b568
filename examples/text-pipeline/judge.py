"""Sends doubtful texts through one more actor."""


class Judge:
    """Reads the classifier's confidence and changes the route."""

    def __init__(self, threshold: float = 0.5) -> None:
        self.threshold = threshold

    def process(self, envelope: dict) -> dict:
        """Put `reviewer` in front of what lies ahead where the confidence is below the threshold."""
        route = envelope["route"]
        if envelope["payload"]["confidence"] < self.threshold:
            route["actors"].insert(route["current"] + 1, "reviewer")
        route["current"] += 1
        return envelope
