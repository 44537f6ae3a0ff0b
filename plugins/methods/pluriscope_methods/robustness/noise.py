"""Agreement of circuit and network on inputs near the clean ones, from random points."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from pluriscope.analysis.circuits.estimating import share_interval
from pluriscope.analysis.criteria import circuits
from pluriscope.analysis.criteria.criterion import Criterion, Parameter, Settings
from pluriscope.analysis.criteria.cuts import SPENT, CutCircuits
from pluriscope.analysis.criteria.population import Population, PopulationOf
from pluriscope.analysis.criteria.verdict import Verdicts, Witness, same_for_all, verdicts_of
from pluriscope.analysis.questions.answers import largest
from pluriscope.analysis.questions.decisions import decide
from pluriscope.analysis.subjects.perceptron.mlp import forward

CONFIDENCE: Final = 0.95


def points_around(rows: NDArray[np.float64], radius: float, n_points: int, *, seed: int) -> NDArray[np.float64]:
    """Uniform points of the L∞ ball around each row ``[rows, …]``, ``[rows, points, …]``, the same for one seed."""
    offsets = np.random.default_rng(seed).uniform(-radius, radius, (len(rows), n_points, *rows.shape[1:]))
    return rows[:, None] + offsets


def true_share(n_hits: int, n_draws: int) -> str:
    """Write the interval of the true share, from a share of random draws, as a clause."""
    low, high = share_interval(n_hits, n_draws, CONFIDENCE)
    return (
        f"by Clopper and Pearson the true share is between {float(low):.1%} and {float(high):.1%} "
        f"({CONFIDENCE:.0%} confidence)"
    )


@dataclass(frozen=True)
class _Runs:
    """How a network and its circuits run on points.

    Args:
        rows: the clean ones, ``[rows, …]``.
        parts: the circuits that there are runs for, some at a time.
        whole: points → outputs of the network, ``[points, …]``.
        some: population, part of it and points → outputs of circuits, ``[circuits, points, …]``.
        decide: outputs → decisions, without the last axes.
    """

    rows: NDArray[np.float64]
    parts: Sequence[slice]
    whole: Callable[[NDArray[np.float64]], NDArray[np.float64]]
    some: Callable[[Any, slice, NDArray[np.float64]], NDArray[np.float64]]
    decide: Callable[[NDArray[np.float64]], NDArray[Any]]


def _of_perceptrons(population: Population, n_points: int) -> _Runs:
    question, rule = population.question, population.question.protocol.circuit_decision
    return _Runs(
        question.clean_rows,
        [*circuits.parts(population, "input noise", n_points)],
        lambda points: forward(question.network, points)[:, 0],
        lambda some, part, points: circuits.outputs(some, part, points, question.absent),
        lambda outputs: decide(outputs, rule),
    )


def _of_models(population: CutCircuits, n_points: int) -> _Runs:
    question, space = population.question.question, population.question.space
    n = population.question.within(np.full(len(population), n_points))
    size = max(1, space.batch * population.question.n_rows // n_points)
    everything = space.reduce(np.ones((1, space.n_bits), dtype=np.bool_))
    return _Runs(
        question.subject.inputs,
        [slice(start, min(start + size, n)) for start in range(0, n, size)],
        lambda points: space.outputs(everything, space.absent, points)[0],
        lambda some, part, points: space.outputs(some.items[part], space.absent, points),
        largest,
    )


def _agrees_near(population: PopulationOf[Any], settings: Settings) -> Verdicts:
    n_points = int(settings["points"])
    runs = (_of_models if population.kind == "cut" else _of_perceptrons)(population, n_points)
    if not np.issubdtype(runs.rows.dtype, np.floating):
        return same_for_all(len(population), "not_applicable", "Its inputs are tokens, not numbers.")
    points = points_around(runs.rows, settings["radius"], n_points, seed=int(settings["seed"]))
    n_alike, undecided = np.zeros((len(population), len(points)), dtype=np.int64), np.ones(len(population), dtype=bool)
    with np.errstate(over="ignore", invalid="ignore"):
        expected = [runs.decide(runs.whole(around)) for around in points]
    for part in runs.parts:
        for ball, around in enumerate(points):
            population.work.check()
            decisions = runs.decide(runs.some(population, part, around))
            n_alike[part, ball] = np.equal(decisions, expected[ball]).sum(axis=1)
        undecided[part] = False
    worst = n_alike.argmin(axis=1)
    numerators = n_alike.min(axis=1)

    def explain(position: int) -> tuple[str, Witness]:
        if undecided[position]:
            return SPENT, {}
        ball, alike = int(worst[position]), int(numerators[position])
        reason = (
            f"Around the worst clean input {alike:,} of {n_points:,} random points are decided as by the network; "
            f"{true_share(alike, n_points)}."
        )
        witness: dict[str, object] = {"centre": runs.rows[ball].tolist()}
        outputs = runs.some(population.alone(position), slice(0, 1), points[ball])[0]
        differ = np.flatnonzero(runs.decide(outputs) != expected[ball])
        if len(differ):
            point = points[ball][differ[0]]
            witness |= {
                "input": point.tolist(),
                "circuit": outputs[differ[0]].tolist(),
                "network": runs.whole(point[None])[0].tolist(),
            }
        return reason, witness

    passed = numerators >= settings["share"] * n_points
    return verdicts_of(passed, explain, numerators=numerators, denominators=n_points, undecided=undecided)


INPUT_NOISE: Final = Criterion(
    key="input-noise",
    label="Input noise",
    definition="Around each clean input, of uniform points in the L∞ ball at least the given share are decided as the "
    "network decides them; an estimate.",
    formula="for every x in D: share of z ~ U(B∞(x, radius)) with d(f_C(z)) = d(f(z))  ≥  share",
    source="after Friedman et al., 2024 (arXiv:2312.03656): agreement off the training distribution",
    judges={"circuit": _agrees_near, "cut": _agrees_near},
    method="An estimate, the same for the same seed; the reason names Clopper and Pearson's 95% interval for the worst "
    "ball. `input-robust` asks of every point whether it is decided right.",
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
