"""Images of two kinds: those that come with Pluriscope, from their file."""

from __future__ import annotations

import base64
import json
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


def parse_images(raw: bytes) -> Images:
    """Read the file of images: largest value, labels 0/1, pixels as base64 of bytes."""
    document = json.loads(raw)
    labels = np.array([int(sign) for sign in document["labels"]], dtype=np.int64)
    pixels = np.frombuffer(base64.b64decode(document["pixels"]), dtype=np.uint8)
    return Images(pixels.reshape(len(labels), -1) / document["max_value"], labels, document["name"])
