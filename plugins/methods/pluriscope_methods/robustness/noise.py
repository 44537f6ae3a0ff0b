"""Agreement of circuit and network on inputs near the clean ones, from random points."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from pluriscope.analysis.circuits.estimating import share_interval
from pluriscope.analysis.criteria import circuits
from pluriscope.analysis.criteria.criterion import Criterion, Parameter, Settings
from pluriscope.analysis.criteria.population import Population
from pluriscope.analysis.criteria.verdict import Verdicts, Witness, verdicts_of
from pluriscope.analysis.questions.decisions import decide
from pluriscope.analysis.subjects.perceptron.mlp import forward

CONFIDENCE: Final = 0.95


def points_around(rows: NDArray[np.float64], radius: float, n_points: int, *, seed: int) -> NDArray[np.float64]:
    """Uniform points of the L∞ ball around each row, ``[rows, points, n0]``; the same for the same seed."""
    offsets = np.random.default_rng(seed).uniform(-radius, radius, (len(rows), n_points, rows.shape[1]))
    return rows[:, None] + offsets


def true_share(n_hits: int, n_draws: int) -> str:
    """Write the interval of the true share, from a share of random draws, as a clause."""
    low, high = share_interval(n_hits, n_draws, CONFIDENCE)
    return (
        f"by Clopper and Pearson the true share is between {float(low):.1%} and {float(high):.1%} "
        f"({CONFIDENCE:.0%} confidence)"
    )


def _agrees_near(population: Population, settings: Settings) -> Verdicts:
    n_points = int(settings["points"])
    points = points_around(population.question.clean_rows, settings["radius"], n_points, seed=int(settings["seed"]))
    absent, rule = population.question.absent, population.question.protocol.circuit_decision
    with np.errstate(over="ignore", invalid="ignore"):
        expected = [decide(forward(population.question.network, around)[:, 0], rule) for around in points]
    n_alike = np.empty((len(population), len(points)), dtype=np.int64)
    for part in circuits.parts(population, "input noise", n_points):
        for ball, around in enumerate(points):
            population.work.check()
            decisions = decide(circuits.outputs(population, part, around, absent), rule)
            n_alike[part, ball] = np.equal(decisions, expected[ball]).sum(axis=1)
    worst = n_alike.argmin(axis=1)
    numerators = n_alike.min(axis=1)

    def explain(position: int) -> tuple[str, Witness]:
        ball, alike = int(worst[position]), int(numerators[position])
        reason = (
            f"Around the worst clean input {alike:,} of {n_points:,} random points are decided as by the network; "
            f"{true_share(alike, n_points)}."
        )
        witness: dict[str, object] = {"centre": population.question.clean_rows[ball].tolist()}
        outputs = circuits.outputs(population.alone(position), slice(0, 1), points[ball], absent)[0]
        differ = np.flatnonzero(decide(outputs, rule) != expected[ball])
        if len(differ):
            point = points[ball][differ[0]]
            witness |= {
                "input": point.tolist(),
                "circuit": float(outputs[differ[0]]),
                "network": float(forward(population.question.network, point[None])[0, 0]),
            }
        return reason, witness

    passed = numerators >= settings["share"] * n_points
    return verdicts_of(passed, explain, numerators=numerators, denominators=n_points)


INPUT_NOISE: Final = Criterion(
    key="input-noise",
    label="Input noise",
    definition="Around each clean input, of uniform points in the L∞ ball at least the given share are decided as the "
    "network decides them; an estimate.",
    formula="for every x in D: share of z ~ U(B∞(x, radius)) with d(f_C(z)) = d(f(z))  ≥  share",
    source="after Friedman et al., 2024 (arXiv:2312.03656): agreement off the training distribution",
    judges={"circuit": _agrees_near},
    method="An estimate, the same for the same seed; the reason names Clopper and Pearson's 95% interval for the worst "
    "ball. `input-robust` asks the same question of every point.",
    direction="higher",
    parameters=(
        Parameter("radius", 0.1, 0.0, 10.0, "radius of the ball around each clean input"),
        Parameter("share", 0.99, 0.0, 1.0, "least share of points decided alike around each clean input"),
        Parameter("points", 1000, 1, 100_000, "random points around each clean input", "points", whole=True),
        Parameter("seed", 0, 0, 2**31 - 1, "seed of the random points", whole=True),
    ),
    score="share decided alike around the worst clean input",
    cost="bounded",
    term="robustness",
)
