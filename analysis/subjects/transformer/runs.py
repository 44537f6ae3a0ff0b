"""The sites of a transformer: what it computes on a row, with any of it changed, and derivatives by any of it.

A site is written as people cite it, positions from 1 behind ``~``, all of them where there is none:

    x0 … xL       the residual stream before the first layer, and after each; x1.mid before the MLP block of layer 1
    2.0.q         queries of head 2.0, likewise k and v; 2.0.a its attention pattern, of which a position is a row
    2.0, 2.mlp    what a head or an MLP block adds to the stream
    1.0-2.1.q     one edge: what head 1.0 gives head 2.1 to make its queries of, and nobody else; likewise x-2.1.q,
                  1.0-2.mlp, 1.0-logits

Vig et al., NeurIPS 2020 (arXiv:2004.12265); sites as in TransformerLens; edges as in Wang et al., ICLR 2023
(arXiv:2211.00593) and Goldowsky-Dill et al. 2023 (arXiv:2304.05969).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from pluriscope.analysis.numerics.fixed_order import inner
from pluriscope.analysis.subjects.subject import Change
from pluriscope.analysis.subjects.transformer.heads import Array, attention, inner_slopes, mixed
from pluriscope.analysis.subjects.transformer.space import AttentionSpace
from pluriscope.analysis.subjects.transformer.weights import Transformer

MILLISECONDS: Final = 1.5e-6
"""About how long one multiplication takes."""
SLOTS: Final = ("q", "k", "v")
_NUMBERS: Final = 1 << 21  # that a run keeps at once


def site_names(model: Transformer) -> list[str]:
    """Every site of a model without its position, edges aside, in the order in which they are computed."""
    found = ["x0"]
    for layer in range(1, len(model.layers) + 1):
        heads = [f"{layer}.{head}" for head in range(model.n_heads)]
        found += [f"{head}.{slot}" for head in heads for slot in (*SLOTS, "a")] + heads
        found += [f"x{layer}.mid", f"{layer}.mlp"] if model.blocks.mlps else []
        found.append(f"x{layer}")
    return found


def edge_names(model: Transformer) -> list[str]:
    """Every edge, ``SOURCE-READER`` or ``SOURCE-HEAD.SLOT``, in the order of readers."""
    return [*AttentionSpace(model, "qkv", means=False, split=False).graph.edge_names]


def run_sites(
    model: Transformer, given: NDArray[Any], change: Change, read: Callable[[Array, str], Array] | None = None
) -> Array:
    """Run the whole model site by site; its logits at the last position, ``[rows, vocabulary]``.

    Args:
        model: whose rows need not be those that are run.
        given: tokens ``[rows, context]``, or the stream before the first layer ``[rows, context, d_model]``.
        change: a site without its position and its values ``[rows, context, …]`` → those that are read; called in the
            order of computation, also for the neurons of MLP blocks, ``1.neurons``.
        read: a stream and the name of a reader → what that reader sees of it.
    """
    blocks = model.blocks

    def seen(stream: Array, reader: str) -> Array:
        return blocks.normalised(stream if read is None else read(stream, reader))

    embedded = given
    if given.ndim == 2:
        embedded = model.embedding[given] + (0.0 if model.positions is None else model.positions)
    x = change("x0", embedded)
    for layer in range(1, len(model.layers) + 1):
        # heads of a layer read the same stream, and what they give is added in their order
        biases, total = blocks.biases[layer - 1] if blocks.biases else None, x
        for head, (*reads, output) in enumerate(model.by_head[layer - 1]):
            name = f"{layer}.{head}"
            q, k, v = (
                change(
                    f"{name}.{slot}",
                    inner(seen(x, f"{name}.{slot}"), matrix.T) + (0.0 if biases is None else biases[at][head]),
                )
                for at, (slot, matrix) in enumerate(zip(SLOTS, reads, strict=True))
            )
            shares = change(f"{name}.a", attention(q[None], k[None])[0])
            total = total + change(name, inner(mixed(shares[None], v[None])[0], output.T))
        x = total if biases is None else total + biases[3]
        if blocks.mlps:
            x = change(f"x{layer}.mid", x)
            neurons = change(f"{layer}.neurons", blocks.neurons(layer, seen(x, f"{layer}.mlp")))
            x = x + change(f"{layer}.mlp", blocks.of_neurons(layer, neurons))
        x = change(f"x{layer}", x)
    return unembedded(model, seen(x, "logits")[:, -1])


def in_portions(model: Transformer, rows: NDArray[Any]) -> list[NDArray[Any]]:
    """Rows, or what there is of each, in as many parts as keep what a run computes in memory."""
    context, (heads, d_model, d_head) = model.tokens.shape[1], model.layers[0][0].shape
    per_row = context * len(model.layers) * (heads * (3 * d_head + d_model + context) + 3 * d_model)
    size = max(1, _NUMBERS // per_row)
    return [rows[start : start + size] for start in range(0, len(rows), size)]


def unembedded(model: Transformer, seen: Array) -> Array:
    """Logits ``[…, vocabulary]`` of what the unembedding sees, ``[…, d_model]`` and normalised."""
    logits, bias = inner(seen, model.unembedding.T), model.blocks.unembedding_bias
    return logits if bias is None else np.asarray(logits + bias)


def slopes(model: Transformer, values: Mapping[str, Array], by_logits: Array) -> dict[str, Array]:
    """Derivatives by every site, edges aside, ``[rows, context, …]`` each.

    Args:
        model: that was run without patches.
        values: of the run.
        by_logits: derivatives by the logits, ``[rows, vocabulary]``.
    """
    blocks, found = model.blocks, dict[str, Array]()

    def unread(stream: Array, by_seen: Array) -> Array:
        return by_seen if blocks.epsilon is None else blocks.normalised_slopes(stream, by_seen)

    by_seen = np.zeros_like(values["x0"])
    by_seen[:, -1] = inner(by_logits, model.unembedding)
    later = unread(values[f"x{len(model.layers)}"], by_seen)
    for layer in range(len(model.layers), 0, -1):
        found[f"x{layer}"] = later
        if blocks.mlps:
            found[f"{layer}.mlp"], stream = later, values[f"x{layer}.mid"]
            found[f"{layer}.neurons"] = inner(later, blocks.mlps[layer - 1][2])
            later = later + unread(stream, blocks.mlp_slopes(layer, blocks.normalised(stream), later))
            found[f"x{layer}.mid"] = later
        by_seen = np.zeros_like(later)
        for head, (query, key, value, output) in enumerate(model.by_head[layer - 1]):
            name = f"{layer}.{head}"
            found[name] = later
            q, k, v = (values[f"{name}.{slot}"] for slot in SLOTS)
            by_q, by_k, by_v, by_shares = inner_slopes(values[f"{name}.a"], q, k, v, inner(later, output))
            found |= {f"{name}.q": by_q, f"{name}.k": by_k, f"{name}.v": by_v, f"{name}.a": by_shares}
            by_seen = by_seen + inner(by_q, query) + inner(by_k, key) + inner(by_v, value)
        later = later + unread(values[f"x{layer - 1}"], by_seen)
    found["x0"] = later
    return found
