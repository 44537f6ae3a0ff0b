"""Labelled images as a value, without torch."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, eq=False)
class Images:
    """Images of two kinds.

    Args:
        pixels: ``[images, pixels]`` in [0, 1].
        labels: ``[images]`` 0 or 1.
        name: what they are, for people.
    """

    pixels: NDArray[np.float64]
    labels: NDArray[np.int64]
    name: str
