"""Convex polygons on which a piecewise-linear function of two inputs is affine, exactly.

A square is cut by the line on which a neuron's pre-activation is 0, neuron by neuron and layer by layer. On each convex
polygon that is left the function is affine.

Nothing is rounded: points are homogeneous integers (x/w, y/w), and coefficients, which are all multiples of a power of
two, integers in units of it. The method is ours.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import gcd, lcm
from typing import Any

from pluriscope_methods.robustness.programs import Program

Point = tuple[int, int, int]
"""(x, y, w) for the point (x/w, y/w); w is positive."""
Polygon = list[Point]
Affine = tuple[int, int, int]
"""a x + b y + c w."""
Place = tuple[Fraction, Fraction]


@dataclass(frozen=True)
class Cell:
    """A convex polygon on which a function is affine.

    Args:
        polygon: its corners.
        value: the function, times the unit.
        unit: of its coefficients.
    """

    polygon: Polygon
    value: Affine
    unit: int

    @property
    def corners(self) -> list[Place]:
        return [_place(point) for point in self.polygon]

    @property
    def values(self) -> list[Fraction]:
        """The function at the corners."""
        return [Fraction(_at(self.value, point), point[2] * self.unit) for point in self.polygon]


def square(centre: Sequence[float], radius: float) -> Polygon:
    """The L∞ ball around a point of the plane, counter-clockwise."""
    signs = ((-1, -1), (1, -1), (1, 1), (-1, 1))
    (x, y), r = (Fraction(c) for c in centre), Fraction(radius)
    w = lcm(x.denominator, y.denominator, r.denominator)
    return [(int((x + i * r) * w), int((y + j * r) * w), w) for i, j in signs]


@dataclass(frozen=True)
class _Numbers:
    """A program's coefficients as integers in units of ``1 / unit``."""

    layers: Sequence[Any]
    slope: int
    unit: int


def _numbers(program: Program) -> _Numbers:
    slope = program.activation.below
    if slope is None or program.n_free != 2:
        raise ValueError("polygons need a piecewise-linear program with two free numbers")
    bend = Fraction(slope)
    parts = [number for k, f, b in program.layers for row in (*k, *f, b) for number in row]
    unit = lcm(bend.denominator, *(number.denominator for number in parts))

    def whole(row: Sequence[Fraction]) -> list[int]:
        return [number.numerator * (unit // number.denominator) for number in row]

    layers = [([whole(row) for row in k], [whole(row) for row in f], whole(b)) for k, f, b in program.layers]
    return _Numbers(layers, whole([bend])[0], unit)


def cells(program: Program, polygon: Polygon) -> Iterator[Cell]:
    """The polygons into which the neurons of a piecewise-linear program with two free numbers cut a polygon."""
    yield from _walk(_numbers(program), 0, polygon, [], 1)


def _walk(numbers: _Numbers, layer: int, polygon: Polygon, before: list[Affine], unit: int) -> Iterator[Cell]:
    """Cells from a layer on, on a polygon where all neurons before it are affine, in units of ``1 / unit``."""
    k, f, b = numbers.layers[layer]
    sums = [
        tuple(
            own * unit + sum(weight * value[part] for weight, value in zip(k[i], before, strict=True))
            for part, own in enumerate((f[i][0], f[i][1], b[i]))
        )
        for i in range(len(b))
    ]
    unit = unit * numbers.unit
    if layer == len(numbers.layers) - 1:
        yield Cell(polygon, sums[0], unit)
        return
    for piece, values in _bent(numbers, sums, polygon, []):
        yield from _walk(numbers, layer + 1, piece, values, unit * numbers.unit)


def _bent(
    numbers: _Numbers, sums: list[Affine], polygon: Polygon, done: list[Affine]
) -> Iterator[tuple[Polygon, list[Affine]]]:
    """The pieces on which no neuron of a layer changes sign, with the neurons' values there."""
    if len(done) == len(sums):
        yield polygon, done
        return
    a, b, c = sums[len(done)]
    up, slope = numbers.unit, numbers.slope
    above, below = (a * up, b * up, c * up), (a * slope, b * slope, c * slope)
    at = [_at((a, b, c), point) for point in polygon]
    if slope == up or min(at) >= 0:
        yield from _bent(numbers, sums, polygon, [*done, above])
    elif max(at) <= 0:
        yield from _bent(numbers, sums, polygon, [*done, below])
    else:
        yield from _bent(numbers, sums, _clipped(polygon, at), [*done, above])
        yield from _bent(numbers, sums, _clipped(polygon, [-value for value in at]), [*done, below])


def _at(affine: Affine, point: Point) -> int:
    """The function at a point, times the point's w."""
    return affine[0] * point[0] + affine[1] * point[1] + affine[2] * point[2]


def _clipped(polygon: Polygon, at: list[int]) -> Polygon:
    """The part of a polygon where an affine function, given at its corners, is not negative."""
    kept: Polygon = []
    for i, (p, f) in enumerate(zip(polygon, at, strict=True)):
        following = (i + 1) % len(polygon)
        q, g = polygon[following], at[following]
        if f >= 0:
            kept.append(p)
        if (f > 0 > g) or (f < 0 < g):
            kept.append(_crossing(p, f, q, g) if f > 0 else _crossing(q, g, p, f))
    return kept


def _crossing(p: Point, f: int, q: Point, g: int) -> Point:
    """Return the point of the segment from p to q at which a function is 0 that is f > 0 at p and g < 0 at q."""
    x, y, w = (f * b - g * a for a, b in zip(p, q, strict=True))
    common = gcd(x, y, w)
    return x // common, y // common, w // common


def _place(point: Point) -> Place:
    x, y, w = point
    return Fraction(x, w), Fraction(y, w)
