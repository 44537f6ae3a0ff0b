"""What the cloud shows: every place where explanations stand, or, of too many places, cells of a stated grid.

A cell takes the places of one kind between two accuracies and two coverages, the lower bound included, the upper not;
its bounds are short decimals, so that the list's own filters name exactly what is in it. Of each kind the most and the
least accurate place, the widest and the narrowest, stay marks of their own and are in no cell.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from app.db.reads.common_ground import CloudPoint

MOST_MARKS: Final = 800
GRIDS: Final = (  # from fine to coarse: steps of accuracy, and leading digits of bounds of coverage
    (200, tuple(range(10, 100))),
    (100, tuple(range(10, 100))),
    (50, tuple(range(10, 100))),
    (50, tuple(range(10, 100, 10))),
    (20, tuple(range(10, 100, 10))),
    (20, (10, 20, 50)),
    (10, (10,)),
)


@dataclass(frozen=True)
class Span:
    """Shares from ``low`` on and below ``below``; ``below`` is None where nothing lies beyond.

    Args:
        low: included.
        below: not included.
    """

    low: float
    below: float | None


@dataclass(frozen=True)
class Cell:
    """One mark of the cloud: a place, or the places of a kind in a cell of the grid.

    Args:
        place: where the mark stands: where most of its explanations do, of several such places the most accurate.
        places: how many places it takes together.
        count: points in them.
        interpretations: members of the classes among them.
        accuracy: bounds, None for one place.
        coverage: likewise.
        right: least and largest accuracy of its places, as they are.
        predicted: fewest and most interventions that one of them predicts.
        besides: places within the bounds that are marks of their own: predicted and right.
    """

    place: CloudPoint
    places: int
    count: int
    interpretations: int
    accuracy: Span | None = None
    coverage: Span | None = None
    right: tuple[float, float] = (0.0, 1.0)
    predicted: tuple[int, int] = (0, 0)
    besides: tuple[tuple[int, int], ...] = ()

    @property
    def kind(self) -> int:
        return self.place.kind


@dataclass(frozen=True)
class Grid:
    """The grid of a cloud.

    Args:
        steps: of accuracy between 0 and 1.
        per_decade: of coverage, in each power of ten.
    """

    steps: int
    per_decade: int


@dataclass(frozen=True)
class Marks:
    """All marks of a cloud.

    Args:
        cells: at most :data:`MOST_MARKS`.
        grid: None where every place is a mark.
        places: how many there are.
    """

    cells: tuple[Cell, ...]
    grid: Grid | None
    places: int


def marks_of(points: Sequence[CloudPoint], n_interventions: int, *, most: int = MOST_MARKS) -> Marks:
    """A mark for each place where these are few enough, else cells of the finest grid that makes them so.

    Args:
        points: every place.
        n_interventions: that coverage is a share of.
        most: marks; at least some hundred, which the coarsest grid stays within.
    """
    if len(points) <= most:
        return Marks(tuple(_alone(one) for one in points), None, len(points))
    apart = _extremes(points)
    rest = [one for one in points if one not in apart]
    least = min(one.predicted for one in points) / n_interventions
    for steps, leading in GRIDS:
        accuracies = [step / steps for step in range(steps + 1)]
        coverages = _coverages(least, leading)
        found: dict[tuple[int, int, int], list[CloudPoint]] = {}
        for one in rest:
            row = bisect_right(accuracies, one.accuracy) - 1
            column = bisect_right(coverages, one.predicted / n_interventions) - 1
            found.setdefault((one.kind, column, row), []).append(one)
        if len(found) + len(apart) <= most or (steps, leading) == GRIDS[-1]:
            break
    aside: dict[tuple[int, int, int], list[tuple[int, int]]] = {}
    for one in sorted(apart, key=lambda one: (one.predicted, one.right)):
        row = bisect_right(accuracies, one.accuracy) - 1
        column = bisect_right(coverages, one.predicted / n_interventions) - 1
        aside.setdefault((one.kind, column, row), []).append((one.predicted, one.right))
    cells = [_alone(one) for one in apart]
    for (kind, column, row), within in found.items():
        bounds = _span(accuracies, row), _span(coverages, column)
        cells.append(_together(within, *bounds, tuple(aside.get((kind, column, row), ()))))
    cells.sort(key=lambda cell: (cell.kind, cell.place.predicted, cell.place.right))
    return Marks(tuple(cells), Grid(steps, len(leading)), len(points))


def _coverages(least: float, leading: Sequence[int]) -> list[float]:
    """Bounds of coverage up to 1: short decimals with these two leading digits, from below the least on."""
    exponent = 0
    while 10.0**-exponent > least:
        exponent += 1
    return [float(f"{digits}e-{down + 1}") for down in range(exponent, 0, -1) for digits in leading] + [1.0]


def _span(bounds: Sequence[float], index: int) -> Span:
    return Span(bounds[index], bounds[index + 1] if index + 1 < len(bounds) else None)


def _alone(one: CloudPoint) -> Cell:
    accuracy = one.accuracy
    return Cell(
        one, 1, one.count, one.interpretations, right=(accuracy, accuracy), predicted=(one.predicted, one.predicted)
    )


def _together(
    within: Sequence[CloudPoint], accuracy: Span, coverage: Span, besides: tuple[tuple[int, int], ...]
) -> Cell:
    if len(within) == 1:
        return _alone(within[0])
    right = [one.accuracy for one in within]
    predicted = [one.predicted for one in within]
    return Cell(
        place=max(within, key=lambda one: (one.count, one.accuracy, one.predicted)),
        places=len(within),
        count=sum(one.count for one in within),
        interpretations=sum(one.interpretations for one in within),
        accuracy=accuracy,
        coverage=coverage,
        right=(min(right), max(right)),
        predicted=(min(predicted), max(predicted)),
        besides=besides,
    )


def _extremes(points: Sequence[CloudPoint]) -> frozenset[CloudPoint]:
    """Of each kind the most and the least accurate place, the widest and the narrowest."""
    found = set()
    for kind in {one.kind for one in points}:
        here = [one for one in points if one.kind == kind]
        found.add(max(here, key=lambda one: (one.accuracy, one.predicted)))
        found.add(min(here, key=lambda one: (one.accuracy, -one.predicted)))
        found.add(max(here, key=lambda one: (one.predicted, one.right)))
        found.add(min(here, key=lambda one: (one.predicted, -one.right)))
    return frozenset(found)
