"""Attention heads and their derivatives, step by step, with sums in one order and basic operations.

Whoever takes the steps with the same numbers gets the same bits, however many masks and rows are taken at once.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import sqrt

import numpy as np
from numpy.typing import NDArray

from pluriscope.analysis.numerics.fixed_order import exp_of_negative, inner

Array = NDArray[np.float64]
HeadWeights = tuple[Array, Array, Array, Array]
"""Query, key, value ``[d_model, d_head]`` and output ``[d_head, d_model]``."""
Reads = tuple[Array, ...]
"""What each slot of a node reads, or derivatives by it: of a head as query, key and value, of an MLP block one."""


def attend(query: Array, key: Array, value: Array, weights: HeadWeights) -> Array:
    """Compute what a head adds, ``[masks, rows, context, d_model]``.

    Args:
        query: what its slot reads, ``[masks, rows, context, d_model]``.
        key: likewise.
        value: likewise.
        weights: of the head.
    """
    w_query, w_key, w_value, w_output = weights
    return inner(mixed(attention(inner(query, w_query.T), inner(key, w_key.T)), inner(value, w_value.T)), w_output.T)


def attention(q: Array, k: Array) -> Array:
    """The attention pattern ``[masks, rows, queries, context]`` of the last so many positions.

    Args:
        q: queries ``[masks, rows, queries, d_head]``.
        k: keys ``[masks, rows, context, d_head]``.
    """
    context, d_head = k.shape[2], q.shape[3]
    scores = np.zeros((*q.shape[:3], context))
    for c in range(d_head):
        scores += q[..., c, None] * k[:, :, None, :, c]
    scores /= sqrt(d_head)
    later = np.arange(context) > np.arange(context - q.shape[2], context)[:, None]
    scores = np.where(later, -np.inf, scores)
    shares = exp_of_negative(scores - scores.max(axis=-1, keepdims=True))
    shares /= np.add.accumulate(shares, axis=-1)[..., -1:]
    return shares


def attention_to(patterns: Array, positions: NDArray[np.bool_]) -> Array | None:
    """The mean attention to some places, over the rows and positions that have one; None if none has one.

    Args:
        patterns: ``[…, rows, context, context]``.
        positions: ``[rows, context, context]``.

    Returns:
        ``[…]``, the same bits however many patterns are given at once.
    """
    having = int(positions.any(axis=2).sum())
    if not having:
        return None
    looked = np.where(positions, patterns, 0.0).reshape(*patterns.shape[:-3], -1)
    total: Array = np.add.accumulate(looked, axis=-1)[..., -1]
    return total / having


def without(patterns: Array, positions: NDArray[np.bool_]) -> Array:
    """Attention patterns with none at some places; what is left of each position takes its share, 0 where nothing is.

    Args:
        patterns: ``[rows, context, context]``.
        positions: likewise.
    """
    left = np.where(positions, 0.0, patterns)
    total = np.add.accumulate(left, axis=-1)[..., -1:]
    shared = np.divide(left, total, out=np.zeros_like(left), where=total > 0.0)
    return np.where(positions.any(axis=-1, keepdims=True), shared, patterns)


def mixed(shares: Array, v: Array) -> Array:
    """Values ``[masks, rows, queries, d_head]`` in the shares of an attention pattern.

    Args:
        shares: ``[masks, rows, queries, context]``.
        v: ``[masks, rows, context, d_head]``.
    """
    total = np.zeros((*shares.shape[:3], v.shape[3]))
    for j in range(v.shape[2]):
        total += shares[..., j, None] * v[:, :, None, j]
    return total


@dataclass(frozen=True)
class Step:
    """The computation of a node on what its slots read, ``[rows, context, d_model]`` each.

    Args:
        n_slots: how many slots it has.
        adds: what each slot reads → what the node adds to the stream.
        slopes: what each slot reads, and derivatives by what the node adds → derivatives by what each slot reads.
    """

    n_slots: int
    adds: Callable[[Reads], Array]
    slopes: Callable[[Reads, Array], Reads]


def read_slopes(
    columns: Sequence[Sequence[Step]], start: Array, at_end: Callable[[Array], Array]
) -> tuple[list[Reads], Array]:
    """Derivatives by what each node reads, column by column, and by what the logits read, ``[rows, context, d_model]``.

    Args:
        columns: nodes that read the same stream, one column after the other.
        start: the stream before the first column, ``[rows, context, d_model]``.
        at_end: the stream after the last column → derivatives by it.
    """
    streams, stream = [], start
    for column in columns:
        streams.append(stream)
        stream = stream + sum(step.adds((stream,) * step.n_slots) for step in column)
    by_logits = at_end(stream)
    later, found = by_logits, list[list[Reads]]()  # later: the derivative by what a column adds
    for column, read in zip(reversed(columns), reversed(streams), strict=True):
        slots = [step.slopes((read,) * step.n_slots, later) for step in column]
        found.append(slots)
        later = later + sum(one for of_node in slots for one in of_node)
    return [slots for of_column in reversed(found) for slots in of_column], by_logits


def head_slopes(reads: Reads, weights: HeadWeights, later: Array) -> Reads:
    """Derivatives by what a head reads as query, key and value, from those by what it adds."""
    query, key, value, output = weights
    q, k, v = (inner(read, matrix.T) for read, matrix in zip(reads, weights[:3], strict=True))
    by_q, by_k, by_v, _ = inner_slopes(attention(q[None], k[None])[0], q, k, v, inner(later, output))
    return inner(by_q, query), inner(by_k, key), inner(by_v, value)


def inner_slopes(shares: Array, q: Array, k: Array, v: Array, by_mixed: Array) -> tuple[Array, Array, Array, Array]:
    """Derivatives by queries, keys, values ``[rows, context, d_head]`` and the attention pattern.

    Args:
        shares: the pattern, ``[rows, context, context]``.
        q: queries, ``[rows, context, d_head]``.
        k: keys, likewise.
        v: values, likewise.
        by_mixed: derivatives by the values in the shares of the pattern, likewise.
    """
    by_shares = np.zeros_like(shares)
    for c in range(v.shape[2]):
        by_shares += by_mixed[:, :, None, c] * v[:, None, :, c]
    around = np.add.accumulate(shares * by_shares, axis=2)[:, :, -1:]
    by_scores = shares * (by_shares - around) / sqrt(q.shape[2])
    back = by_scores.transpose(0, 2, 1)
    by_q, by_k = mixed(by_scores[None], k[None])[0], mixed(back[None], q[None])[0]
    return by_q, by_k, mixed(shares.transpose(0, 2, 1)[None], by_mixed[None])[0], by_shares
