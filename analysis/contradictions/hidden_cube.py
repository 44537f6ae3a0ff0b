"""How much of the cube of hidden states each event takes up, exactly, and a plain state where it is the case.

The borders of all bits are planes, so the states of one combination are a polytope (:mod:`.volumes`). The cube is
[0, 1]^width of a layer of sigmoids, [−1, 1]^width of tanh; layers without bounds have none.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import product
from typing import Final

import numpy as np
from numpy.typing import NDArray

from analysis import fixed_order
from analysis.contradictions.events import Event, Situation
from analysis.contradictions.readers import HalfSpace
from analysis.errors import BeyondLimits
from analysis.networks.network import Network

MAX_WIDTH: Final = 4
MAX_BITS: Final = 12
_STEPS: Final = 10  # witnesses are looked for in steps of a tenth of the cube's side


@dataclass(frozen=True)
class CubeShare:
    """One event in the cube.

    Args:
        event: what.
        share: of the cube's volume, exact.
        corners: of the cube's corners, on how many it is the case.
        witness: a state in steps of a tenth where it is, as far from every border as any such state; None if none is.
    """

    event: Event
    share: Fraction
    corners: int
    witness: tuple[Fraction, ...] | None


def cube_of(network: Network) -> tuple[int, int] | None:
    """Lowest and highest value of a neuron in the last hidden layer; None if it has no bounds."""
    return {"sigmoid": (0, 1), "tanh": (-1, 1)}.get(network.activation)


def cube_shares(situation: Situation, cube: tuple[int, int]) -> tuple[CubeShare, ...]:
    """Every event of a situation in the cube.

    Raises:
        BeyondLimits: a layer that is too wide, or too many readers.
    """
    tests, events = situation.tests, situation.events
    width = len(situation.network.weights)
    if width > MAX_WIDTH or len(tests) > MAX_BITS:
        raise BeyondLimits(
            "volumes of hidden states",
            f"{len(tests)} planes in {width} dimensions, against limits of {MAX_BITS} and {MAX_WIDTH}",
            "look at fewer explanations or a narrower layer",
        )
    truth = situation.truth(events)
    whole = Fraction(cube[1] - cube[0]) ** width
    volumes = np.array([Fraction(0)] * truth.shape[1])
    for combination, size in _cells(tests, _sides_of(cube, width)):
        volumes[combination] = size / whole
    corners = _combinations(tests, list(product(*[tuple(map(Fraction, cube))] * width)))
    low, high = map(Fraction, cube)
    steps = [low + (high - low) * step / _STEPS for step in range(_STEPS + 1)]
    states = list(product(steps, repeat=width))
    at, clear = _combinations(tests, states), _clearance(tests, states)
    found = []
    for number, event in enumerate(events):
        there = truth[number][at] & (clear > 0)
        best = int(np.argmax(np.where(there, clear, -1.0))) if there.any() else None
        share = sum(volumes[truth[number]], Fraction(0))
        n_corners = int(truth[number][corners].sum())
        found.append(CubeShare(event, share, n_corners, None if best is None else states[best]))
    return tuple(found)


def _sides_of(cube: tuple[int, int], width: int) -> list[Side]:
    sides: list[Side] = []
    for i in range(width):
        unit = tuple(Fraction(int(i == j)) for j in range(width))
        sides += [(unit, Fraction(cube[1])), (tuple(-x for x in unit), Fraction(-cube[0]))]
    return sides


def _cells(tests: Sequence[HalfSpace], sides: list[Side], combination: int = 0) -> Iterator[tuple[int, Fraction]]:
    """Combinations that take up any volume, with it."""
    size = volume(sides)
    if not size:
        return
    if not tests:
        yield combination, size
        return
    first, rest = tests[0], tests[1:]
    for bit, inside in ((0, first.opposite), (1, first)):
        side = (tuple(-w for w in inside.weights), inside.constant)
        yield from _cells(rest, [*sides, side], combination << 1 | bit)


def _combinations(tests: Sequence[HalfSpace], states: Sequence[Sequence[Fraction]]) -> NDArray[np.int64]:
    return np.array(
        [sum(test.holds(state) << (len(tests) - 1 - i) for i, test in enumerate(tests)) for state in states]
    )


def _clearance(tests: Sequence[HalfSpace], states: Sequence[Sequence[Fraction]]) -> NDArray[np.float64]:
    """Distance of each state from the nearest border."""
    points = np.array([[float(x) for x in state] for state in states])
    weights = np.array([[float(w) for w in test.weights] for test in tests])
    levels = fixed_order.inner(points, weights) + np.array([float(test.constant) for test in tests])
    nearest: NDArray[np.float64] = np.abs(levels / [fixed_order.length(row) for row in weights]).min(axis=1).round(12)
    return nearest


# --- exact volumes of polytopes with rational sides
#
# Lasserre's recursion (J. B. Lasserre, "An analytical expression and an algorithm for the volume of a convex
# polyhedron in Rⁿ", 1983): the volume of {x : a_i·x ≤ b_i} in d dimensions is (1/d) Σ_i (b_i / |a_ij|) · the volume
# of facet i with the coordinate x_j eliminated, for any j with a_ij ≠ 0. All of it is in fractions, so nothing is
# rounded.


Side = tuple[tuple[Fraction, ...], Fraction]
"""(a, b): the points with a·x ≤ b."""


def volume(sides: Sequence[Side]) -> Fraction:
    """Volume of a bounded polytope; 0 if it is empty or flat.

    Args:
        sides: at least one, all over the same number of coordinates.
    """
    kept = _strongest(sides)
    if kept is None:
        return Fraction(0)
    d = len(sides[0][0])
    if d == 1:
        low = max((b / a[0] for a, b in kept if a[0] < 0), default=Fraction(0))
        high = min((b / a[0] for a, b in kept if a[0] > 0), default=Fraction(0))
        return max(high - low, Fraction(0))
    total = Fraction(0)
    for number, (a, b) in enumerate(kept):
        if b == 0:
            continue  # the facet is in a plane through the origin, and adds nothing
        j = next(i for i, number_ in enumerate(a) if number_ != 0)
        others = [_eliminated(other, (a, b), j) for n, other in enumerate(kept) if n != number]
        total += b / abs(a[j]) * volume(others)
    return total / d


def _eliminated(side: Side, on: Side, j: int) -> Side:
    """A side where x_j is what it is on the plane a·x = b."""
    (a, b), (plane, level) = side, on
    factor = a[j] / plane[j]
    row = tuple(x - factor * y for i, (x, y) in enumerate(zip(a, plane, strict=True)) if i != j)
    return row, b - factor * level


def _strongest(sides: Sequence[Side]) -> list[Side] | None:
    """Of parallel sides the one that cuts most; None if no point fulfils a side without coordinates."""
    best: dict[tuple[Fraction, ...], Fraction] = {}
    for a, b in sides:
        size = sum((abs(x) for x in a), Fraction(0))
        if size == 0:
            if b < 0:
                return None
            continue
        key = tuple(x / size for x in a)
        best[key] = min(best.get(key, b / size), b / size)
    return list(best.items())
