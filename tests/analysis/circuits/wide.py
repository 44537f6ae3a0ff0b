"""Networks with more edges than an unsigned integer has bits, and circuits of them."""

from __future__ import annotations

import numpy as np

from pluriscope.analysis.circuits.space import Structure
from pluriscope.analysis.questions.protocol import COMPLETE
from pluriscope.analysis.subjects.perceptron.circuit import masks_of

WIDE = ((3, 20, 1), (2, 10, 10, 1), (6, 8, 8, 1), (6, 6, 6, 6, 1))


def wide_masks(sizes: tuple[int, ...], n: int) -> list[int]:
    """Draw possible circuits, each once, ascending, and so that some contain others."""
    structure = Structure(sizes, COMPLETE)
    found: set[int] = set()
    for batch in structure.samples(4 * n, seed=1):
        edges = np.concatenate([matrix.reshape(len(matrix), -1) for matrix in batch], axis=1)
        found.update(int(mask) for mask in masks_of(edges, structure.layout))
    some = sorted(found)[: n // 2]
    # with one edge more where the circuit leaves one out: its source and its end are active in most of these
    return sorted({*some, *(mask | (~mask & (mask + 1)) for mask in some)})[:n]
