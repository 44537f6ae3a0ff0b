"""The weights of a transformer and the rows of its task."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from analysis.subjects.transformer.blocks import NO_BLOCKS, Blocks
from analysis.subjects.transformer.heads import Array, HeadWeights
from analysis.subjects.transformer.planted import PlantedEdges


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
        """What stands at each position of a row, for people."""
        return tuple(self.outputs[token] for token in self.tokens[row].tolist())

    @cached_property
    def by_head(self) -> tuple[tuple[HeadWeights, ...], ...]:
        """The weights of each head, layer by layer."""
        layers = range(1, len(self.layers) + 1)
        return tuple(tuple(self.head(layer, number) for number in range(self.n_heads)) for layer in layers)
