"""Whether some oblique direction meets linear bounds on the output, cell by cell, exact for piecewise-linear networks.

The directions d with w·d = 1 are written as base + Σ z_k · axis_k in rational numbers. Condition by condition and
neuron by neuron the sign of each pre-activation is fixed, which keeps everything above it affine in z; a branch ends
once its inequalities contradict each other (:mod:`analysis.directions.polyhedra`). At the output the bounds themselves
are inequalities. A point found on the way is kept, so a branch that holds it costs no programme.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fractions import Fraction
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from analysis.directions.polyhedra import Existence, Inequality, common_point
from analysis.networks.network import Network

Array = NDArray[np.float64]
Form = tuple[tuple[Fraction, ...], Fraction]  # factors of z, constant
MAX_PROGRAMMES: Final = 2_000  # linear programmes for one family, before answers are "undecided"


class Case(NamedTuple):
    """One condition: the network must decide ``wanted`` at ``start + sign · d``."""

    start: Array
    sign: int
    wanted: int


class Side(NamedTuple):
    """A bound on the output's pre-activation: ``sign · value ≤ bound``, or < if strict."""

    sign: int
    bound: Fraction
    strict: bool


class CellSearch:
    """Looks for a direction among the cells of one family.

    Args:
        network: cut to one output, piecewise linear above the layer.
        layer: on which the directions lie.
        weights: ``[width]`` w, not 0.
    """

    def __init__(self, network: Network, layer: int, weights: Array) -> None:
        self._network, self._layer, self._weights = network, layer, weights
        self.n_programmes = 0

    def exists(self, conditions: Sequence[tuple[Case, Sequence[Side]]]) -> tuple[Existence, Array | None]:
        """Whether some d meets all conditions.

        Args:
            conditions: for each case the bounds under which it counts as met.

        Returns:
            "none", proved; "some" with a direction that meets them in floats; or "undecided".
        """
        base, axes = self._frame()
        starts: list[list[Form]] = [
            [
                (tuple(case.sign * axis[i] for axis in axes), Fraction(float(case.start[i])) + case.sign * base[i])
                for i in range(len(base))
            ]
            for case, _ in conditions
        ]
        is_open = False

        def descend(number: int, inequalities: list[Inequality], point: Array) -> Array | None:
            nonlocal is_open
            if number == len(conditions):
                return point
            for reached, here in self._cells(
                starts[number], self._layer + 1, conditions[number][1], inequalities, point
            ):
                if here is None:
                    is_open = True
                    continue
                found = descend(number + 1, reached, here)
                if found is not None:
                    return found
            return None

        found = descend(0, [], np.zeros(len(axes)))
        if found is None:
            return ("undecided" if is_open else "none"), None
        z = [Fraction(float(x)) for x in found]
        moved = [
            b + sum((x * axis[i] for x, axis in zip(z, axes, strict=True)), Fraction(0)) for i, b in enumerate(base)
        ]
        return "some", np.array([float(x) for x in moved])

    def _frame(self) -> tuple[list[Fraction], list[list[Fraction]]]:
        """Base and axes: the neuron with the largest weight makes up for the others."""
        weights = [Fraction(w) for w in self._weights.tolist()]
        pivot = int(np.argmax(np.abs(self._weights)))
        base = [Fraction(0)] * len(weights)
        base[pivot] = 1 / weights[pivot]
        axes = []
        for other in range(len(weights)):
            if other != pivot:
                axis = [Fraction(0)] * len(weights)
                axis[other], axis[pivot] = Fraction(1), -weights[other] / weights[pivot]
                axes.append(axis)
        return base, axes

    def _cells(
        self,
        forms: Sequence[Form],
        layer: int,
        sides: Sequence[Side],
        inequalities: list[Inequality],
        point: Array,
    ) -> Iterator[tuple[list[Inequality], Array | None]]:
        """The cells of one case inside a polyhedron that meet its bounds, with a point of each or None: open."""
        weights, biases = self._network.weights[layer - 1].tolist(), self._network.biases[layer - 1].tolist()
        before = [
            _combined([Fraction(w) for w in row], Fraction(bias), forms)
            for row, bias in zip(weights, biases, strict=True)
        ]
        if layer < len(self._network.weights):
            yield from self._signs(before, [], layer, sides, inequalities, point)
            return
        factors, constant = before[0]
        bounds = [
            Inequality(tuple(side.sign * f for f in factors), side.sign * constant - side.bound, side.strict)
            for side in sides
        ]
        existence, inside = self._point([*inequalities, *bounds], len(point))
        if existence != "none":
            yield [*inequalities, *bounds], inside

    def _signs(
        self,
        before: Sequence[Form],
        after: list[Form],
        layer: int,
        sides: Sequence[Side],
        inequalities: list[Inequality],
        point: Array,
    ) -> Iterator[tuple[list[Inequality], Array | None]]:
        """The same with the signs of the layer's first neurons fixed, as many as there are forms ``after`` them."""
        if len(after) == len(before):
            yield from self._cells(after, layer + 1, sides, inequalities, point)
            return
        factors, constant = before[len(after)]
        activation = self._network.activation_of(layer)
        if activation == "linear":
            form = before[len(after)]
            yield from self._signs(before, [*after, form], layer, sides, inequalities, point)
            return
        slope = Fraction(self._network.negative_slope or 0.0) if activation == "leaky_relu" else Fraction(0)
        on = Inequality(tuple(-f for f in factors), -constant, True)
        off = Inequality(factors, constant, False)
        value = sum((f * Fraction(float(x)) for f, x in zip(factors, point, strict=True)), constant)
        for inequality, scale, holds in ((on, Fraction(1), value > 0), (off, slope, value <= 0)):
            existence, inside = ("some", point) if holds else self._point([*inequalities, inequality], len(point))
            if inside is None:
                if existence != "none":
                    yield [*inequalities, inequality], None
                continue
            form = (tuple(scale * f for f in factors), scale * constant)
            yield from self._signs(before, [*after, form], layer, sides, [*inequalities, inequality], inside)

    def _point(self, inequalities: Sequence[Inequality], dimension: int) -> tuple[Existence, Array | None]:
        if self.n_programmes >= MAX_PROGRAMMES:
            return "undecided", None
        self.n_programmes += 1
        return common_point(inequalities, dimension)


def _combined(row: Sequence[Fraction], bias: Fraction, forms: Sequence[Form]) -> Form:
    """A neuron's pre-activation as an affine function of z."""
    factors = tuple(
        sum((w * form[0][axis] for w, form in zip(row, forms, strict=True)), Fraction(0))
        for axis in range(len(forms[0][0]))
    )
    return factors, sum((w * form[1] for w, form in zip(row, forms, strict=True)), bias)
