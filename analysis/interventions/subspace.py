"""The subspace value: linear directions of a hidden layer, a site where an intervention writes and a variable may live.

A subspace is k read-outs (rows of W, one for a direction) and k swap directions (rows of D, W itself unless given). To
interchange it means to give the read-outs their values on the source by the change along the swap directions that does
so:

    h' = h_b + Dᵀ (W Dᵀ)⁻¹ (W h_s − W h_b)

With one row w and D = W this is the orthogonal projection h_b + (w·h_s − w·h_b) · w/|w|²; with one row and another swap
direction d an oblique one; with k orthonormal rows the subspace interchange of Geiger et al. ("Finding Alignments
Between Interpretable Causal Variables and Distributed Neural Representations", 2024). With unit vectors it is the
interchange of neurons. w and its multiples are the same interchange; a subspace keeps the multiple that it was given,
for it is what reads.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from operator import mul
from typing import Final

import numpy as np
from numpy.typing import NDArray

from pluriscope.analysis.errors import InvalidPlacement
from pluriscope.analysis.interventions.neuron_set import NeuronSet

Row = tuple[float, ...]

CURE: Final = "write PATH@LAYER=w1,w2,… for each variable, joined by ;, with /d1,d2,… where the swap is oblique"
_FURTHEST: Final = 10**9  # how far the layer may move, as a multiple of a step along the read-out that sets as much
_LARGEST: Final = 1e150
_TEXT: Final = re.compile(r"([1-9]\d{0,2})=([^/]+)(?:/(.+))?")
_NUMBER: Final = re.compile(r"-?(0|[1-9]\d*)(\.\d+)?(e-?\d+)?")


@dataclass(frozen=True, order=True)
class Subspace:
    """The span of linear directions of a hidden layer; build it with :meth:`of`.

    Args:
        layer: 1 for the first hidden layer.
        reads: ``[k][width]`` read-outs W, linearly independent.
        swaps: ``[k][width]`` swap directions D; empty where they are the read-outs.
    """

    layer: int
    reads: tuple[Row, ...]
    swaps: tuple[Row, ...] = ()

    @classmethod
    def of(
        cls,
        layer: int,
        reads: Iterable[Iterable[float]] | NDArray[np.float64],
        swaps: Iterable[Iterable[float]] | NDArray[np.float64] = (),
    ) -> Subspace:
        """A place whose numbers are in canonical form (no −0, no NumPy type).

        Raises:
            InvalidPlacement: rows of unequal length, a number that is not finite, or rows along which nothing can be
                set: more than the layer's width, linearly dependent, or swap directions that leave a read-out as it is.
        """
        subspace = cls(layer, _rows(reads), _rows(swaps))
        if subspace.swaps == subspace.reads:
            subspace = cls(layer, subspace.reads)
        problem = subspace.problem
        if problem:
            raise InvalidPlacement(f"direction on layer {layer}", problem, CURE)
        return subspace

    @classmethod
    def on_neurons(cls, site: NeuronSet, width: int) -> Subspace:
        """A neuron set as a place: interchanging it is interchanging the neurons."""
        return cls.of(site.layer, np.eye(width)[list(site.neurons)])

    @property
    def problem(self) -> str:
        """The reason why these directions are no subspace, a clause; "" if they are."""
        width = len(self.reads[0]) if self.reads else 0
        rows = (*self.reads, *self.swaps)
        if not width or any(len(row) != width for row in rows) or len(self.swaps) not in (0, len(self.reads)):
            return "has rows of different lengths, or none"
        if len(self.reads) > width:
            return f"has {len(self.reads)} rows in a layer of {width} neurons"
        if not all(np.isfinite(number) and abs(number) < _LARGEST for row in rows for number in row):
            return "holds a number that is not finite, or is too large to be squared"
        if any(0 < max(map(abs, row)) < 1 / _LARGEST for row in rows):
            return "has a row that is too small to be squared"
        if swap_rows([self]) is None:
            return "has read-outs that cannot be set along its swap directions"
        return ""

    def check(self, path: str, width: int) -> None:
        """Check that a layer of that width has the directions on which a variable is placed.

        Raises:
            InvalidPlacement: it does not.
        """
        given = len(self.reads[0])
        if width != given:
            raise InvalidPlacement(
                f"direction of variable {path}",
                f"has {given} numbers for {width} neurons of layer {self.layer}",
                "give one number for each neuron",
            )

    @property
    def dimension(self) -> int:
        """The number of directions, k."""
        return len(self.reads)

    @cached_property
    def text(self) -> str:
        """The directions as text, without their variable: ``1=1,0,-1``."""
        return f"{self.layer}={_rows_text(self.reads)}" + (f"/{_rows_text(self.swaps)}" if self.swaps else "")

    @property
    def matrix(self) -> NDArray[np.float64]:
        """The read-outs, ``[k, width]``."""
        return np.array(self.reads)


def parse_subspace(text: str) -> Subspace:
    """The subspace of a text as of :attr:`Subspace.text`.

    Raises:
        InvalidPlacement: a text that no subspace has.
    """
    match = _TEXT.fullmatch(text)
    if match is None:
        raise InvalidPlacement(f"directions {text[:80]!r}", "name no layer and direction", CURE)
    layer, reads, swaps = match.groups()
    return Subspace.of(int(layer), _parsed(reads), _parsed(swaps) if swaps else ())


def _parsed(text: str) -> list[list[float]]:
    rows = []
    for row in text.split("_"):
        numbers = row.split(",")
        if not all(len(number) <= 32 and _NUMBER.fullmatch(number) for number in numbers):
            raise InvalidPlacement(f"directions {row[:80]!r}", "are not decimal numbers joined by commas", CURE)
        rows.append([float(number) for number in numbers])
    return rows


def swap_rows(subspaces: Iterable[Subspace]) -> NDArray[np.float64] | None:
    """Compute by how much the layer moves for each unit of each read-out, all other read-outs kept, ``[k, width]``.

    The numbers of a place are taken as exactly what they are, so E is the exact solution, each number rounded once.

    Args:
        subspaces: of one layer; their read-outs are taken together.

    Returns:
        E with ``W Eᵀ = 1`` and rows in the span of the swap directions. None if there is none: if to change a read-out
        by as much as a step along it would, the layer had to move 10⁹ times as far, or could not at all. For
        orthogonal swaps this is an angle between a read-out and the span of the others with a sine below 1e-9; for a
        single oblique one, a swap direction within such an angle of those that leave the read-out as it is.
    """
    together = list(subspaces)
    reads = [_whole_numbers(row) for subspace in together for row in subspace.reads]
    swaps = [_whole_numbers(row) for subspace in together for row in subspace.swaps or subspace.reads]
    if len(reads) > len(reads[0][0]):
        return None
    crossed = [[sum(map(mul, swap, read)) for read, _ in reads] for swap, _ in swaps]
    solved = _solved(crossed, [swap for swap, _ in swaps])
    if solved is None:
        return None
    rows, determinant = solved  # rows / determinant moves each read-out, as whole numbers, by 1
    moved = np.empty((len(reads), len(reads[0][0])))
    for row, ((read, exponent), numerators) in enumerate(zip(reads, rows, strict=True)):
        if sum(map(mul, numerators, numerators)) * sum(map(mul, read, read)) > _FURTHEST**2 * determinant**2:
            return None
        moved[row] = [(number << exponent) / determinant for number in numerators]
    return moved


def _whole_numbers(row: Row) -> tuple[list[int], int]:
    """Whole numbers n and an exponent e ≥ 0 such that the row is ``n / 2^e``."""
    ratios = [number.as_integer_ratio() for number in row]
    exponent = max(denominator for _, denominator in ratios).bit_length() - 1  # denominators are powers of two
    return [numerator * ((1 << exponent) // denominator) for numerator, denominator in ratios], exponent


def _solved(matrix: list[list[int]], sides: list[list[int]]) -> tuple[list[list[int]], int] | None:
    """X and d with ``matrix · X = d · sides`` in whole numbers, d ≠ 0; None for a singular matrix.

    Fractions never occur: each step divides by the pivot before, without remainder (Bareiss 1968).
    """
    n, before = len(matrix), 1
    rows = [[*left, *right] for left, right in zip(matrix, sides, strict=True)]
    for column in range(n):
        chosen = next((row for row in range(column, n) if rows[row][column]), None)
        if chosen is None:
            return None
        rows[column], rows[chosen] = rows[chosen], rows[column]
        pivot = rows[column]
        for row in range(n):
            if row != column:
                factor = rows[row][column]
                rows[row] = [
                    (pivot[column] * number - factor * above) // before
                    for number, above in zip(rows[row], pivot, strict=True)
                ]
        before = pivot[column]
    return [row[n:] for row in rows], before


def number_text(number: float) -> str:
    """The shortest decimal that reads back as the same float64, without ``+``, ``.0`` and ``e-05``'s zero."""
    if number == int(number) and abs(number) < 1e16:
        return str(int(number))
    mantissa, _, exponent = repr(number).partition("e")
    return f"{mantissa.removesuffix('.0')}e{int(exponent)}" if exponent else mantissa


def _rows(rows: Iterable[Iterable[float]] | NDArray[np.float64]) -> tuple[Row, ...]:
    return tuple(tuple(float(number) + 0.0 for number in row) for row in rows)


def _rows_text(rows: Iterable[Row]) -> str:
    return "_".join(",".join(map(number_text, row)) for row in rows)
