"""Fan-out: one message in, one message out for each image."""

from collections.abc import Iterator
from typing import Any

from sklearn.datasets import load_digits

DIGITS = load_digits()


def process(payload: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield the images that the message names: `{"first": 0, "count": 100}` stands for the images 0 to 99."""
    for image in range(payload["first"], payload["first"] + payload["count"]):
        # Only what a camera would know: the digit that the image really shows stays behind, for the final score.
        yield {"image": image, "pixels": DIGITS.data[image].astype(int).tolist()}
