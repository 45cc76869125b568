"""Fan-out: one message in, one message out for each image."""

from collections.abc import Iterator
from typing import Any

from . import data

PIXELS, _ = data.load()


def process(payload: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield the images that the message names: `{"first": 0, "count": 100}` stands for the images 0 to 99."""
    for image in range(payload["first"], payload["first"] + payload["count"]):
        # Only what a camera would know: the digit that the image really shows stays behind, for the final score.
        yield {"image": image, "pixels": PIXELS[image].tolist()}
