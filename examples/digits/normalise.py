"""Make images comparable: thin or thick strokes, bright or dark ink should not matter."""

import math
from typing import Any


def process(payload: dict[str, Any]) -> dict[str, Any]:
    """Add the image's `vector`, see `normalised`."""
    return {**payload, "vector": normalised(payload["pixels"])}


def normalised(pixels: list[int]) -> list[float]:
    """Return the pixels with mean 0 and length 1; an image of one colour becomes all zeros."""
    mean = sum(pixels) / len(pixels)
    centred = [pixel - mean for pixel in pixels]
    length = math.hypot(*centred)
    return [round(value / length, 4) if length else 0.0 for value in centred]
