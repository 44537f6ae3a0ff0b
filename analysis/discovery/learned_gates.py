"""Gates on edges or neurons, learned by gradient descent under a penalty for each that stays open; loads torch.

Hard-concrete gates as by Louizos, Welling and Kingma (ICLR 2018). PyTorch promises no equal streams of random numbers
across versions.
"""

from __future__ import annotations

from itertools import pairwise
from typing import Any, Final

import numpy as np
import torch

from analysis.discovery.masked_perceptron import MaskedPerceptron, Rows, outputs_of_masks
from analysis.discovery.method import Answer, outcome_of
from analysis.method_settings import Settings
from analysis.question import Question
from analysis.subjects.perceptron.batched_mlp import activated_with_gradient
from analysis.subjects.perceptron.circuit import mask_array
from analysis.subjects.perceptron.optimizers import Adam
from analysis.subjects.perceptron.threads import one_thread
from analysis.work import Work

TEMPERATURE: Final = 2 / 3
LOW: Final = -0.1
HIGH: Final = 1.1
CLAMP: Final = 1e-6
LEARNING_RATE: Final = 0.1
FRAGILE: Final = 1e-3
_BETWEEN_REPORTS: Final = 50


def choose_edges(masked: MaskedPerceptron, settings: Settings, work: Work) -> Answer:
    """The edges whose gates end open."""
    gates = _learned(masked, settings, work, masked.n_bits, lambda gates: gates)
    return _answer(gates, lambda is_open: is_open, masked.n_bits)


def choose_nodes(masked: MaskedPerceptron, settings: Settings, work: Work) -> Answer:
    """The edges between inputs, output and hidden neurons whose gates end open."""
    sizes = masked.question.layout.sizes
    hidden = sizes[1:-1]
    first = np.concatenate([[0], np.cumsum(hidden)]).tolist()

    def spread(gates: torch.Tensor) -> torch.Tensor:
        """The gate of each edge is that of its source; inputs have none."""
        parts = []
        for layer in range(1, len(sizes)):
            inputs = torch.ones(sizes[0], dtype=torch.float64)
            own = inputs if layer == 1 else gates[first[layer - 2] : first[layer - 1]]
            parts.append(own.expand(sizes[layer], -1).reshape(-1))
        return torch.cat(parts)

    def between(is_open: Any) -> Any:
        active = [np.ones(sizes[0], bool), *np.split(is_open, first[1:-1]), np.ones(1, bool)] if hidden else []
        keep = [np.outer(after, before).reshape(-1) for before, after in pairwise(active)]
        return np.concatenate(keep) if keep else np.ones(masked.n_bits, bool)

    return _answer(_learned(masked, settings, work, sum(hidden), spread), between, masked.n_bits)


def _answer(gates: Any, edges: Any, n_bits: int) -> Answer:
    """The edges that open gates keep; fragile where a gate is very near to closing or opening."""
    if gates is None:
        return Answer("diverged", None)
    mask = sum(1 << edge for edge in np.flatnonzero(edges(gates > 0)).tolist())
    return Answer(outcome_of(mask, n_bits), mask, fragile=bool(np.abs(gates).min(initial=np.inf) < FRAGILE))


def _learned(masked: MaskedPerceptron, settings: Settings, work: Work, n_gates: int, spread: Any) -> Any:
    """The logits of gates, above 0 of those that end open; None where they diverged."""
    question, rows = masked.question, masked.rows
    penalty, steps = float(settings["lambda"]), int(settings["steps"])
    with one_thread():
        random = torch.Generator().manual_seed(int(settings["seed"]))
        logits = 1 + 0.5 * torch.randn(n_gates, dtype=torch.float64, generator=random)
        logits.requires_grad_(True)
        optimizer = Adam([logits], lr=LEARNING_RATE)
        everything = mask_array([(1 << question.layout.n_edges) - 1], question.layout)
        whole = torch.tensor(outputs_of_masks(question, everything, rows)[0])
        run = _gated_run(question, rows)
        shift = TEMPERATURE * float(np.log(-LOW / HIGH))
        for step in range(steps):
            if step % _BETWEEN_REPORTS == 0:
                work.tell("methods", step, steps, "steps of pruning")
            u = torch.rand(n_gates, dtype=torch.float64, generator=random).clamp(CLAMP, 1 - CLAMP)
            drawn = torch.sigmoid((torch.log(u) - torch.log(1 - u) + logits) / TEMPERATURE) * (HIGH - LOW) + LOW
            outputs = run(spread(drawn.clamp(0, 1)))
            loss = ((outputs - whole) ** 2).mean() + penalty * torch.sigmoid(logits - shift).sum()
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        found = logits.detach().numpy()
    return found if np.isfinite(found).all() else None


def _gated_run(question: Question, rows: Rows) -> Any:
    """From a gate for each edge to the outputs: an edge carries gate · value + (1 − gate) · what it carries absent."""
    network, layout = question.network, question.layout
    weights = [torch.tensor(matrix) for matrix in network.weights]
    biases = [torch.tensor(bias) for bias in network.biases]
    absent = [torch.tensor(values) for values in rows.absent]
    start = torch.tensor(rows.inputs.T.copy())

    def run(gates: torch.Tensor) -> torch.Tensor:
        values = start
        for layer, (matrix, bias) in enumerate(zip(weights, biases, strict=True), start=1):
            begin, end = layout.offsets[layer - 1], layout.offsets[layer]
            gate = gates[begin:end].reshape(matrix.shape)
            total = bias[:, None] + (gate * matrix) @ values + ((1 - gate) * matrix) @ absent[layer - 1]
            values = activated_with_gradient(total, network.function_of(layer))
        return values[0]

    return run
