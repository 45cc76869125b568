"""Who is unsure asks an expert: the route of the message itself says so."""

from typing import Any


class Judge:
    """Sends unsure guesses to the actor `refine`; `THRESHOLD` in the actor's environment says what counts as unsure."""

    def __init__(self, threshold: float = 0.9) -> None:
        self.threshold = threshold

    def process(self, envelope: dict[str, Any]) -> dict[str, Any]:
        """Step on, and put `refine` next into the route when the confidence is below the threshold."""
        route = envelope["route"]
        route["current"] += 1
        if envelope["payload"]["confidence"] < self.threshold:
            route["actors"].insert(route["current"], "refine")
        return envelope
