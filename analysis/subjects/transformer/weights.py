"""The weights of a transformer and the rows of its task."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, Final, Self

import numpy as np
from numpy.typing import NDArray

from pluriscope.analysis.subjects.edited import EditRecord
from pluriscope.analysis.subjects.planted_edges import PlantedEdges
from pluriscope.analysis.subjects.transformer.blocks import BIASES, MLP, NO_BLOCKS, Blocks
from pluriscope.analysis.subjects.transformer.heads import Array, HeadWeights

MATRICES: Final = ("query", "key", "value", "output")
"""Of each layer, in the order of a transformer's layers."""


@dataclass(frozen=True, eq=False)
class Transformer:
    """A transformer's weights and the rows of its task.

    Args:
        name: one line.
        attribution: whose work it is, or "".
        outputs: a text for each token.
        embedding: ``[vocabulary, d_model]``.
        positions: ``[context, d_model]``, or None.
        layers: for each layer query, key, value ``[heads, d_model, d_head]`` and output ``[heads, d_head, d_model]``.
        unembedding: ``[d_model, vocabulary]``.
        task: its name, "" if it has none.
        tokens: ``[rows, context]`` token ids, each row once.
        answers: ``[rows]`` token ids.
        blocks: what it has beside attention.
        planted: what its file says was planted in it, None for nothing.
        edited: the edit that its file says it comes of, likewise.
    """

    name: str
    attribution: str
    outputs: tuple[str, ...]
    embedding: Array
    positions: Array | None
    layers: tuple[tuple[Array, Array, Array, Array], ...]
    unembedding: Array
    task: str
    tokens: NDArray[np.int64]
    answers: NDArray[np.int64]
    blocks: Blocks = NO_BLOCKS
    planted: PlantedEdges | None = None
    edited: EditRecord | None = None

    @property
    def n_heads(self) -> int:
        """Heads of each layer."""
        return len(self.layers[0][0])

    def head(self, layer: int, number: int) -> HeadWeights:
        """The weights of one head.

        Args:
            layer: from 1.
            number: from 0.
        """
        query, key, value, output = (one[number] for one in self.layers[layer - 1])
        return query, key, value, output

    @cached_property
    def parameters(self) -> dict[str, Array]:
        """Every matrix and bias vector by its name: ``embedding``, ``positions``, of each head such as ``1.0.query``,
        ``1.0.query_bias``, of each layer ``1.output_bias``, ``1.mlp.in``, ``1.mlp.in_bias``, …, ``unembedding``.
        """
        found = {"embedding": self.embedding, **({} if self.positions is None else {"positions": self.positions})}
        for layer, matrices in enumerate(self.layers, start=1):
            biases = self.blocks.biases[layer - 1] if self.blocks.biases else ()
            of_heads = list(zip((*MATRICES, *BIASES[:3]), (*matrices, *biases[:3]), strict=False))
            for head in range(self.n_heads):
                found |= {f"{layer}.{head}.{name}": array[head] for name, array in of_heads}
            found |= {f"{layer}.{BIASES[3]}": array for array in biases[3:]}
            if self.blocks.mlps:
                found |= {
                    f"{layer}.mlp.{name}": one for name, one in zip(MLP, self.blocks.mlps[layer - 1], strict=True)
                }
        last = self.blocks.unembedding_bias
        return {**found, "unembedding": self.unembedding, **({} if last is None else {"unembedding_bias": last})}

    def with_parameters(self, parameters: Mapping[str, Array]) -> Self:
        """The transformer with other numbers, named as in :attr:`parameters`."""
        heads, numbers = range(self.n_heads), range(1, len(self.layers) + 1)

        def stacked(layer: int, names: Sequence[str]) -> tuple[Array, ...]:
            return tuple(np.stack([parameters[f"{layer}.{head}.{name}"] for head in heads]) for name in names)

        biases: Any = [
            (*stacked(layer, BIASES[:3]), parameters[f"{layer}.{BIASES[3]}"]) for layer in numbers if self.blocks.biases
        ]
        mlps: Any = [tuple(parameters[f"{layer}.mlp.{name}"] for name in MLP) for layer in numbers if self.blocks.mlps]
        layers: Any = tuple(stacked(layer, MATRICES) for layer in numbers)
        last = parameters.get("unembedding_bias")
        return replace(
            self,
            embedding=parameters["embedding"],
            positions=parameters.get("positions"),
            layers=layers,
            unembedding=parameters["unembedding"],
            blocks=replace(self.blocks, biases=tuple(biases), mlps=tuple(mlps), unembedding_bias=last),
        )

    @property
    def per_row(self) -> int:
        """Multiplications of one head on one row."""
        context, (_, d_model, d_head) = self.tokens.shape[1], self.layers[0][0].shape
        return int(context * (4 * d_model * d_head + 2 * context * d_head))

    @property
    def per_mlp(self) -> int:
        """Multiplications of one MLP block on one row."""
        return int(2 * self.tokens.shape[1] * self.embedding.shape[1] * self.blocks.d_mlp)

    def row_tokens(self, row: int) -> tuple[str, ...]:
        """Return the token at each position of a row, for people."""
        return tuple(self.outputs[token] for token in self.tokens[row].tolist())

    @cached_property
    def by_head(self) -> tuple[tuple[HeadWeights, ...], ...]:
        """The weights of each head, layer by layer."""
        layers = range(1, len(self.layers) + 1)
        return tuple(tuple(self.head(layer, number) for number in range(self.n_heads)) for layer in layers)
