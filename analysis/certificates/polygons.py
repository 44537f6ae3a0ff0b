"""Where two piecewise-linear functions of two inputs are decided differently, exactly.

1. A square is cut by the line on which a neuron's pre-activation is 0, neuron by neuron and layer by layer, first those
   of one function, then those of the other. On each convex polygon that is left both functions are affine.
2. On a polygon, the points where one is decided as r and the other as s ≠ r are again a convex polygon, cut out by at
   most four lines. If it is not empty, it holds a point where they differ.

Arithmetic: floats look for a point that clears every line by 1e-9, which is quick. Without one, everything is done in
fractions without any tolerance, open and closed ends told apart; "there is none" is only ever said in fractions.
Source: Hadad, Katz and Bassan (arXiv:2602.16823) for the question; the method is ours.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any, Final

from analysis.certificates.programs import Program, Region

TOLERANCE: Final = 1e-9
_SPLIT_TOLERANCE: Final = 1e-12

Number = Any  # float or Fraction, never mixed
Point = tuple[Number, Number]
Polygon = list[Point]
Affine = tuple[Number, Number, Number]
"""a x + b y + c."""


@dataclass(frozen=True)
class Cell:
    """A convex polygon on which a function is affine."""

    polygon: Polygon
    value: Affine


def square(centre: Sequence[float], radius: float, *, exact: bool) -> Polygon:
    """The L∞ ball around a point of the plane, counter-clockwise."""
    number = Fraction if exact else float
    (x, y), r = (number(c) for c in centre), number(radius)
    return [(x - r, y - r), (x + r, y - r), (x + r, y + r), (x - r, y + r)]


def cells(program: Program, polygon: Polygon, *, exact: bool) -> Iterator[Cell]:
    """The polygons into which the neurons of a piecewise-linear program with two free numbers cut a polygon."""
    layers: Sequence[Any] = program.layers if exact else program.floats
    slope = program.slope
    if slope is None or program.n_free != 2:
        raise ValueError("polygons need a piecewise-linear program with two free numbers")
    yield from _walk(layers, Fraction(slope) if exact else slope, 0 if exact else _SPLIT_TOLERANCE, 0, polygon, [])


def _walk(
    layers: Sequence[Any], slope: Number, tolerance: Number, layer: int, polygon: Polygon, before: list[Affine]
) -> Iterator[Cell]:
    k, f, b = layers[layer]
    sums = [
        tuple(
            own + sum(weight * value[part] for weight, value in zip(k[i], before, strict=True))
            for part, own in enumerate((f[i][0], f[i][1], b[i]))
        )
        for i in range(len(b))
    ]
    if layer == len(layers) - 1:
        yield Cell(polygon, sums[0])
        return
    for piece, values in _bent(sums, slope, tolerance, polygon, []):
        yield from _walk(layers, slope, tolerance, layer + 1, piece, values)


def _bent(
    sums: list[Affine], slope: Number, tolerance: Number, polygon: Polygon, done: list[Affine]
) -> Iterator[tuple[Polygon, list[Affine]]]:
    """The pieces on which no neuron of a layer changes sign, with the neurons' values there."""
    if len(done) == len(sums):
        yield polygon, done
        return
    here = sums[len(done)]
    below = (here[0] * slope, here[1] * slope, here[2] * slope)
    at = [_at(here, point) for point in polygon]
    if slope == 1 or min(at) >= -tolerance:
        yield from _bent(sums, slope, tolerance, polygon, [*done, here])
    elif max(at) <= tolerance:
        yield from _bent(sums, slope, tolerance, polygon, [*done, below])
    else:
        yield from _bent(sums, slope, tolerance, _clipped(polygon, at), [*done, here])
        yield from _bent(sums, slope, tolerance, _clipped(polygon, [-value for value in at]), [*done, below])


def _at(affine: Affine, point: Point) -> Number:
    return affine[0] * point[0] + affine[1] * point[1] + affine[2]


def _clipped(polygon: Polygon, at: list[Number]) -> Polygon:
    """The part of a polygon where an affine function, given at its corners, is not negative."""
    kept: Polygon = []
    for (p, f), (q, g) in zip(zip(polygon, at, strict=True), _turned(list(zip(polygon, at, strict=True))), strict=True):
        if f >= 0:
            kept.append(p)
        if (f > 0 > g) or (f < 0 < g):
            t = f / (f - g)
            kept.append((p[0] + t * (q[0] - p[0]), p[1] + t * (q[1] - p[1])))
    return kept


def _turned(items: list[Any]) -> list[Any]:
    return items[1:] + items[:1]


def difference(network: Sequence[Cell], circuit: Program, regions: Sequence[Region], *, exact: bool) -> Point | None:
    """A point at which circuit and network are decided differently.

    Args:
        network: the cells of the network on the square, from :func:`cells` with the same ``exact``.
        circuit: piecewise linear, with two free numbers.
        regions: decisions by the output's pre-activation.
        exact: fractions; else floats.

    Returns:
        A point, or None: if exact there is none, else none was found.
    """
    for whole in network:
        for part in cells(circuit, whole.polygon, exact=exact):
            point = _difference_in(part.polygon, whole.value, part.value, regions, exact)
            if point is not None:
                return point
    return None


def _difference_in(
    polygon: Polygon, network: Affine, circuit: Affine, regions: Sequence[Region], exact: bool
) -> Point | None:
    first_span, second_span = ([_at(one, point) for point in polygon] for one in (network, circuit))
    for first in regions:
        if not _touches(first_span, first):
            continue
        for second in regions:
            if second.decision == first.decision or not _touches(second_span, second):
                continue
            bounds = [*_bounds(network, first, exact), *_bounds(circuit, second, exact)]
            piece = _within(polygon, bounds, 0 if exact else -TOLERANCE)
            if piece and all(any(_at(one, p) > 0 for p in piece) for one, is_open in bounds if is_open):
                return _middle(piece)
    return None


def _touches(values: list[Number], region: Region) -> bool:
    return bool(max(values) >= region.low and min(values) <= region.high)


def _bounds(value: Affine, region: Region, exact: bool) -> Iterator[tuple[Affine, bool]]:
    """Affine functions that are not negative where a value lies in a region, and whether they must be positive."""
    number = Fraction if exact else float
    if region.low > -float("inf"):
        yield (value[0], value[1], value[2] - number(region.low)), region.low_open
    if region.high < float("inf"):
        yield (-value[0], -value[1], number(region.high) - value[2]), region.high_open


def _within(polygon: Polygon, bounds: Sequence[tuple[Affine, bool]], slack: Number) -> Polygon:
    """The part where all bounds are at least −slack."""
    for one, _ in bounds:
        if not polygon:
            break
        polygon = _clipped(polygon, [_at(one, point) + slack for point in polygon])
    return polygon


def _middle(polygon: Polygon) -> Point:
    """The mean of the corners: inside, and strictly so with respect to each line that some corner is not on."""
    return sum(p[0] for p in polygon) / len(polygon), sum(p[1] for p in polygon) / len(polygon)


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

    def difference(self, circuit: Program, *, exact: bool) -> Point | None:
        """A point of the square at which they are decided differently; see :func:`difference`."""
        return difference(self._cells(exact), circuit, self.regions, exact=exact)
