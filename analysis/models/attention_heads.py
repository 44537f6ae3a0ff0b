"""What one attention head computes, step by step, with sums in one order and exp from basic operations.

Whoever takes the steps with the same numbers gets the same bits, however many masks and rows are taken at once.
"""

from __future__ import annotations

from math import sqrt

import numpy as np
from numpy.typing import NDArray

from analysis.fixed_order import exp_of_negative, inner

Array = NDArray[np.float64]
HeadWeights = tuple[Array, Array, Array, Array]
"""Query, key, value ``[d_model, d_head]`` and output ``[d_head, d_model]``."""


def attend(query: Array, key: Array, value: Array, weights: HeadWeights, *, last_only: bool) -> Array:
    """What a head adds, ``[masks, rows, positions, d_model]``.

    Args:
        query: what its slot reads, ``[masks, rows, context, d_model]``.
        key: likewise.
        value: likewise.
        weights: of the head.
        last_only: whether the last position is the only one.
    """
    w_query, w_key, w_value, w_output = weights
    start = key.shape[2] - 1 if last_only else 0
    q, k, v = inner(query[:, :, start:], w_query.T), inner(key, w_key.T), inner(value, w_value.T)
    return inner(mixed(attention(q, k), v), w_output.T)


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


def attention_to(patterns: Array, places: NDArray[np.bool_]) -> Array | None:
    """The mean attention to some places, over the rows and positions that have one; None if none has one.

    Args:
        patterns: ``[…, rows, context, context]``.
        places: ``[rows, context, context]``.

    Returns:
        ``[…]``, the same bits however many patterns are given at once.
    """
    having = int(places.any(axis=2).sum())
    if not having:
        return None
    looked = np.where(places, patterns, 0.0).reshape(*patterns.shape[:-3], -1)
    total: Array = np.add.accumulate(looked, axis=-1)[..., -1]
    return total / having


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
