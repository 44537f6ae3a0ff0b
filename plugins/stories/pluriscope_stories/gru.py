"""Gated recurrent networks as a kind of subject (Cho et al. 2014, arXiv:1406.1078), in the form of ``torch.nn.GRU``:

    r = σ(W_ir x + b_ir + W_hr h + b_hr),  z = σ(W_iz x + b_iz + W_hz h + b_hz)
    n = tanh(W_in x + b_in + r (W_hn h + b_hn)),  h ← (1 − z) n + z h

The reset gate comes after the product with the state, so that a unit's gates are its own: each unit reads inputs and
units once, and edges between them mean what they mean in an Elman network. In the form of the paper, where the gates of
all units stand before that product, they would not. A unit is a function of five sums of what it reads: those of both
gates, the two of the candidate, and its own state.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from math import sqrt
from typing import Any, ClassVar, Final, Self

import numpy as np
from pydantic import BaseModel, ConfigDict, Field

from pluriscope.analysis.errors import InvalidNetwork
from pluriscope.analysis.numerics.fixed_order import length
from pluriscope.analysis.subjects.classifier import Array, classifier_document, read_as
from pluriscope.analysis.subjects.perceptron.activations import activation_of
from pluriscope.analysis.subjects.perceptron.mlp import activation_bound
from pluriscope.analysis.subjects.perceptron.network import Network
from pluriscope.analysis.subjects.recurrent import Recurrent, rows_of_steps
from pluriscope.analysis.subjects.subject import SubjectKind
from pluriscope.analysis.values.digest import sha256_hex
from pluriscope.analysis.values.strict_json import number_array, validated

FORMAT: Final = "pluriscope-gru/1"
WEIGHTS: Final = ("weight_ih", "weight_hh", "bias_ih", "bias_hh")
"""Of a cell, as torch names them, each with the rows of r, z and n."""
_SIGMOID, _TANH = activation_of("sigmoid"), activation_of("tanh")
_OPEN: Final = 20.0  # a bias with which a gate is open, or the other way round, to 2e-9
_CURE: Final = "give the weights of a torch.nn.GRU of one layer, for r, z and n below each other"


@dataclass(frozen=True, eq=False, repr=False, kw_only=True)
class Gated(Recurrent):
    """A gated recurrent network with rows of steps.

    Args:
        network: the outputs, which read the units.
        cell: by the names of :data:`WEIGHTS` ``[3 units, inputs]``, ``[3 units, units]``, ``[3 units]``, ``[3 units]``.
    """

    format: ClassVar[str] = FORMAT
    cell: dict[str, Array]

    @cached_property
    def digest(self) -> str:
        arrays = ((self.cell[name] + 0.0).astype("<f8").tobytes() for name in WEIGHTS)
        return sha256_hex(self.format.encode(), b"\n", *arrays, self.network.digest.encode())

    @property
    def facts(self) -> tuple[tuple[str, str], ...]:
        return tuple(fact for fact in super().facts if fact[0] != "Activation")  # which that of the outputs is

    @cached_property
    def sums(self) -> tuple[Network, ...]:
        (*of_inputs, b_in), (*of_units, b_hn) = (np.split(self.cell[name], 3) for name in WEIGHTS[2:])
        (*both, w_in), (*kept, w_hn) = self.matrices
        gates = [np.hstack(pair) for pair in zip(both, kept, strict=True)]
        own = [np.hstack([w_in, 0 * w_hn]), np.hstack([0 * w_in, w_hn]), np.hstack([0 * w_in, np.eye(len(w_hn))])]
        biases = [one + other for one, other in zip(of_inputs, of_units, strict=True)] + [b_in, b_hn, 0 * b_hn]
        parts = zip([*gates, *own], biases, strict=True)
        return tuple(Network((weights,), (bias,), "linear", "linear", None) for weights, bias in parts)

    def _parts(self, sums: Sequence[Array]) -> tuple[Array, Array, Array]:
        """The gates r and z, and the candidate n."""
        reset, update = (_SIGMOID.value(one) for one in sums[:2])
        return reset, update, _TANH.value(sums[2] + reset * sums[3])

    def units_of(self, sums: Sequence[Array]) -> Array:
        _, update, candidate = self._parts(sums)
        return np.asarray((1.0 - update) * candidate + update * sums[4])

    def unit_slopes(self, sums: Sequence[Array]) -> Sequence[Array]:
        reset, update, candidate = self._parts(sums)
        bent = (1.0 - update) * (1.0 - candidate * candidate)
        of_update = (sums[4] - candidate) * update * (1.0 - update)
        return bent * sums[3] * reset * (1.0 - reset), of_update, bent, bent * reset, update

    @property
    def matrices(self) -> tuple[Sequence[Array], Sequence[Array]]:
        return np.split(self.cell["weight_ih"], 3), np.split(self.cell["weight_hh"], 3)

    def with_weights(self, given: Sequence[Array], kept: Sequence[Array]) -> Self:
        return replace(self, cell=self.cell | {"weight_ih": np.vstack(given), "weight_hh": np.vstack(kept)})

    def keeping(self) -> Self:
        """With open gates, so that it is an Elman network, and a multiple of the identity in the candidate."""
        (*gates, given), (_, _, kept) = self.matrices
        same = np.eye(len(kept)) * (length(kept.ravel()) / sqrt(len(kept)))
        found = self.with_weights([*(0 * one for one in gates), given], [0 * same, 0 * same, same])
        opened = np.repeat([_OPEN, -_OPEN], len(kept))
        biases = {name: np.concatenate([opened, self.cell[name][len(opened) :]]) for name in WEIGHTS[2:]}
        return replace(found, cell=found.cell | biases)

    @staticmethod
    def data_of(rows: list[Any], _network: Network) -> Array:
        return np.array(rows, dtype=np.float64)

    @property
    def bound(self) -> float:
        """The largest absolute value: units are below 1."""
        largest = max(1.0, float(np.abs(self.data).max()))
        return max(activation_bound(self.network), *(activation_bound(one, largest) for one in self.sums))


class _Task(BaseModel):
    rows: list[Any] = Field(min_length=1)


class _Own(BaseModel):
    """The keys that are not as in files of classifiers."""

    model_config = ConfigDict(strict=True)

    weight_ih: Any
    weight_hh: Any
    bias_ih: Any
    bias_hh: Any
    biases: list[list[float]] = Field(min_length=1, max_length=1)
    tasks: list[_Task] = Field(min_length=1, max_length=1)


def read_gated(document: dict[str, Any]) -> Gated:
    """The network in a file of the format ``pluriscope-gru/1``.

    Args:
        document: the JSON object.

    Raises:
        AnalysisError: naming every key at fault, or else the first thing that does not fit another.
    """
    own = validated(_Own, document, "model file", InvalidNetwork, _CURE)
    cell = {name: number_array(getattr(own, name), name, 2 - ("bias" in name), InvalidNetwork) for name in WEIGHTS}
    inputs, units = cell["weight_ih"].shape[1], cell["weight_hh"].shape[1]
    wanted = {"weight_ih": (3 * units, inputs), "weight_hh": (3 * units, units)}
    for name, one in cell.items():
        if one.shape != (shape := wanted.get(name, (3 * units,))):
            cause = f"is {' × '.join(map(str, one.shape))}, and {' × '.join(map(str, shape))} fits {units} units"
            raise InvalidNetwork(name, cause, _CURE)
    rows_of_steps(own.tasks[0].rows, inputs, units, len(own.biases[0]))
    shared = {key: value for key, value in document.items() if key not in WEIGHTS}
    found = read_as(Gated, shared, cell=cell)
    if found.network.sizes[:-1] != (units,) or found.network.activation != "tanh":
        cause = f"are {'-'.join(map(str, found.network.sizes))} after {found.network.activation}"
        raise InvalidNetwork("weights", cause, f'give one matrix [outputs][{units}] and the activation "tanh"')
    return found


def gated_document(one: Gated) -> dict[str, Any]:
    """A network as the JSON object of a file, from which the very same numbers are read."""
    return classifier_document(one) | {name: one.cell[name].tolist() for name in WEIGHTS}


GRU: Final = SubjectKind(
    key="gru",
    noun="GRU",
    plural="GRUs",
    definition="A recurrent network with one hidden layer whose units keep part of their state by gates, and that "
    "answers with the largest of several outputs after the last step. Its circuits are sets of edges, or of hidden "
    "units, each at one step.",
    format=FORMAT,
    settings={"granularity": ("edges", "neurons"), "ablation": ("zero", "mean")},
    read=read_gated,
    write=gated_document,
    traits=frozenset({"play", "readings", "sites", "steps"}),
)
