"""The network value: a small multilayer perceptron, immutable, known by its digest."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

import numpy as np
from numpy.typing import ArrayLike, NDArray

from pluriscope.analysis.errors import InvalidNetwork
from pluriscope.analysis.subjects.perceptron.activations import DEFAULT_NEGATIVE_SLOPE, Activation, activation_of
from pluriscope.analysis.values.described import Described
from pluriscope.analysis.values.digest import canonical_json, sha256_hex


@dataclass(frozen=True, eq=False, repr=False)
class Network(Described):
    """An MLP ``n0-n1-…-nL``; layer l computes ``act(W_l @ h_(l-1) + b_l)``, the output layer its own activation.

    Build it with :meth:`from_arrays`, which checks everything; the arrays are read-only float64.

    Args:
        weights: ``W_l [n_l, n_(l-1)]``, l = 1 … L.
        biases: ``b_l [n_l]``.
        activation: of hidden layers, as :mod:`pluriscope.analysis.subjects.perceptron.activations` writes it.
        output_activation: of the last layer (the paper's networks use the hidden one there too).
        negative_slope: parameter of a leaky ReLU, which its name leaves out; None if there is none.
    """

    weights: tuple[NDArray[np.float64], ...]
    biases: tuple[NDArray[np.float64], ...]
    activation: str
    output_activation: str
    negative_slope: float | None

    @classmethod
    def from_arrays(
        cls,
        weights: Sequence[ArrayLike],
        biases: Sequence[ArrayLike],
        *,
        activation: str = "leaky_relu",
        output_activation: str | None = None,
        negative_slope: float | None = DEFAULT_NEGATIVE_SLOPE,
    ) -> Network:
        """Check and freeze a network.

        Raises:
            InvalidNetwork: shapes that do not chain, NaN or infinite values, an unknown activation, a parameter out of
                its range, two slopes, or no layer at all.
        """
        kinds = [
            activation_of(text, negative_slope)
            for text in (activation, activation if output_activation is None else output_activation)
        ]
        slopes = {one.parameters["negative_slope"] for one in kinds if "negative_slope" in one.parameters}
        if len(slopes) > 1:
            cause = f"are {' and '.join(f'{slope:g}' for slope in sorted(slopes))} in one network"
            raise InvalidNetwork("slopes of leaky ReLUs", cause, "let hidden layers and output have one slope")
        hidden, output = (one.name if "negative_slope" in one.parameters else one.text for one in kinds)
        if not weights or len(weights) != len(biases):
            raise InvalidNetwork(
                "weights and biases",
                f"{len(weights)} weight matrices against {len(biases)} bias vectors",
                "give one matrix [n_out][n_in] and one vector [n_out] for each layer",
            )
        frozen_weights, frozen_biases = [], []
        width: int | None = None
        for layer, (weight, bias) in enumerate(zip(weights, biases, strict=True), start=1):
            w, b = _frozen(f"weights[{layer - 1}]", weight, 2), _frozen(f"biases[{layer - 1}]", bias, 1)
            if b.shape[0] != w.shape[0]:
                raise InvalidNetwork(
                    f"biases[{layer - 1}]",
                    f"has {b.shape[0]} values for {w.shape[0]} neurons",
                    "give one bias for each row of the weight matrix, [n_out][n_in]; scikit-learn's is transposed",
                )
            if width is not None and w.shape[1] != width:
                raise InvalidNetwork(
                    f"weights[{layer - 1}]",
                    f"reads {w.shape[1]} neurons but the layer before has {width}",
                    "let each matrix have as many columns as the matrix before has rows",
                )
            width = w.shape[0]
            frozen_weights.append(w)
            frozen_biases.append(b)
        return cls(tuple(frozen_weights), tuple(frozen_biases), hidden, output, slopes.pop() if slopes else None)

    @classmethod
    def from_flat(
        cls,
        values: NDArray[np.float64],
        sizes: Sequence[int],
        *,
        activation: str,
        output_activation: str | None,
        negative_slope: float | None,
    ) -> Network:
        """A network from its parameters W1, b1, W2, … in one row.

        Raises:
            InvalidNetwork: values that do not fit the layer sizes, or see :meth:`from_arrays`.
        """
        weights, biases = split_parameters(values, sizes)
        return cls.from_arrays(
            weights, biases, activation=activation, output_activation=output_activation, negative_slope=negative_slope
        )

    @cached_property
    def sizes(self) -> tuple[int, ...]:
        """Layer sizes ``(n0, …, nL)``."""
        return (self.weights[0].shape[1], *(w.shape[0] for w in self.weights))

    @property
    def n_inputs(self) -> int:
        return self.sizes[0]

    @property
    def n_outputs(self) -> int:
        return self.sizes[-1]

    @property
    def hidden_sizes(self) -> tuple[int, ...]:
        return self.sizes[1:-1]

    @property
    def n_hidden_layers(self) -> int:
        return len(self.sizes) - 2

    @cached_property
    def digest(self) -> str:
        """SHA-256 over the settings line, a line feed, then W1, b1, W2, … as little-endian float64 (spec §2)."""
        settings = canonical_json(
            {
                "activation": self.activation,
                "negative_slope": self.negative_slope,
                "output_activation": self.output_activation,
                "sizes": list(self.sizes),
            }
        )
        arrays = [a for pair in zip(self.weights, self.biases, strict=True) for a in pair]
        # adding 0.0 turns −0 into +0, so that equal networks have equal bytes
        return sha256_hex(settings, b"\n", *((a + 0.0).astype("<f8").tobytes() for a in arrays))

    def for_output(self, output: int) -> Network:
        """Return the network with its last layer cut to one output's row (spec §2); hidden layers are shared.

        Raises:
            InvalidNetwork: no such output.
        """
        if not 0 <= output < self.n_outputs:
            raise InvalidNetwork(
                f"output {output}", f"the network has {self.n_outputs}", f"use 0 to {self.n_outputs - 1}"
            )
        if self.n_outputs == 1:
            return self
        return Network(
            (*self.weights[:-1], _read_only(self.weights[-1][output : output + 1])),
            (*self.biases[:-1], _read_only(self.biases[-1][output : output + 1])),
            self.activation,
            self.output_activation,
            self.negative_slope,
        )

    @property
    def parameters(self) -> dict[str, NDArray[np.float64]]:
        """Every weight matrix and bias vector by its name: W1, b1, W2, …"""
        layers = enumerate(zip(self.weights, self.biases, strict=True), start=1)
        return {f"{name}{layer}": array for layer, pair in layers for name, array in zip("Wb", pair, strict=True)}

    def with_parameters(self, parameters: Mapping[str, NDArray[np.float64]]) -> Network:
        """The network with other numbers, named as in :attr:`parameters`.

        Raises:
            InvalidNetwork: a number that is not finite.
        """
        weights, biases = ([parameters[f"{name}{layer}"] for layer in range(1, len(self.sizes))] for name in "Wb")
        kinds = {"activation": self.activation, "output_activation": self.output_activation}
        return Network.from_arrays(weights, biases, **kinds, negative_slope=self.negative_slope)

    def judged_as(self, other: Network) -> Network:
        """Return the network to be judged as another one is: its masks mean the same edges.

        Raises:
            InvalidNetwork: they have other layer sizes.
        """
        if self.sizes != other.sizes:
            first, second = ("-".join(map(str, one.sizes)) for one in (other, self))
            cause = f"one has the shape {first}, the other {second}, so their masks mean different edges"
            raise InvalidNetwork("these two networks", cause, "compare networks of one shape")
        return self

    def function_of(self, layer: int) -> Activation:
        """The activation of layer 1 … L."""
        text = self.output_activation if layer == len(self.weights) else self.activation
        return activation_of(text, self.negative_slope)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Network) and self.digest == other.digest

    def __hash__(self) -> int:
        return hash(self.digest)


def split_parameters(
    values: NDArray[np.float64], sizes: Sequence[int]
) -> tuple[list[NDArray[np.float64]], list[NDArray[np.float64]]]:
    """Weights ``W_l [n_l, n_(l-1)]`` and biases ``b_l [n_l]`` from W1, b1, W2, … in one row."""
    weights, biases, at = [], [], 0
    for n_in, n_out in pairwise(sizes):
        weights.append(values[at : at + n_in * n_out].reshape(n_out, n_in))
        at += n_in * n_out
        biases.append(values[at : at + n_out])
        at += n_out
    return weights, biases


def _read_only(array: NDArray[np.float64]) -> NDArray[np.float64]:
    array = np.array(array, dtype=np.float64)
    array.setflags(write=False)
    return array


def _frozen(name: str, value: ArrayLike, n_axes: int) -> NDArray[np.float64]:
    shape = "a matrix [n_out][n_in]" if n_axes == 2 else "a vector [n_out]"
    try:
        array = np.array(value, dtype=np.float64)
    except (TypeError, ValueError, OverflowError):
        raise InvalidNetwork(name, "is not a regular array of numbers", f"give {shape} of finite numbers") from None
    if array.ndim != n_axes or array.size == 0:
        raise InvalidNetwork(name, f"has shape {list(array.shape)}", f"give {shape} with at least one number")
    if not np.isfinite(array).all():
        raise InvalidNetwork(name, "holds NaN or infinite values", "give finite numbers only")
    array.setflags(write=False)
    return array
