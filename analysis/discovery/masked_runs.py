"""Running a network with some edges absent, as discovery methods do it while they search.

A *raw* mask need not be a circuit. A present edge carries what its source has in the masked run, an absent edge what
the ablation says, and a neuron without any edge in still computes its activation from its bias and from what its absent
edges carry. Sums are taken in the order of :mod:`analysis.subjects.perceptron.mlp`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

import numpy as np
from numpy.typing import NDArray

from analysis import fixed_order
from analysis.errors import InvalidMethod
from analysis.question import Question
from analysis.subjects.perceptron.mlp import activations, keep_matrices
from analysis.subjects.perceptron.network import Network

Array = NDArray[np.float64]
RowRule = Literal["zero", "mean", "pairs"]
Metric = Literal["margin", "mse"]
ROW_RULES: Final[tuple[RowRule, ...]] = ("zero", "mean", "pairs")
METRICS: Final[tuple[Metric, ...]] = ("margin", "mse")
MAX_PAIRS: Final = 20_000


@dataclass(frozen=True, eq=False)
class Rows:
    """What a method runs on, and what absent edges carry there.

    Args:
        inputs: ``[rows, n0]``.
        labels: ``[rows]`` 0 or 1.
        absent: ``[n_l, rows]`` for layers 0 … L − 1.
    """

    inputs: Array
    labels: Array
    absent: tuple[Array, ...]


def rows_of(question: Question, rule: RowRule) -> Rows:
    """The rows of an ablation.

    Args:
        question: whose clean rows and task.
        rule: "zero": every clean row, absent edges carry 0. "mean": every clean row, they carry their source's mean
            activation over these in the whole network. "pairs": every ordered pair (x, c) of rows with different
            labels, x slow, run on x, absent edges carry their source's activation on c.

    Raises:
        InvalidMethod: pairs of a task that is constant on the rows, or more of them than are run.
    """
    network = question.cut
    rows, labels = question.method_rows
    layers = activations(network, rows)[:-1]
    if rule == "zero":
        return Rows(rows, labels, tuple(np.zeros((layer.shape[1], len(rows))) for layer in layers))
    if rule == "mean":
        means = (fixed_order.mean(layer) for layer in layers)
        return Rows(rows, labels, tuple(np.repeat(mean[:, None], len(rows), axis=1) for mean in means))
    n_pairs = 2 * int((labels == 0).sum()) * int((labels == 1).sum())
    if n_pairs > MAX_PAIRS:
        raise InvalidMethod(
            "ablation pairs",
            f"there are {n_pairs:,} pairs of rows, above the limit of {MAX_PAIRS:,}",
            "use zero or mean",
        )
    run, carried = np.nonzero(labels[:, None] != labels[None, :])
    if not len(run):
        raise InvalidMethod(
            "ablation pairs", "the task is constant, so no two rows have different labels", "use zero or mean"
        )
    return Rows(rows[run], labels[run], tuple(layer[carried].T for layer in layers))


def masked_outputs(network: Network, keep: Sequence[NDArray[np.bool_]], rows: Rows) -> Array:
    """Outputs ``[masks, rows]`` of raw masks.

    Args:
        network: cut to one output.
        keep: kept edges ``[masks, n_l, n_(l−1)]`` for layers 1 … L.
        rows: what to run on.
    """
    values = np.broadcast_to(rows.inputs.T, (len(keep[0]), network.n_inputs, len(rows.inputs)))
    with np.errstate(over="ignore", invalid="ignore"):
        for layer, (weights, biases) in enumerate(zip(network.weights, network.biases, strict=True), start=1):
            kept, carried = keep[layer - 1], rows.absent[layer - 1]
            total = np.broadcast_to(biases[:, None], (len(kept), len(biases), values.shape[2]))
            for index in range(values.shape[1]):
                present = np.where(kept[:, :, index, None], values[:, index, None, :], carried[index])
                total = total + present * weights[:, index, None]
            values = network.function_of(layer).value(total)
    return values[:, 0]


def outputs_of_masks(question: Question, masks: NDArray[Any], rows: Rows) -> Array:
    """The same of masks as integers, ``[masks, rows]``."""
    return masked_outputs(question.cut, keep_matrices(masks, question.layout), rows)


def metric_of(outputs: Array, labels: Array, metric: Metric) -> Array:
    """The mean of a metric over the last axis; larger is better.

    Args:
        outputs: ``[…, rows]``.
        labels: ``[rows]``.
        metric: "margin": (2y − 1) · f; "mse": −(f − y)².
    """
    with np.errstate(over="ignore", invalid="ignore"):
        values = (2.0 * labels - 1.0) * outputs if metric == "margin" else -((outputs - labels) ** 2)
        mean: Array = np.add.accumulate(values, axis=-1)[..., -1] / values.shape[-1]
    return mean


def metric_slope(outputs: Array, labels: Array, metric: Metric) -> Array:
    """The derivative of the metric of each row by its output."""
    return 2.0 * labels - 1.0 if metric == "margin" else -2.0 * (outputs - labels)


def edge_scores(network: Network, changes: Sequence[Array], slopes: Sequence[Array]) -> Array:
    """``[edges]``: the mean over rows of change at the source · weight · derivative at the target.

    Args:
        network: cut to one output.
        changes: ``[n_l, rows]`` for layers 0 … L − 1: what the source would carry less what it carries.
        slopes: from :func:`analysis.subjects.perceptron.gradients.backward`, for layers 1 … L.
    """
    scores = []
    for layer, weights in enumerate(network.weights):
        products = slopes[layer][:, None] * changes[layer][None]  # [out, in, rows]
        mean = np.add.accumulate(products, axis=2)[:, :, -1] / products.shape[2]
        scores.append((mean * weights).reshape(-1))
    return np.concatenate(scores)
