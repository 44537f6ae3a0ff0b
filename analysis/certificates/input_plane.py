"""What is decided over the square [0, 1]² of two inputs: convex polygons where that is exact, else a fine grid.

1. Where hidden activations are piecewise linear, the square is cut along the lines on which a neuron bends, and each
   piece where the edges of the decision cross it (:mod:`analysis.certificates.polygons`). Corners carry float64's
   rounding, nothing else.
2. Elsewhere, and where there are too many neurons or pieces to draw, the decision in the middle of each of many equal
   squares. That is sampling: what lies between the middles is not looked at.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Final

import numpy as np
from numpy.typing import NDArray

from analysis.certificates.polygons import Place, cells, decided, square
from analysis.certificates.programs import Program, Region
from analysis.validity import NEITHER

SIDE: Final = 100
MAX_NEURONS: Final = 24
MAX_PIECES: Final = 600

Corner = tuple[float, float]


@dataclass(frozen=True)
class Piece:
    """A convex polygon on which the decision is one.

    Args:
        decision: 0, 1 or −1 (neither).
        corners: (first input, second input), counter-clockwise.
    """

    decision: int
    corners: tuple[Corner, ...]


@dataclass(frozen=True)
class PlaneMap:
    """What is decided over the square: pieces, or a grid.

    Args:
        pieces: polygons that cover the square; empty if there is a grid.
        grid: ``[side, side]`` decisions, the second input by row and the first by column, both ascending; None if
            there are pieces.
    """

    pieces: tuple[Piece, ...]
    grid: NDArray[np.int8] | None


def plane_map(program: Program, regions: Sequence[Region], side: int = SIDE) -> PlaneMap:
    """What a network or a circuit decides over the square.

    Args:
        program: its output's pre-activation as a function of two free numbers.
        regions: decisions by that pre-activation.
        side: squares of a grid in a row.

    Raises:
        ValueError: the program has not two free numbers.
    """
    if program.n_free != 2:
        raise ValueError(f"the plane is of two inputs, not {program.n_free}: fix the others first")
    n_hidden = sum(len(b) for _, _, b in program.layers[:-1])
    if program.slope is not None and n_hidden <= MAX_NEURONS:
        parts = decided(cells(program, square((0.5, 0.5), 0.5, exact=False), exact=False), regions)
        found = [Piece(decision, _corners(places)) for decision, places in islice(parts, MAX_PIECES + 1)]
        if len(found) <= MAX_PIECES:
            return PlaneMap(tuple(found), None)
    return PlaneMap((), _decisions(program.values(grid_points(side)), regions).reshape(side, side))


def grid_points(side: int) -> NDArray[np.float64]:
    """The middles of the grid's squares, ``[side · side, 2]``, row by row as in :class:`PlaneMap`."""
    middles = (np.arange(side) + 0.5) / side
    second, first = np.meshgrid(middles, middles, indexing="ij")
    return np.stack([first.ravel(), second.ravel()], axis=1)


def _decisions(values: NDArray[np.float64], regions: Sequence[Region]) -> NDArray[np.int8]:
    found = np.full(len(values), NEITHER, dtype=np.int8)
    for region in regions:
        found[region.holds(values, values)] = region.decision
    return found


def _corners(places: Sequence[Place]) -> tuple[Corner, ...]:
    return tuple((float(x), float(y)) for x, y in places)
