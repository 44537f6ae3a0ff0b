"""Elman networks as a kind of subject (Elman, "Finding structure in time", 1990).

``h_t = f(W x_t + U h_(t-1) + b)`` with ``h_0 = 0``; the answer is the largest of ``V h_T + c`` after the last step. One
step and the outputs are a perceptron that reads ``[x_t, h_(t-1)]``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property, partial
from math import sqrt
from typing import Any, ClassVar, Final, Self

import numpy as np

from pluriscope.analysis.errors import InvalidNetwork
from pluriscope.analysis.numerics.fixed_order import length
from pluriscope.analysis.subjects.classifier import Array, classifier_document, read_as
from pluriscope.analysis.subjects.perceptron.mlp import activation_bound
from pluriscope.analysis.subjects.perceptron.network import Network
from pluriscope.analysis.subjects.recurrent import Recurrent, rows_of_steps
from pluriscope.analysis.subjects.subject import SubjectKind

FORMAT: Final = "pluriscope-elman/1"


@dataclass(frozen=True, eq=False, repr=False)
class Elman(Recurrent):
    """An Elman network with rows of steps.

    Args:
        network: of one step: its inputs are those of the step and then the hidden units of the step before.
    """

    format: ClassVar[str] = FORMAT

    @cached_property
    def sums(self) -> tuple[Network, ...]:
        cell = self.network
        return (Network(cell.weights[:1], cell.biases[:1], "linear", "linear", None),)

    def units_of(self, sums: Sequence[Array]) -> Array:
        return self.network.function_of(1).value(sums[0])

    def unit_slopes(self, sums: Sequence[Array]) -> Sequence[Array]:
        return (self.network.function_of(1).slope(sums[0], self.units_of(sums)),)

    @property
    def matrices(self) -> tuple[Sequence[Array], Sequence[Array]]:
        given, kept = np.split(self.network.weights[0], [-self.n_units], axis=1)
        return [given], [kept]

    def with_weights(self, given: Sequence[Array], kept: Sequence[Array]) -> Self:
        weights = np.concatenate([*given, *kept], axis=1), *self.network.weights[1:]
        return replace(self, network=replace(self.network, weights=weights))

    def keeping(self) -> Self:
        """With a multiple of the identity, as long as the weights that are there."""
        given, (kept,) = self.matrices
        return self.with_weights(given, [np.eye(len(kept)) * (length(kept.ravel()) / sqrt(len(kept)))])

    @staticmethod
    def data_of(rows: list[Any], network: Network) -> Array:
        if network.n_hidden_layers != 1 or network.n_inputs <= network.sizes[1]:
            cause = f"is {'-'.join(map(str, network.sizes))}"
            cure = "give one hidden layer, which reads the inputs of a step and then each of its own units"
            raise InvalidNetwork("network", cause, cure)
        return rows_of_steps(rows, network.n_inputs - network.sizes[1], *network.sizes[1:])

    @property
    def bound(self) -> float:
        """The largest absolute value, bounded one step after the other."""
        cell = self.network
        step = Network(cell.weights[:1], cell.biases[:1], cell.activation, cell.activation, cell.negative_slope)
        bound = float(np.abs(self.data).max())
        for _ in range(self.data.shape[1] - 1):
            bound = activation_bound(step, bound)
        return activation_bound(cell, bound)


ELMAN: Final = SubjectKind(
    key="elman",
    noun="Elman network",
    plural="Elman networks",
    definition="A recurrent network with one hidden layer that reads rows step by step and answers with the largest of "
    "several outputs after the last. Its circuits are sets of edges, or of hidden units, each at one step.",
    format=FORMAT,
    settings={"granularity": ("edges", "neurons"), "ablation": ("zero", "mean")},
    read=partial(read_as, Elman),
    write=classifier_document,
    traits=frozenset({"boxes", "play", "readings", "sites", "steps"}),
)
