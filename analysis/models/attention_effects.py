"""The derivatives of a loss by what the heads and the logits of a whole transformer read, in closed form.

One pass forward and one back, with sums in one order, so the same bits come out on every machine.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import sqrt

import numpy as np

from analysis.fixed_order import inner
from analysis.models.attention_heads import Array, HeadWeights, attention, mixed
from analysis.models.model import Slope

Slots = tuple[Array, Array, Array]
"""Derivatives by what a head reads as query, key and value, ``[rows, context, d_model]`` each."""


def read_slopes(
    layers: Sequence[Sequence[HeadWeights]], unembedding: Array, given: Array, slope: Slope, rows: slice
) -> tuple[list[Slots], Array]:
    """Derivatives by what each head reads, layer by layer, and by what the logits read, ``[rows, context, d_model]``.

    Args:
        layers: weights of each head.
        unembedding: ``[d_model, vocabulary]``.
        given: the stream before the first layer, ``[rows, context, d_model]``.
        slope: logits ``[rows, vocabulary]`` and which rows these are → derivatives of each row's loss by them.
        rows: of the task, which ``given`` is of.
    """
    streams, stream = [], given
    for heads in layers:
        streams.append(stream)
        stream = stream + sum(_forward(stream, weights) for weights in heads)
    by_logits = np.zeros_like(stream)
    by_logits[:, -1] = inner(slope(inner(stream[:, -1], unembedding.T), rows), unembedding)
    later, found = by_logits, list[list[Slots]]()  # later: the derivative by what a layer adds to the stream
    for heads, read in zip(reversed(layers), reversed(streams), strict=True):
        slots = [_backward(read, weights, later) for weights in heads]
        found.append(slots)
        later = later + sum(one for of_head in slots for one in of_head)
    return [slots for of_layer in reversed(found) for slots in of_layer], by_logits


def _forward(stream: Array, weights: HeadWeights) -> Array:
    """What a head adds, ``[rows, context, d_model]``."""
    query, key, value, output = weights
    shares = attention(inner(stream[None], query.T), inner(stream[None], key.T))
    return inner(mixed(shares, inner(stream[None], value.T))[0], output.T)


def _backward(stream: Array, weights: HeadWeights, later: Array) -> Slots:
    """Derivatives by what a head reads, from those by what it adds."""
    query, key, value, output = weights
    q, k, v = (inner(stream, matrix.T) for matrix in (query, key, value))
    shares = attention(q[None], k[None])[0]
    by_mixed = inner(later, output)  # [rows, context, d_head]
    by_shares = np.zeros_like(shares)
    for c in range(v.shape[2]):
        by_shares += by_mixed[:, :, None, c] * v[:, None, :, c]
    around = np.add.accumulate(shares * by_shares, axis=2)[:, :, -1:]
    by_scores = shares * (by_shares - around) / sqrt(q.shape[2])
    back = by_scores.transpose(0, 2, 1)
    by_q, by_k = mixed(by_scores[None], k[None])[0], mixed(back[None], q[None])[0]
    by_v = mixed(shares.transpose(0, 2, 1)[None], by_mixed[None])[0]
    return inner(by_q, query), inner(by_k, key), inner(by_v, value)
