"""Which images a model may learn from: never those that it will be asked about.

The images fall into five folds, and for each fold there is a model that has learnt from the other four only. The folds
are neighbouring images, since neighbours seem to come from the same writer: whoever guesses at a fold has not seen the
image, and hardly its writer's hand.
"""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from . import data
from .normalise import normalised

FOLDS = 5


def fold_of(image: int) -> int:
    """Return the fold that an image belongs to, from 0 to 4."""
    return image * FOLDS // data.IMAGES


def lessons() -> Iterator[tuple[NDArray[np.float64], NDArray[np.int64]]]:
    """Yield, for each fold in turn, the vectors of all images outside it, and the digits that they show."""
    pixels, digits = data.load()
    vectors = np.array([normalised(image) for image in pixels.tolist()])
    folds = np.array([fold_of(image) for image in range(data.IMAGES)])
    for fold in range(FOLDS):
        yield vectors[folds != fold], digits[folds != fold]
