"""Derivatives by the parameters of a transformer, with the same bits on every machine.

Each matrix is what the positions of rows are multiplied with on the way, so the derivative by it is the sum, over rows
and positions, of what it reads times the derivative by what it gives.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from pluriscope.analysis.numerics.fixed_order import inner
from pluriscope.analysis.subjects.sites import Run
from pluriscope.analysis.subjects.transformer.blocks import BIASES, MLP
from pluriscope.analysis.subjects.transformer.heads import Array, mixed
from pluriscope.analysis.subjects.transformer.runs import SLOTS, slopes
from pluriscope.analysis.subjects.transformer.weights import MATRICES, Transformer


def matrix_reads(model: Transformer, tokens: NDArray[np.int64], of: Run) -> dict[str, Array]:
    """Input of each matrix, ``[rows, positions, n_in]``; of the unembedding at one position.

    Args:
        model: that was run without patches.
        tokens: ``[rows, context]`` on which it was run.
        of: the run.
    """
    blocks, values, found = model.blocks, of.values, {"embedding": np.eye(len(model.embedding))[tokens]}
    if model.positions is not None:
        found["positions"] = np.broadcast_to(np.eye(len(model.positions)), (*tokens.shape, tokens.shape[1]))
    for layer in range(1, len(model.layers) + 1):
        seen = blocks.normalised(values[f"x{layer - 1}"])
        for head in (f"{layer}.{number}" for number in range(model.n_heads)):
            found |= {f"{head}.{name}": seen for name in MATRICES[:3]}
            found[f"{head}.{MATRICES[3]}"] = mixed(values[f"{head}.a"][None], values[f"{head}.v"][None])[0]
        if blocks.mlps:
            found[f"{layer}.mlp.{MLP[0]}"] = blocks.normalised(values[f"x{layer}.mid"])
            found[f"{layer}.mlp.{MLP[2]}"] = values[f"{layer}.neurons"]
    return {**found, "unembedding": blocks.normalised(values[f"x{len(model.layers)}"])[:, -1:]}


def parameter_slopes(model: Transformer, tokens: NDArray[np.int64], of: Run, by_logits: Array) -> dict[str, Array]:
    """Derivatives by every parameter, by its name, summed over rows.

    Args:
        by_logits: derivatives by the logits, ``[rows, vocabulary]``; for the others see :func:`matrix_reads`.
    """
    reads, by, found = matrix_reads(model, tokens, of), slopes(model, of.values, by_logits), dict[str, Array]()
    given = {"embedding": by["x0"], "positions": by["x0"], "unembedding": by_logits[:, None]}
    for layer in range(1, len(model.layers) + 1):
        for head in (f"{layer}.{number}" for number in range(model.n_heads)):
            given |= {f"{head}.{name}": by[f"{head}.{slot}"] for name, slot in zip(MATRICES, SLOTS, strict=False)}
            given[f"{head}.{MATRICES[3]}"] = by[head]
        if model.blocks.mlps:
            into, out = f"{layer}.mlp.{MLP[0]}", f"{layer}.mlp.{MLP[2]}"
            given[out] = by[f"{layer}.mlp"]
            (w_in, b_in, *_), neurons = model.blocks.mlps[layer - 1], f"{layer}.neurons"
            sums = inner(reads[into], w_in.T) + b_in
            given[into] = by[neurons] * model.blocks.function.slope(sums, of.values[neurons])
    for name, read in reads.items():
        rows, later = read.reshape(-1, read.shape[-1]), given[name].reshape(-1, given[name].shape[-1])
        found[name] = np.stack([_total(column[:, None] * later) for column in rows.T])
        found[_bias_beside(name)] = _total(later)
    return {name: found[name] for name in model.parameters}


def _bias_beside(matrix: str) -> str:
    """The name of the bias that is added to what a matrix gives; all heads of a layer have one output bias."""
    layer, *_ = matrix.split(".")
    return f"{layer}.{BIASES[3]}" if matrix.endswith(f".{MATRICES[3]}") else f"{matrix}_bias"


def _total(rows: Array) -> Array:
    """The sum over the first axis, from the first row to the last."""
    return np.asarray(np.add.accumulate(rows, axis=0)[-1])
