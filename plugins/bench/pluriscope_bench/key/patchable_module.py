"""A perceptron as a module of torch whose edges can be patched, as published code has its models; loads torch."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from pluriscope.analysis.discovery.masked_perceptron import rows_of
from pluriscope.analysis.discovery.part_names import names_of
from pluriscope.analysis.subjects.perceptron.batched_mlp import activated_with_gradient
from pluriscope.analysis.subjects.perceptron.question import Question
from pluriscope_bench.key.condition import Ablation
from pluriscope_bench.key.submission import Calls


class PatchableModule(torch.nn.Module):
    """Module for one output of a perceptron in float64, ``module(inputs, corrupt=None) -> outputs``, ``[rows, n0]`` to
    ``[rows]``.

    Layer l of L passes three points, modules that give back what they are given, so that forward hooks read or replace
    it: ``carried[l]`` ``[rows, n_(l+1), n_l]`` what each edge carries, before its weight; ``sums[l]``
    ``[rows, n_(l+1)]``; ``values[l]`` ``[rows, n_(l+1)]``, after the activation.

    Args:
        question: about the network.
        ablation: what a closed gate lets through: 0, means over the clean rows, or what the source carries on
            ``corrupt``.

    Attributes:
        edges: names, in the order of gates.
        gates: parameter ``[E]``, all 1: how much of its source each edge carries, the rest being what a left out edge
            carries.
        weights: parameters ``[n_(l+1), n_l]`` of each layer, and biases ``[n_(l+1)]``, which need no derivatives.
        calls: forward passes on part of the network (a gate below 1, or a hook that replaced something) as runs, and
            backward passes as gradients.
    """

    def __init__(self, question: Question, ablation: Ablation) -> None:
        super().__init__()
        network, layout = question.network, question.layout
        self.edges = tuple(names_of(question.graph).numbers)
        self.calls = Calls()
        self.gates = torch.nn.Parameter(torch.ones(layout.n_edges, dtype=torch.float64))
        self.weights = torch.nn.ParameterList(_constant(one) for one in network.weights)
        self.biases = torch.nn.ParameterList(_constant(one) for one in network.biases)
        self.carried, self.sums, self.values = (
            torch.nn.ModuleList(torch.nn.Identity() for _ in network.weights) for _ in range(3)
        )
        self._pairs = ablation == "pairs"
        rows = rows_of(question, "mean" if ablation == "mean" else "zero")
        self._absent = [torch.tensor(one[:, 0].copy()) for one in rows.absent]  # the same on every row
        self._functions = [network.function_of(layer) for layer in range(1, len(network.weights) + 1)]

    def absent(self, inputs: Tensor, corrupt: Tensor | None = None) -> list[Tensor]:
        """Values that left out edges carry, ``[rows, n_l]`` for layers 0 … L − 1."""
        if not self._pairs or corrupt is None:
            return [one.expand(len(inputs), -1) for one in self._absent]
        layers = [corrupt]
        for weights, biases, function in zip(self.weights[:-1], self.biases[:-1], self._functions, strict=False):
            layers.append(activated_with_gradient(layers[-1] @ weights.T + biases, function))
        return layers

    def forward(self, inputs: Tensor, corrupt: Tensor | None = None) -> Tensor:
        """Outputs ``[rows]``; under "pairs" closed gates need ``corrupt``, one row for each of the inputs."""
        whole = bool((self.gates == 1).all())
        if not whole and self._pairs and corrupt is None:
            raise ValueError("a closed gate carries what its source does on corrupt rows: give module(inputs, corrupt)")
        absent, at, values = self.absent(inputs, corrupt), 0, inputs
        for layer, (weights, biases) in enumerate(zip(self.weights, self.biases, strict=True)):
            gates = self.gates[at : (at := at + weights.numel())].view_as(weights)
            kept = gates * values[:, None, :] + (1 - gates) * absent[layer][:, None, :]
            carried = self.carried[layer](kept)
            total = (weights * carried).sum(-1) + biases
            sums = self.sums[layer](total)
            given = activated_with_gradient(sums, self._functions[layer])
            values = self.values[layer](given)
            whole &= carried is kept and sums is total and values is given
        self._count(0, not whole)
        outputs, run = values[:, 0], [] if whole else [1]
        if outputs.requires_grad:  # the first pass back through a run counts in its place
            outputs.register_hook(lambda _: self._count(1, -run.pop() if run else 0))  # type: ignore[no-untyped-call]
        return outputs

    def _count(self, gradients: int, runs: int) -> None:
        self.calls = Calls(self.calls.gradients + gradients, self.calls.runs + runs)


def published_form(
    question: Question, ablation: Ablation
) -> tuple[PatchableModule, Tensor, Tensor, Callable[..., Any]]:
    """Arguments of ``score(module, clean, corrupt, metric)``.

    Returns:
        the module; clean rows ``[rows, n0]``; what they become, ``[rows, n0]``: zeros, means, or the other row of each
        pair; and the metric, from outputs ``[rows]`` to the mean of (2 · label − 1) · output, more is better.
    """
    rows = rows_of(question, ablation)
    signs = torch.tensor(2.0 * rows.labels - 1.0)

    def metric(outputs: Tensor) -> Tensor:
        return (signs * outputs).mean()

    clean, corrupt = torch.tensor(rows.inputs.copy()), torch.tensor(rows.absent[0].T.copy())
    return PatchableModule(question, ablation), clean, corrupt, metric


def _constant(values: Any) -> torch.nn.Parameter:
    return torch.nn.Parameter(torch.tensor(values), requires_grad=False)
