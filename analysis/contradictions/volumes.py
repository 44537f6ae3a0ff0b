"""Exact volumes of polytopes with rational sides.

Lasserre's recursion (J. B. Lasserre, "An analytical expression and an algorithm for the volume of a convex polyhedron
in Rⁿ", 1983): the volume of {x : a_i·x ≤ b_i} in d dimensions is (1/d) Σ_i (b_i / |a_ij|) · the volume of facet i with
the coordinate x_j eliminated, for any j with a_ij ≠ 0. All of it is in fractions, so nothing is rounded.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

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
