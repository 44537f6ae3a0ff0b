"""Criterion of robustness: whether a circuit decides as the network does on a ball around each clean input: certified,
not sampled.

1. The same random points for all circuits remove most of those that differ somewhere; each witness is checked.
2. Two inputs and piecewise-linear neurons: convex polygons without rounding
   (:mod:`pluriscope_methods.robustness.polygons`).
3. Otherwise: sound bounds and bisection (:mod:`pluriscope_methods.robustness.intervals`).

Source: Hadad, Katz and Bassan, ICLR 2026 (arXiv:2602.16823): input-domain robustness, here on decisions.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from pluriscope.analysis.criteria import circuits
from pluriscope.analysis.criteria.criterion import Criterion, Parameter, Settings
from pluriscope.analysis.criteria.population import Population
from pluriscope.analysis.criteria.verdict import Verdict, Verdicts, put_together
from pluriscope.analysis.questions.decisions import decide
from pluriscope.analysis.subjects.perceptron.mlp import forward, keep_matrices
from pluriscope_methods.robustness.intervals import Answer, bisect, decided_alike
from pluriscope_methods.robustness.noise import points_around
from pluriscope_methods.robustness.polygons import SquareCells
from pluriscope_methods.robustness.programs import Program, Region, circuit_program, decision_regions, network_program

_N_POINTS: Final = 64
_SEED: Final = 0
_INWARD: Final = 1 - 1e-9  # so that rounding leads no point out of its ball
_METHODS: Final = {"polygons": "by convex polygons without rounding", "bounds": "by interval bounds and bisection"}


@dataclass(frozen=True, eq=False)
class _Balls:
    """The network on the balls around the clean inputs, with what can be found out once for all circuits."""

    population: Population
    radius: float
    budget: int
    _squares: dict[int, SquareCells] = field(default_factory=dict, init=False, repr=False)

    @cached_property
    def network(self) -> Program:
        return network_program(self.population.question.network)

    @cached_property
    def regions(self) -> tuple[Region, ...]:
        return decision_regions(self.population.question.network, self.population.question.protocol.circuit_decision)

    @cached_property
    def with_polygons(self) -> bool:
        return self.network.activation.below is not None and self.network.n_free == 2

    @cached_property
    def points(self) -> NDArray[np.float64]:
        """The points that are tried in each ball, random ones, then the corners, ``[balls, points, n0]``."""
        rows = self.population.question.clean_rows
        n_inputs = rows.shape[1]
        signs = (np.arange(2**n_inputs)[:, None] >> np.arange(n_inputs)) & 1
        radius = self.radius * _INWARD
        corners = rows[:, None] + radius * (2.0 * signs - 1.0)
        return np.concatenate([points_around(rows, radius, _N_POINTS, seed=_SEED), corners], axis=1)

    def square(self, ball: int) -> SquareCells:
        if ball not in self._squares:
            x, y = self.population.question.clean_rows[ball].tolist()
            self._squares[ball] = SquareCells(self.network, self.regions, (x, y), self.radius)
        return self._squares[ball]

    def sampled(self) -> NDArray[np.int64]:
        """Find a ball and one of its points where each circuit is decided otherwise, ``[circuits, 2]``, else −1."""
        population, rule = self.population, self.population.question.protocol.circuit_decision
        absent = population.question.absent
        found = np.full((len(population), 2), -1, dtype=np.int64)
        with np.errstate(over="ignore", invalid="ignore"):
            expected = [decide(forward(population.question.network, around)[:, 0], rule) for around in self.points]
        for part in circuits.parts(population, "sampling balls", self.points.shape[1]):
            for ball, around in enumerate(self.points):
                population.work.check()
                differ = decide(circuits.outputs(population, part, around, absent), rule) != expected[ball]
                new = differ.any(axis=1) & (found[part, 0] < 0)
                found[part][new] = np.stack([np.full(new.sum(), ball), differ[new].argmax(axis=1)], axis=1)
        return found

    def program(self, position: int) -> Program:
        population = self.population
        keep = [one[0] for one in keep_matrices(population.items[position : position + 1], population.question.layout)]
        return circuit_program(population.question.network, keep, population.question.absent)

    def checked(self, position: int, ball: int, point: int) -> Verdict | None:
        """Return the verdict if a point where floats differ is one where sound bounds do so too; else None."""
        z = self.points[ball, point]
        judge = decided_alike(self.network, self.program(position), self.regions)
        if not judge(z[None], z[None])[1][0]:
            return None
        return Verdict("failed", "Decided differently at a random point.", self.witness(position, ball, z))

    def certified(self, position: int) -> Verdict:
        """Judge a circuit that agrees on all points tried, by a certificate."""
        circuit, population = self.program(position), self.population
        undecided: list[int] = []
        methods: list[str] = []
        for ball, centre in enumerate(population.question.clean_rows):
            population.work.check()
            answer, witness, method = self._on_ball(circuit, ball, centre)
            methods.append(method)
            if witness is not None:
                shown = self.witness(position, ball, np.array(witness))
                reason = f"Decided differently at a point found {_METHODS[method]}."
                return Verdict("failed", reason, shown)
            if answer == "undecided":
                undecided.append(ball)
        how = " and ".join(_METHODS[method] for method in sorted(set(methods)))
        if undecided:
            n_balls = f"{len(undecided)} of {len(methods)} balls"
            reason = f"Neither proved nor refuted on {n_balls} within the budget of {self.budget:,}, {how}."
            return Verdict("undecided", reason, {"centre": population.question.clean_rows[undecided[0]].tolist()})
        return Verdict("passed", f"Proved on all {len(methods)} balls, {how}.")

    def _on_ball(
        self, circuit: Program, ball: int, centre: NDArray[np.float64]
    ) -> tuple[Answer, tuple[float, ...] | None, str]:
        """The answer for one ball, a witness if it is refuted, and the method."""
        if circuit.layers == self.network.layers:
            return "proved", None, "bounds"  # the same function
        judge = decided_alike(self.network, circuit, self.regions)
        if self.with_polygons:
            found = self.square(ball).difference(circuit, exact=False)
            if found is None or not judge(np.array([found]), np.array([found]))[1][0]:
                found = self.square(ball).difference(circuit, exact=True)
            if found is None:
                return "proved", None, "polygons"
            return "refuted", (float(found[0]), float(found[1])), "polygons"
        low, high = np.nextafter(centre - self.radius, -np.inf), np.nextafter(centre + self.radius, np.inf)
        certificate = bisect(judge, low, high, self.budget)
        return certificate.answer, certificate.witness, "bounds"

    def witness(self, position: int, ball: int, point: NDArray[np.float64]) -> dict[str, Any]:
        population = self.population
        absent = population.question.absent
        return {
            "centre": population.question.clean_rows[ball].tolist(),
            "input": point.tolist(),
            "circuit": float(circuits.outputs(population.alone(position), slice(0, 1), point[None], absent)[0, 0]),
            "network": float(forward(population.question.network, point[None])[0, 0]),
        }


def _robust(population: Population, settings: Settings) -> Verdicts:
    balls = _Balls(population, float(settings["radius"]), int(settings["budget"]))
    verdicts = []
    for position, (ball, point) in enumerate(population.work.each("criteria", balls.sampled().tolist(), "balls")):
        refuted = balls.checked(position, ball, point) if ball >= 0 else None
        verdicts.append(refuted or balls.certified(position))
    return put_together(verdicts)


INPUT_ROBUST: Final = Criterion(
    key="input-robust",
    label="Robust on inputs",
    definition="On the whole of the L∞ ball around each clean input the circuit decides as the network does: proved, "
    "or else refuted with a witness, or undecided.",
    formula="for every x in D and every z with max_i |z_i − x_i| ≤ radius: d(f_C(z)) = d(f(z))",
    source="Hadad, Katz and Bassan, ICLR 2026 (arXiv:2602.16823): input-domain robustness, on decisions",
    judges={"circuit": _robust},
    method="Two inputs and piecewise-linear neurons: convex polygons without rounding, so the answer is exact for the "
    "stored numbers. Otherwise interval and mean-value bounds with bisection; sums are widened by more than their "
    "rounding error, and the ball by one float on each side, so a proof holds for real numbers. Edges of "
    "decisions are right to the last float. A circuit that differs at a random point is refuted by that point, once "
    "bounds confirm it.",
    parameters=(
        Parameter("radius", 0.1, 0.0, 10.0, "radius of the ball around each clean input"),
        Parameter(
            "budget",
            4096,
            1,
            1_000_000,
            "boxes for each ball and circuit before bisection gives up; polygons need none",
            whole=True,
        ),
    ),
    cost="slow",
    term="robustness",
)
