"""The parts of a transformer beside attention: biases, MLP blocks, and LayerNorm before everything that reads.

    y_r = (c_r − mean) / √(variance + ε)      what reader r sees: the sum of its own kept edges, normalised anew
    q = y W_Q + b_Q, …                        likewise keys, values, logits
    x ← x + b_O                               of each attention layer, read by all that comes after it
    x ← x + f(y W_in + b_in) W_out + b_out    the MLP block of a layer, which sees the heads of its layer

Weights and bias of a LayerNorm are folded into the matrices that read it, as ``fold_ln`` of TransformerLens does, so
only centring and scale are left, and these follow what the reader is given in the circuit (Conmy et al. 2023,
arXiv:2304.14997, cut the edges of a head before its LayerNorm too). Decision 31 says why.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from pluriscope.analysis.numerics.fixed_order import inner
from pluriscope.analysis.subjects.perceptron.activations import Activation, activation_of

Array = NDArray[np.float64]
BIASES: Final = ("query_bias", "key_bias", "value_bias", "output_bias")
"""Of each attention layer."""
MLP: Final = ("in", "in_bias", "out", "out_bias")
"""Of each MLP block; its biases may be left out."""
D_MLP: Final = (1, 1_024)


@dataclass(frozen=True, eq=False)
class Blocks:
    """The parts of one transformer beside attention.

    Args:
        biases: for each layer of query, key and value ``[heads, d_head]`` and of the output ``[d_model]``; () for none.
        unembedding_bias: ``[vocabulary]``, None for none.
        mlps: for each layer ``[d_model, d_mlp]``, ``[d_mlp]``, ``[d_mlp, d_model]``, ``[d_model]``; () for none.
        activation: of the MLP blocks, as :mod:`pluriscope.analysis.subjects.perceptron.activations` writes it; ""
            without them.
        epsilon: what LayerNorm adds to the variance; None without LayerNorm.
    """

    biases: tuple[tuple[Array, Array, Array, Array], ...] = ()
    unembedding_bias: Array | None = None
    mlps: tuple[tuple[Array, Array, Array, Array], ...] = ()
    activation: str = ""
    epsilon: float | None = None

    @property
    def arrays(self) -> list[Array]:
        """All numbers, in the order of the digest."""
        last = [] if self.unembedding_bias is None else [self.unembedding_bias]
        return [array for layer in (*self.biases, *self.mlps) for array in layer] + last

    @property
    def sizes(self) -> dict[str, Any]:
        """The entries of the digest for blocks and biases beside their numbers; empty for a model that has none."""
        found: dict[str, Any] = {"biases": True} if self.biases else {}
        if self.unembedding_bias is not None:
            found["unembedding_bias"] = True
        if self.mlps:
            found |= {"activation": self.activation, "d_mlp": self.d_mlp}
        return found if self.epsilon is None else {**found, "layer_norm_epsilon": self.epsilon}

    @property
    def function(self) -> Activation:
        """The activation of MLP blocks, of which there are some."""
        return activation_of(self.activation)

    @property
    def d_mlp(self) -> int:
        """Neurons of an MLP block; 0 without."""
        return self.mlps[0][0].shape[1] if self.mlps else 0

    @property
    def reaches_logits(self) -> bool:
        """Whether the logits get something that no source gives: their own bias, or output biases of heads."""
        return bool(self.biases) or self.unembedding_bias is not None

    @property
    def is_linear(self) -> bool:
        """Whether logits are a sum of what heads add: no MLP blocks and no LayerNorm."""
        return not self.mlps and self.epsilon is None

    @property
    def facts(self) -> tuple[tuple[str, str], ...]:
        """The facts about blocks and biases for people, each with a label."""
        found = []
        if self.reaches_logits:
            found.append(("Biases", "of queries, keys, values, outputs or logits; they are no edges"))
        if self.mlps:
            found.append(("MLP blocks", f"one in each layer, {self.d_mlp:,} neurons, {self.activation}"))
        if self.epsilon is not None:
            found.append(("LayerNorm", "of what each reader is given, scaled anew in every circuit"))
        if not self.is_linear:
            found.append(
                ("Circuits are found by", "running each; where that are too many, only how many there are is said")
            )
        return tuple(found)

    def constant(self, n_layers: int, d_model: int) -> Array:
        """Sum the output biases of the first so many layers, ``[d_model]``."""
        total = np.zeros(d_model)
        for layer in self.biases[:n_layers]:
            total = total + layer[3]
        return total

    def normalised(self, stream: Array) -> Array:
        """Centre and scale a stream, ``[…, d_model]``; as it is without LayerNorm."""
        if self.epsilon is None:
            return stream
        centred = stream - mean_of(stream)
        return np.asarray(centred / np.sqrt(mean_of(centred * centred) + self.epsilon))

    def normalised_slopes(self, stream: Array, by_seen: Array) -> Array:
        """Derivatives by what LayerNorm is taken of, from those by what it makes of it, ``[…, d_model]`` each."""
        seen, centred = self.normalised(stream), stream - mean_of(stream)
        scale = np.sqrt(mean_of(centred * centred) + (self.epsilon or 0.0))
        return np.asarray((by_seen - mean_of(by_seen) - seen * mean_of(by_seen * seen)) / scale)

    def mlp(self, layer: int, stream: Array) -> Array:
        """Compute what the MLP block of a layer adds, ``[…, d_model]``.

        Args:
            layer: from 1.
            stream: what it sees, ``[…, d_model]``.
        """
        return self.of_neurons(layer, self.neurons(layer, stream))

    def neurons(self, layer: int, stream: Array) -> Array:
        """Activations of the neurons of an MLP block, ``[…, d_mlp]``; arguments as of :meth:`mlp`."""
        w_in, b_in, _, _ = self.mlps[layer - 1]
        return self.function.value(inner(stream, w_in.T) + b_in)

    def of_neurons(self, layer: int, neurons: Array) -> Array:
        """Compute what neurons ``[…, d_mlp]`` of an MLP block add, ``[…, d_model]``."""
        _, _, w_out, b_out = self.mlps[layer - 1]
        return inner(neurons, w_out.T) + b_out

    def mlp_slopes(self, layer: int, stream: Array, later: Array) -> Array:
        """Derivatives by what the MLP block of a layer sees, from those by what it adds, ``[…, d_model]`` each."""
        w_in, b_in, w_out, _ = self.mlps[layer - 1]
        sums = inner(stream, w_in.T) + b_in
        slopes = self.function.slope(sums, self.function.value(sums))
        return inner(inner(later, w_out) * slopes, w_in)

    def document(self) -> dict[str, Any]:
        """The keys of a model file that say it, those of its attention layers aside."""
        found: dict[str, Any] = {}
        if self.mlps:
            mlps = [{name: one.tolist() for name, one in zip(MLP, block, strict=True)} for block in self.mlps]
            found |= {"mlp": mlps, "activation": self.activation}
        if self.epsilon is not None:
            found["layer_norm_epsilon"] = self.epsilon
        if self.unembedding_bias is not None:
            found["unembedding_bias"] = self.unembedding_bias.tolist()
        return found


def mean_of(values: Array) -> Array:
    """Compute the mean over the last axis, ``[…, 1]``, summed from the first number to the last."""
    return np.asarray(np.add.accumulate(values, axis=-1)[..., -1:] / values.shape[-1])


NO_BLOCKS: Final = Blocks()
