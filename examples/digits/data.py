"""The data set: 1,797 labelled images of handwritten digits, 8 by 8 pixels from 0 to 16, that scikit-learn ships."""

from functools import cache
from importlib.util import find_spec
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

IMAGES = 1797


@cache
def load() -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the pixels of each image, 64 in a row, and the digit that it shows.

    The same as `sklearn.datasets.load_digits`, but read from its file: to import scikit-learn takes seconds, and two of
    the actors need nothing else of it. Raises ModuleNotFoundError where scikit-learn is not installed.
    """
    spec = find_spec("sklearn")
    if spec is None or spec.origin is None:
        raise ModuleNotFoundError("scikit-learn is not installed; it brings the images", name="sklearn")
    file = Path(spec.origin).parent / "datasets" / "data" / "digits.csv.gz"
    table = np.loadtxt(file, delimiter=",", dtype=np.int64)
    return table[:, :-1], table[:, -1]
