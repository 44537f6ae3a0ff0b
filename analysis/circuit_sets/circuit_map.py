"""A map of circuits: places in the plane, near each other where the circuits share most of their edges.

1. The square root of Jaccard's distance is Euclidean, as the matrix of Jaccard similarities of different sets
   is positive definite (Gower and Legendre 1986; Bouchard, Jousselme and Doré 2013). Classical scaling (Torgerson 1952)
   of these distances therefore needs no correction: the doubly centred matrix has no negative eigenvalue, and the two
   largest give the plane that keeps most of the variance.
2. Beyond 300 circuits that plane is found from 300 of them, the landmarks, and the others are placed by their distances
   to these (de Silva and Tenenbaum 2004). Landmarks are spread evenly over the circuits sorted by size, then mask.
3. Eigenvectors come from subspace iteration with sums in one order, coordinates are rounded, and the largest coordinate
   of each axis in absolute value is positive, so that the map is the same on every machine.

What a plane loses is told with it: the share of the variance that it keeps, and the correlation of distances on the map
with Jaccard's distances, both of the landmarks.
"""

from __future__ import annotations

from collections.abc import Iterable
from math import sqrt
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from analysis.circuit_sets.overlap import (
    Words,
    all_distances,
    distances_of,
    shared_edges,
    sizes_of,
    spread_by_size,
    words_of,
)
from analysis.fixed_order import Array, decomposed, inner, mean, orthonormal, total_of
from analysis.networks.circuit import EdgeLayout
from analysis.report import Mask, Part
from analysis.work import DEFAULT_WORK, Work

MAX_PLACED: Final = 2_000
N_LANDMARKS: Final = 300
STAGE: Final = "map of circuits"
_N_VECTORS: Final = 6  # more than two, since the iteration converges by the ratio of the third to the last eigenvalue
_MAX_ITERATIONS: Final = 200
_CONVERGED: Final = 1e-10
_DIGITS: Final = 4
_LEAST: Final = 1e-12  # share of the largest eigenvalue below which another one is rounding


class MapFound(Part):
    """Circuits as points of the plane."""

    masks: list[Mask] = Field(description="The circuits placed, ascending.")
    x: list[float]
    y: list[float]
    kept: float | None = Field(description="Share of the variance of all distances that it keeps; null of one circuit.")
    correlation: float | None = Field(description="Of distances on it and Jaccard's; null where either does not vary.")
    n_landmarks: int = Field(description="Circuits that the plane was found from.")


def map_circuits(
    masks: NDArray[Any],
    layout: EdgeLayout,
    always: Iterable[int] = (),
    work: Work = DEFAULT_WORK,
    *,
    max_placed: int = MAX_PLACED,
    max_landmarks: int = N_LANDMARKS,
) -> MapFound:
    """Place circuits in the plane.

    Args:
        masks: ``[circuits]`` different ones, ascending, at least one.
        layout: their edge layout.
        always: some of them that are placed in any case.
        work: told between iterations; may raise Cancelled.
        max_placed: of more, so many are placed, spread evenly over the circuits sorted by size, then mask.
        max_landmarks: as many, at most, are compared with each other.
    """
    wanted = np.searchsorted(masks, np.array(list(always), dtype=masks.dtype))
    chosen = np.union1d(spread_by_size(masks, layout, max_placed), wanted)
    placed = masks[chosen.astype(np.int64)]
    words = words_of(placed, layout)
    marks = np.sort(spread_by_size(placed, layout, max_landmarks))
    landmarks = words[marks]
    between = all_distances(landmarks, sizes_of(landmarks))
    values, vectors, trace = _principal(between, work)
    points = _placed(words, landmarks, between, values, vectors)
    return MapFound(
        masks=[layout.to_hex(int(mask)) for mask in placed],
        x=points[:, 0].tolist(),
        y=points[:, 1].tolist(),
        kept=round(total_of(values) / trace, _DIGITS) if trace > 0 else None,
        correlation=_correlation(points[marks], between),
        n_landmarks=len(marks),
    )


def _principal(between: Array, work: Work) -> tuple[Array, Array, float]:
    """The two largest eigenvalues of the doubly centred matrix, their eigenvectors ``[2, n]``, and its trace."""
    n = len(between)
    rows = mean(between)
    centred = -0.5 * (between - rows[:, None] - rows + mean(rows))
    trace = total_of(np.diagonal(centred).copy())
    n_vectors = min(_N_VECTORS, n - 1)
    if n_vectors < 1:
        return np.zeros(0), np.zeros((0, n)), trace
    start = np.random.default_rng(0).integers(-1_000, 1_000, size=(n_vectors, n)).astype(np.float64)
    basis = orthonormal(inner(centred, start).T)
    values = np.zeros(n_vectors)
    for iteration in range(_MAX_ITERATIONS):
        work.tell(STAGE, iteration, _MAX_ITERATIONS)
        turned = inner(centred, basis).T
        left, found, _ = decomposed(inner(basis, turned), _LEAST)
        order = np.argsort(-found, kind="stable")
        ritz = inner(left[order], basis.T)
        change = float(np.abs(found[order][:2] - values[:2]).max())
        values = found[order]
        if change <= _CONVERGED * values[0]:
            break
        basis = orthonormal(turned)
    work.tell(STAGE, _MAX_ITERATIONS, _MAX_ITERATIONS)
    return values[:2], ritz[:2], trace


def _placed(words: Words, landmarks: Words, between: Array, values: Array, vectors: Array) -> Array:
    """``[circuits, 2]`` rounded places, from the distances to the landmarks."""
    points = np.zeros((len(words), 2))
    if not len(values):
        return points
    shared = shared_edges(words, landmarks).astype(np.int64)
    distances = distances_of(shared, sizes_of(words)[:, None] + sizes_of(landmarks) - shared)
    points[:, : len(values)] = inner(distances - mean(between), vectors) * (-0.5 / np.sqrt(values))
    points = np.round(points, _DIGITS)
    for axis in range(2):
        farthest = points[int(np.argmax(np.abs(points[:, axis]))), axis]
        points[:, axis] *= -1.0 if farthest < 0 else 1.0
    return points + 0.0  # without negative zeros


def _correlation(points: Array, distances: Array) -> float | None:
    """Pearson's correlation of the distances of points with given ones, over all pairs."""
    rows, columns = np.triu_indices(len(points), 1)
    if len(rows) < 2:
        return None
    steps = points[rows] - points[columns]
    drawn, given = np.sqrt(steps[:, 0] ** 2 + steps[:, 1] ** 2), distances[rows, columns]
    drawn, given = drawn - total_of(drawn) / len(drawn), given - total_of(given) / len(given)
    spread = sqrt(total_of(drawn * drawn)) * sqrt(total_of(given * given))
    return round(total_of(drawn * given) / spread, _DIGITS) if spread > _LEAST else None
