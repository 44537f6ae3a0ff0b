"""LIME: a line fitted to the outputs around each row, near points counting more.

Ribeiro, Singh and Guestrin, "Why Should I Trust You?" (KDD 2016). By flips every set of kept inputs is a point, so
nothing is drawn; by Gaussian draws the neighbourhood is a sample. A slope is the effect of keeping an input (flips), or
of half a unit of it (draws).
"""

from __future__ import annotations

from math import sqrt
from typing import Final

import numpy as np
from numpy.typing import NDArray

from analysis import fixed_order
from analysis.lenses.boolean_inputs import bit_of, outputs_by_input
from analysis.lenses.lens import APPLIES, Attribution, Fit, Lens, not_applicable
from analysis.method_settings import Setting, Settings
from analysis.networks.mlp import forward
from analysis.question import Question
from analysis.work import Work

Array = NDArray[np.float64]
MAX_RUNS: Final = 20_000_000
"""Runs of the network: rows by draws."""
_NOT_BOOLEAN: Final = "The rows stand for no Boolean inputs, of which some could be flipped; draw them instead."


def weighted_ridge(points: Array, outputs: Array, weights: Array, ridge: float) -> tuple[Array, float, float | None]:
    """Slopes ``[n]``, the constant, and the weighted share of variance explained, of a ridge regression.

    The constant is not penalised. The share is None where the outputs do not vary.

    Args:
        points: ``[points, n]``.
        outputs: ``[points]``.
        weights: ``[points]``, not all 0.
        ridge: what the squared length of the slopes costs.

    Returns:
        NaN for every slope where the equations have no single solution.
    """
    total = fixed_order.total_of(weights)
    centre = np.add.accumulate(weights[:, None] * points)[-1] / total
    middle = fixed_order.total_of(weights * outputs) / total
    moved, rest = points - centre, outputs - middle
    products = np.add.accumulate(weights[:, None, None] * moved[:, :, None] * moved[:, None, :])[-1]
    products = products + ridge * np.eye(points.shape[1])
    slopes = _solved(products, np.add.accumulate((weights * rest)[:, None] * moved)[-1])
    left = rest - fixed_order.inner(moved, slopes[None])[:, 0]
    spread = fixed_order.total_of(weights * rest * rest)
    share = 1.0 - fixed_order.total_of(weights * left * left) / spread if spread > 0.0 else None
    return slopes, middle - fixed_order.dot(slopes, centre), share


def _solved(matrix: Array, sides: Array) -> Array:
    """The solution of symmetric equations without negative eigenvalues, by elimination; NaN where a pivot is 0."""
    matrix, sides = matrix.copy(), sides.copy()
    n = len(sides)
    for k in range(n):
        if not matrix[k, k] > 0.0:
            return np.full(n, np.nan)
        for row in range(k + 1, n):
            share = matrix[row, k] / matrix[k, k]
            matrix[row] -= share * matrix[k]
            sides[row] -= share * sides[k]
    found = np.zeros(n)
    for k in range(n - 1, -1, -1):
        found[k] = (sides[k] - fixed_order.dot(matrix[k, k + 1 :], found[k + 1 :])) / matrix[k, k]
    return found


def nearness(squared: Array, width: float) -> Array:
    """The weight of points at these squared distances: LIME's kernel is the root of a Gaussian."""
    return fixed_order.exp_of_negative(-squared / (2.0 * width * width))


def _fit(question: Question, settings: Settings) -> Fit:
    if settings["draws"] == "flips":
        return APPLIES if question.data.boolean else not_applicable(_NOT_BOOLEAN)
    runs = len(question.method_rows[0]) * int(settings["samples"])
    if runs <= MAX_RUNS:
        return APPLIES
    return not_applicable(f"Every row's draws are {runs:,} runs of the network, above the limit of {MAX_RUNS:,}.")


def _milliseconds(question: Question, settings: Settings) -> float:
    return 0.0 if settings["draws"] == "flips" else 0.002 * len(question.method_rows[0]) * int(settings["samples"])


def _look(question: Question, settings: Settings, work: Work) -> Attribution | None:
    neighbourhood = _by_flips if settings["draws"] == "flips" else _by_draws
    ridge, slopes, constants, shares = float(settings["ridge"]), [], [], []
    for row in range(len(question.method_rows[0])):
        points, outputs, weights = neighbourhood(question, settings, row)
        found, constant, share = weighted_ridge(points, outputs, weights, ridge)
        if not np.isfinite(found).all():
            return None
        slopes.append(found)
        constants.append(constant)
        shares.append(share)
        work.check()
    return Attribution(np.array(slopes), intercepts=np.array(constants), r2=tuple(shares))


def _by_flips(question: Question, settings: Settings, row: int) -> tuple[Array, Array, Array]:
    """Every set of kept inputs, the others flipped: points ``[2^n, n]`` of 0 and 1, outputs, weights."""
    outputs, n_inputs = outputs_by_input(question), question.cut.n_inputs
    flipped = np.arange(len(outputs))
    bits = np.array([bit_of(axis, n_inputs) for axis in range(n_inputs)])
    kept = ((flipped[:, None] & bits) == 0).astype(np.float64)
    squared = n_inputs - np.add.accumulate(kept, axis=1)[:, -1]
    return kept, outputs[row ^ flipped], int(settings["copies"]) * nearness(squared, float(settings["width"]))


def _by_draws(question: Question, settings: Settings, row: int) -> tuple[Array, Array, Array]:
    """Draws from the rows' mean and deviation, the row itself first: scaled points, outputs, weights."""
    rows, n_draws = question.method_rows[0], int(settings["samples"])
    mean = fixed_order.mean(rows)
    spread = np.sqrt(fixed_order.mean((rows - mean) ** 2))
    spread = np.where(spread > 0.0, spread, 1.0)
    random = np.random.RandomState(int(settings["seed"]))
    inputs = random.normal(0, 1, n_draws * rows.shape[1]).reshape(n_draws, -1) * spread + mean
    inputs[0] = rows[row]
    points = (inputs - mean) / spread
    squared = np.add.accumulate((points - points[0]) ** 2, axis=1)[:, -1]
    return points, forward(question.cut, inputs)[:, 0], nearness(squared, float(settings["width"]))


def _says(_question: Question, seen: Attribution) -> str:
    known = [share for share in seen.r2 or () if share is not None]
    largest = float(np.abs(seen.scores).max())
    told = f"The largest slope is {largest:.3g}"
    if not known:
        return f"{told}."
    return f"{told}; the lines explain {min(known):.0%} to {max(known):.0%} of the weighted variance around their rows."


LIME: Final = Lens(
    key="lime",
    label="LIME",
    definition="An input's score is its slope in a ridge regression of the output around the row, weighted by "
    "nearness.",
    source="Ribeiro, Singh & Guestrin, KDD 2016 (arXiv:1602.04938); slopes agree with lime 0.2.0.1: its regression on "
    "the listed neighbourhood (flips), or its whole run with a fresh seed for each row (gaussian)",
    settings=(
        Setting("draws", "flips", "the neighbourhood: every set of flipped inputs, or draws", ("flips", "gaussian")),
        Setting("copies", 1, "how often each flip counts", low=1, high=1_000_000, only_with=("draws", "flips")),
        Setting("samples", 5_000, "draws for each row", low=2, high=100_000, only_with=("draws", "gaussian")),
        Setting("seed", 0, "of the draws", low=0, high=2**31 - 1, only_with=("draws", "gaussian")),
        Setting("ridge", 1.0, "what the squared slopes cost", low=0.0, high=1e9),
        Setting(
            "width",
            0.75,
            "of the kernel of nearness; .75 times the root of the number of inputs if not set",
            low=0.0,
            high=1e6,
            above=True,
            by_inputs=lambda n_inputs: 0.75 * sqrt(n_inputs),
        ),
    ),
    applies=_fit,
    look=_look,
    says=_says,
    can_know="By flips, as with Shapley values, only outputs on Boolean inputs take part, so two networks with equal "
    "outputs have equal slopes. A line may leave out most of a function: the share of variance says how much. "
    "Ridge, width and the number of copies are part of the answer.",
    milliseconds=_milliseconds,
)
