"""Derivatives by gates on the edges of a perceptron, by torch."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from analysis.question import Question
from analysis.subjects.perceptron.batched_mlp import activated_with_gradient

Array = NDArray[np.float64]


def gated(question: Question, rows: Any, whole: Array) -> Callable[[Array], Array]:
    """Gates ``[edges]`` → derivatives by them of the mean squared difference of the outputs from the whole network's.

    Args:
        question: with the network.
        rows: of the ablation (:class:`analysis.discovery.masked_perceptron.Rows`).
        whole: outputs of the whole network ``[rows]``.
    """
    network, layout, wanted = question.network, question.layout, torch.tensor(whole)
    weights = [torch.tensor(matrix) for matrix in network.weights]
    biases = [torch.tensor(bias) for bias in network.biases]
    absent = [torch.tensor(values) for values in rows.absent]
    start = torch.tensor(rows.inputs.T.copy())

    def slopes(gates: Array) -> Array:
        known, values = torch.tensor(gates, requires_grad=True), start
        for layer, (matrix, bias) in enumerate(zip(weights, biases, strict=True), start=1):
            begin, end = layout.offsets[layer - 1], layout.offsets[layer]
            gate = known[begin:end].reshape(matrix.shape)
            total = bias[:, None] + (gate * matrix) @ values + ((1 - gate) * matrix) @ absent[layer - 1]
            values = activated_with_gradient(total, network.function_of(layer))
        (found,) = torch.autograd.grad(((values[0] - wanted) ** 2).mean(), known)
        return np.asarray(found.numpy())

    return slopes
