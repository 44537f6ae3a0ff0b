"""Regions in which two piecewise-linear functions of two inputs are decided differently, exactly.

1. A square is cut by the line on which a neuron's pre-activation is 0, neuron by neuron and layer by layer, first those
   of one function, then those of the other. On each convex polygon that is left both functions are affine.
2. On a polygon, the points where one is decided as r and the other as s ≠ r are again a convex polygon, cut out by at
   most four lines. If it is not empty, it holds a point where they differ.

Arithmetic: floats look for a point that clears every line by 1e-9, which is quick. Without one, everything is done
without any rounding, open and closed ends distinguished; "there is none" is only ever said so. For that, points are
homogeneous integers (x/w, y/w), and coefficients, which are all multiples of a power of two, are integers in units of
it. Source: Hadad, Katz and Bassan (arXiv:2602.16823) for the question; the method is ours.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from math import gcd, lcm
from typing import Any, Final

from pluriscope_methods.robustness.programs import Program, Region

TOLERANCE: Final = 1e-9
_SPLIT_TOLERANCE: Final = 1e-12

Number = Any  # float or int, never mixed
Point = tuple[Number, Number, Number]
"""(x, y, w) for the point (x/w, y/w); w is positive, and 1 among floats."""
Polygon = list[Point]
Affine = tuple[Number, Number, Number]
"""a x + b y + c w."""
Place = tuple[Fraction, Fraction] | tuple[float, float]


@dataclass(frozen=True)
class Cell:
    """A convex polygon on which a function is affine.

    Args:
        polygon: its corners.
        value: the function, times the unit.
        unit: 1 among floats.
    """

    polygon: Polygon
    value: Affine
    unit: Number

    @property
    def corners(self) -> list[Place]:
        return [_place(point) for point in self.polygon]

    @property
    def values(self) -> list[Number]:
        """The function at the corners."""
        exact = isinstance(self.unit, int)
        return [
            Fraction(_at(self.value, point), point[2] * self.unit) if exact else _at(self.value, point)
            for point in self.polygon
        ]


def square(centre: Sequence[float], radius: float, *, exact: bool) -> Polygon:
    """The L∞ ball around a point of the plane, counter-clockwise."""
    signs = ((-1, -1), (1, -1), (1, 1), (-1, 1))
    if not exact:
        return [(centre[0] + i * radius, centre[1] + j * radius, 1.0) for i, j in signs]
    (x, y), r = (Fraction(c) for c in centre), Fraction(radius)
    w = lcm(x.denominator, y.denominator, r.denominator)
    return [(int((x + i * r) * w), int((y + j * r) * w), w) for i, j in signs]


@dataclass(frozen=True)
class _Numbers:
    """A program's coefficients as floats, or as integers in units of ``1 / unit``."""

    layers: Sequence[Any]
    slope: Number
    unit: Number
    tolerance: Number


def _numbers(program: Program, *, exact: bool) -> _Numbers:
    slope = program.activation.below
    if slope is None or program.n_free != 2:
        raise ValueError("polygons need a piecewise-linear program with two free numbers")
    if not exact:
        return _Numbers(program.floats, slope, 1.0, _SPLIT_TOLERANCE)
    bend = Fraction(slope)
    parts = [number for k, f, b in program.layers for row in (*k, *f, b) for number in row]
    unit = lcm(bend.denominator, *(number.denominator for number in parts))

    def whole(row: Sequence[Fraction]) -> list[int]:
        return [number.numerator * (unit // number.denominator) for number in row]

    layers = [([whole(row) for row in k], [whole(row) for row in f], whole(b)) for k, f, b in program.layers]
    return _Numbers(layers, whole([bend])[0], unit, 0)


def cells(program: Program, polygon: Polygon, *, exact: bool) -> Iterator[Cell]:
    """The polygons into which the neurons of a piecewise-linear program with two free numbers cut a polygon."""
    yield from _walk(_numbers(program, exact=exact), 0, polygon, [], 1)


def _walk(numbers: _Numbers, layer: int, polygon: Polygon, before: list[Affine], unit: Number) -> Iterator[Cell]:
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
    if slope == up or min(at) >= -numbers.tolerance:
        yield from _bent(numbers, sums, polygon, [*done, above])
    elif max(at) <= numbers.tolerance:
        yield from _bent(numbers, sums, polygon, [*done, below])
    else:
        yield from _bent(numbers, sums, _clipped(polygon, at), [*done, above])
        yield from _bent(numbers, sums, _clipped(polygon, [-value for value in at]), [*done, below])


def _at(affine: Affine, point: Point) -> Number:
    """The function at a point, times the point's w."""
    return affine[0] * point[0] + affine[1] * point[1] + affine[2] * point[2]


def _clipped(polygon: Polygon, at: list[Number]) -> Polygon:
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


def _crossing(p: Point, f: Number, q: Point, g: Number) -> Point:
    """Return the point of the segment from p to q at which a function is 0 that is f > 0 at p and g < 0 at q."""
    x, y, w = (f * b - g * a for a, b in zip(p, q, strict=True))
    if isinstance(w, int):
        common = gcd(x, y, w)
        return x // common, y // common, w // common
    return x / w, y / w, 1.0


def difference(network: Sequence[Cell], circuit: Program, regions: Sequence[Region], *, exact: bool) -> Place | None:
    """A point at which circuit and network are decided differently.

    Args:
        network: the cells of the network on the square, from :func:`cells` with the same ``exact``.
        circuit: piecewise linear, with two free numbers.
        regions: decisions by the output's pre-activation.
        exact: without rounding; else in floats.

    Returns:
        A point, or None: if exact there is none, else none was found.
    """
    numbers = _numbers(circuit, exact=exact)
    for whole in network:
        bounds = [_bounds(whole, region) for region in regions]
        for part in _walk(numbers, 0, whole.polygon, [], 1):
            point = _difference_in(part, bounds, regions, 0 if exact else -TOLERANCE)
            if point is not None:
                return point
    return None


_Bounds = list[tuple[Affine, bool]]
"""Functions that are not negative where a value lies in a region, and whether they must be positive."""


def _difference_in(part: Cell, network: Sequence[_Bounds], regions: Sequence[Region], slack: Number) -> Place | None:
    reached = [(region, bounds) for region, bounds in zip(regions, network, strict=True) if _touches(part, bounds)]
    for second in regions:
        if all(first.decision == second.decision for first, _ in reached):
            continue
        own = _bounds(part, second)
        if not _touches(part, own):
            continue
        for first, bounds in reached:
            if first.decision != second.decision:
                piece = _within(part.polygon, [*bounds, *own], slack)
                strict = [one for one, is_open in [*bounds, *own] if is_open]
                if piece and all(any(_at(one, point) > 0 for point in piece) for one in strict):
                    return _middle(piece)
    return None


def _touches(part: Cell, bounds: _Bounds) -> bool:
    return all(any(_at(one, point) >= 0 for point in part.polygon) for one, _ in bounds)


def _bounds(cell: Cell, region: Region) -> _Bounds:
    a, b, c = cell.value
    found: _Bounds = []
    for end, sign, is_open in ((region.low, 1, region.low_open), (region.high, -1, region.high_open)):
        if abs(end) == float("inf"):
            continue
        if isinstance(cell.unit, int):
            edge = Fraction(end) * cell.unit
            d = sign * edge.denominator
            found.append(((a * d, b * d, c * d - sign * edge.numerator), is_open))
        else:
            found.append(((sign * a, sign * b, sign * (c - end)), is_open))
    return found


def _within(polygon: Polygon, bounds: _Bounds, slack: Number) -> Polygon:
    """The part where all bounds are at least −slack; only floats take a slack."""
    for one, _ in bounds:
        if not polygon:
            break
        polygon = _clipped(polygon, [_at(one, point) + slack for point in polygon])
    return polygon


def _place(point: Point) -> Place:
    x, y, w = point
    return (Fraction(x, w), Fraction(y, w)) if isinstance(w, int) else (x / w, y / w)


def _middle(polygon: Polygon) -> Place:
    """The mean of the corners: inside, and strictly so with respect to each line that some corner is not on."""
    corners = [_place(point) for point in polygon]
    n = len(corners)
    return sum(x for x, _ in corners) / n, sum(y for _, y in corners) / n  # type: ignore[return-value]


@dataclass(frozen=True, eq=False)
class SquareCells:
    """A network on one square, cut once for all circuits that are compared with it.

    Args:
        network: piecewise linear, with two free numbers.
        regions: decisions by the output's pre-activation.
        centre: of the square.
        radius: of the square.
    """

    network: Program
    regions: Sequence[Region]
    centre: tuple[float, float]
    radius: float
    _known: dict[bool, list[Cell]] = field(default_factory=dict, init=False, repr=False)

    def _cells(self, exact: bool) -> list[Cell]:
        if exact not in self._known:
            start = square(self.centre, self.radius, exact=exact)
            self._known[exact] = list(cells(self.network, start, exact=exact))
        return self._known[exact]

    def difference(self, circuit: Program, *, exact: bool) -> Place | None:
        """A point of the square at which they are decided differently; see :func:`difference`."""
        return difference(self._cells(exact), circuit, self.regions, exact=exact)
