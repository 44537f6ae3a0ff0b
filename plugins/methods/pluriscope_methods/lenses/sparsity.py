"""Superposition by sparsity: toy models of a network's shape, trained anew for features of each sparsity.

Elhage et al., "Toy Models of Superposition" (2022), section 2: x′ = ReLU(WᵀWx + b) rebuilds features that are 0 with
probability S, else uniform in [0, 1]; the loss is Σ I_i (x_i − x′_i)². Rare features are drawn more often than they
occur, and weighted back, so that the loss is the same in expectation and a model of the rarest learns as fast.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import numpy as np

from pluriscope.analysis.methods.settings import Setting, Settings
from pluriscope.analysis.numerics.fixed_order import inner, mean
from pluriscope.analysis.questions.tasks import INPUT_NAMES
from pluriscope.analysis.running.work import Work
from pluriscope.analysis.subjects.perceptron.question import Question
from pluriscope_methods.lenses.lens import APPLIES, Array, Bands, Fit, Lens, Table, not_applicable
from pluriscope_methods.lenses.superposition import beside

SPARSITIES: Final = (0.0, 0.5, 0.7, 0.8, 0.9, 0.95, 0.99, 0.999)
RESTARTS: Final = 2  # models of each sparsity, of which the one with the lowest loss counts
STEPS: Final = 1_000
ROWS: Final = 128  # drawn anew at each step
RATE: Final = 0.02
STORED: Final = 0.5  # |w|² above which a feature counts as represented
MAX_FEATURES: Final = 12


def trained(n: int, m: int, importance: float, work: Work) -> tuple[Array, Array]:
    """A model for each sparsity by Adam, with sums in one order.

    Args:
        n: features.
        m: dimensions.
        importance: I_i is this to the power of i, from 0.
        work: gets the progress; may cancel.

    Returns:
        Weights W ``[sparsities, m, n]``, and losses ``[sparsities]`` over how often a feature is there.
    """
    random, of = np.random.default_rng(0), np.cumprod([1.0, *[importance] * (n - 1)])
    there = 1.0 - np.repeat(SPARSITIES, RESTARTS)[:, None]
    drawn = np.maximum(there, 1.0 / n)
    odds = there / drawn, np.divide(1.0 - there, 1.0 - drawn, out=np.ones_like(drawn), where=drawn < 1.0)
    parameters = [random.standard_normal((len(there), m, n)) / np.sqrt(n), np.zeros((len(there), n))]
    moments = [[np.zeros_like(one), np.zeros_like(one)] for one in parameters]
    losses = np.zeros(len(there))
    for step in range(STEPS):
        if step % 100 == 0:
            work.report_step("lenses", step, STEPS, "steps of toy models")
        weights, bias = parameters
        on = random.random((ROWS, *bias.shape)) < drawn
        rows = np.where(on, random.random(on.shape), 0.0)
        weight = np.multiply.accumulate(np.where(on, *odds), axis=-1)[..., -1:] / there
        sums = _times(rows, _times(np.swapaxes(weights, 1, 2), weights[:, None])) + bias
        gaps = np.maximum(sums, 0.0) - rows
        slopes = weight * of * gaps
        losses += mean(np.add.accumulate(slopes * gaps, axis=-1)[..., -1]) if step >= STEPS * 0.9 else 0.0
        slopes *= 2.0 * (sums > 0.0)
        by_gram = mean(rows[..., None] * slopes[..., None, :])
        by_gram += np.swapaxes(by_gram, 1, 2).copy()
        changes = _times(weights, by_gram[:, None]), mean(slopes)
        for one, slope, moment in zip(parameters, changes, moments, strict=True):
            moment[0] += 0.1 * (slope - moment[0])
            moment[1] += 0.001 * (slope * slope - moment[1])
            first, second = moment[0] / (1.0 - 0.9 ** (step + 1)), moment[1] / (1.0 - 0.999 ** (step + 1))
            one -= RATE * (1.0 - step / STEPS) * first / (np.sqrt(second) + 1e-8)
    losses = losses.reshape(-1, RESTARTS) / (STEPS * 0.1)
    best = np.arange(len(SPARSITIES)) * RESTARTS + losses.argmin(axis=1)
    return parameters[0][best], losses.min(axis=1)


def _times(left: Array, right: Array) -> Array:
    """Products of rows ``[…, a]`` and matrices ``[…, a, b]``, summed from the first number to the last."""
    total: Array = left[..., 0, None] * right[..., 0, :]
    for at in range(1, left.shape[-1]):
        total = total + left[..., at, None] * right[..., at, :]
    return total


def _fit(question: Question, _settings: Settings) -> Fit:
    n, m = question.network.n_inputs, question.network.hidden_sizes[0]
    if n <= m:
        return not_applicable(f"{n} features have {m} dimensions, so that each may have one to itself at any sparsity.")
    if n > MAX_FEATURES:
        return not_applicable(f"{n} features are more than {MAX_FEATURES}, which take some ten seconds.")
    return APPLIES


def _look(question: Question, settings: Settings, work: Work) -> Table:
    n, m, rows = question.network.n_inputs, question.network.hidden_sizes[0], list[dict[str, Any]]()
    weights, losses = trained(n, m, float(settings["importance"]), work)
    for sparsity, directions, loss in zip(SPARSITIES, np.swapaxes(weights, 1, 2), losses.tolist(), strict=True):
        gram = inner(directions, directions)
        row = {"sparsity": sparsity, "represented": int((gram.diagonal() > STORED).sum()), "loss": loss}
        row |= {"squared": gram.diagonal().tolist(), "directions": directions.tolist()}
        rows.append(row | {"dimensionality": [beside(gram, one, one)["dimensionality"] for one in range(n)]})
    return Table(tuple(rows))


def _named(rows: Sequence[Any]) -> dict[str, Any]:
    return {f"S = {row['sparsity']:g}: {row['represented']} of {len(row['squared'])}": row for row in rows}


def _bands(seen: Table) -> Bands:
    """|w|² of each feature at each sparsity."""
    squared = tuple(tuple(row["squared"]) for row in seen.rows)
    return Bands(tuple(INPUT_NAMES[: len(squared[0])]), squared, tuple(f"S = {row['sparsity']:g}" for row in seen.rows))


SPARSITY: Final = Lens(
    key="sparsity",
    label="Superposition by sparsity",
    definition="Toy models with a feature for each input and a dimension for each neuron of the first hidden layer are "
    "trained to rebuild their features, which are absent with a probability S: x′ = ReLU(WᵀWx + b).",
    source="Elhage et al., Toy Models of Superposition, 2022 (arXiv:2209.10652), section 2",
    own=(Setting("importance", 0.9, "of each feature, over the one before", low=0.0, high=1.0, above=True),),
    needs=("neurons",),
    applies=_fit,
    look=_look,
    says=lambda _, seen: f"Features represented, each absent with probability S. {'; '.join(_named(seen.rows))}.",
    can_know="What models of this shape learn, not what this network computes: the weights that it has are another "
    "lens, features in superposition.",
    columns={
        "sparsity": "the probability S that a feature is 0",
        "represented": "features with |w|² above 0.5",
        "squared": "|w|² of each feature, the most important first",
        "dimensionality": "of each, |w|² / Σ (ŵ·w′)² over all features: 1 for a dimension of its own",
        "loss": "of the model, over how often a feature is there",
    },
    bands=_bands,
    planes=lambda rows: {at: dict(zip(INPUT_NAMES, it["directions"], strict=False)) for at, it in _named(rows).items()},
    milliseconds=lambda question, _: 80.0 * question.network.n_inputs**2,
)
