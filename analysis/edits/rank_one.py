"""The rank-one edit of one layer, as ROME defines it (Meng et al., NeurIPS 2022, arXiv:2202.05262, §3.1, eq. 2).

The layer's weights W become W + (v* − W k)(C⁻¹ k)ᵀ / (kᵀ C⁻¹ k): k is what the layer reads on the row, C = Σ k kᵀ over
all rows, and v* what it is to give, less the bias. Of all weights with W′ k = v* these change what the layer gives on
all rows least, in squares.

- C⁻¹ k comes of the singular value decomposition of what is read. Where C is singular the pseudo-inverse stands in:
  k lies in the range of C, so it is the limit of (C + λ)⁻¹ k for λ → 0, and nothing is added where nothing is needed.
- v* of the last layer is what makes the output the target. Of an earlier layer it is the nearest that a search finds
  with which the rest of the network gives the target (:func:`nearest`), ROME's being one found by descent. So W′ is
  the least change locally there: another v* may need a smaller one.
- What an output never is, as 0 and 1 of a sigmoid, is aimed at by 0.1 or 0.9.
"""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from typing import Final

import numpy as np
from numpy.typing import NDArray

from analysis.edits.asked import ROW, TARGET, asked_of, layers_of
from analysis.edits.edit import Array, Change, Edit, Named, row_text
from analysis.errors import InvalidEdit
from analysis.fixed_order import decomposed, dot
from analysis.method_settings import Setting, Settings
from analysis.question import Question
from analysis.subjects.perceptron.activations import inverse
from analysis.subjects.perceptron.gradients import input_slopes
from analysis.subjects.perceptron.mlp import activations, forward, pre_activations
from analysis.subjects.perceptron.network import Network

LAYER: Final = Setting("layer", "last", "whose weights change: a number from 1, or last", reads=str.strip, example="1")
LEAST: Final = 1e-10
"""Share of the largest singular value below which others count as 0."""
_SCALES: Final = np.array([2.0**k * (1.0 + part / 4.0) for k in range(-8, 12) for part in range(4)])
_SHARES: Final = np.arange(1, 9) / 8.0
_HALVINGS: Final = 48
_STARTS: Final = 8
_MOST_SIDES: Final = 16  # neurons of a layer of which points are drawn nearer along each axis, too
_SHORTEST: Final = 1e-6  # steps, as shares of the distance, below which a search ends


def _apply(question: Question, settings: Settings, _named: Named) -> Change:
    cut, rows, (row, target) = question.cut, question.method_rows[0], asked_of(question, settings)
    layer = layers_of(question, str(settings["layer"]))[-1]
    reads = activations(cut, rows)[layer - 1]
    left, values, right = decomposed(reads, LEAST)
    along = np.zeros(cut.sizes[layer - 1])  # C⁻¹ k
    for vector, size, share in zip(right, values, left[:, row], strict=True):
        along = along + vector * (share / size)
    key, given, aim = reads[row], pre_activations(cut, layer, reads), aim_of(cut, target)
    if not dot(key, along) > 0.0:
        cause = f"reads only zeros on row {row_text(question, row)}, so no weights change what it gives there"
        raise InvalidEdit(f"layer {layer}", cause, "take another row or another layer")
    last = layer == len(cut.weights)
    rest = rest_of(cut, layer)
    wanted = np.array([aim[1]]) if last else nearest(rest, given[row], aim[0], np.delete(given, row, axis=0))
    if wanted is None:
        cause = f"can give nothing with which the output on row {row_text(question, row)} is {aim[0]:g}"
        raise InvalidEdit(f"layer {layer}", cause, "take a later layer")
    weights = list(cut.weights)
    weights[layer - 1] = weights[layer - 1] + np.outer(wanted - given[row], along / dot(key, along))
    edited = replace(cut, weights=tuple(weights))
    off = float(np.abs(pre_activations(edited, layer, key) - wanted).max())
    output = float(forward(edited, rows[row][None])[0, 0])
    remarks = [f"W′k is v* within {off:.1g}; the output on the row is {output:.6g}, where {aim[0]:g} was aimed at."]
    if not last:
        remarks.append(
            "v* is the nearest that a search finds: the change is the least locally, and a smaller one may do."
        )
    if len(values) < len(along):
        remarks.append(f"C has rank {len(values)} of {len(along)}, so its pseudo-inverse stands in for its inverse.")
    return Change(weights, cut.biases, row, target, {"layer": str(layer)}, tuple(remarks))


def aim_of(network: Network, target: int) -> tuple[float, float]:
    """The output that stands for a target of 0 or 1, and the pre-activation at which the network gives it.

    Raises:
        BeyondLimits: the output's activation falls somewhere.
        InvalidEdit: it never gives what is near the target.
    """
    known = network.function_of(len(network.weights))
    for output in (float(target), (0.1, 0.9)[target]):
        given = inverse(known, Fraction(output))
        if given is not None:
            return output, float(given)
    raise InvalidEdit(f"output activation {known.text}", f"it never is near {target}", "use a network with another one")


def rest_of(network: Network, layer: int) -> Network:
    """The network from what a layer is given on: its inputs are the pre-activations ``[n_layer]``."""
    width = network.sizes[layer]
    weights = (np.eye(width), *network.weights[layer:])
    return replace(network, weights=weights, biases=(np.zeros(width), *network.biases[layer:]))


def nearest(rest: Network, start: Array, aim: float, others: Array) -> Array | None:
    """The nearest point at which the output is an aim, of those that a search from many sides finds.

    Rays from the start, along the axes and the gradients and towards other rows' points, are followed until the output
    is the aim. The nearest of these points are then drawn nearer: to the foot of the tangent plane, and in layers of up
    to 16 neurons along the axes, by steps that get shorter where none helps. What is found is a local optimum; kinks
    may hide a nearer one.

    Args:
        rest: see :func:`rest_of`.
        start: ``[n]`` what the layer gives.
        aim: the output wanted.
        others: ``[rows, n]`` what the layer gives on other rows.

    Returns:
        ``[n]``, at which the output is the aim up to rounding; None where no ray leads there.
    """
    sign = 1.0 if aim > forward(rest, start[None])[0, 0] else -1.0
    axes = np.concatenate([np.eye(len(start)), -np.eye(len(start))])

    def crossings(ways: Array, shares: Array) -> Array:
        """Where on each way ``[m, n]`` from the start the output first reaches the aim, infinity if it never does.

        Shares of the way are tried, then halved.
        """

        def reached(at: Array) -> NDArray[np.bool_]:
            outputs = forward(rest, (start + at[..., None] * ways).reshape(-1, len(start)))[:, 0]
            return np.asarray(sign * (outputs.reshape(at.shape) - aim) >= 0.0)

        past: NDArray[np.bool_] = reached(np.broadcast_to(shares[:, None], (len(shares), len(ways))))
        first = past.argmax(axis=0)
        low, high = np.where(first > 0, shares[first - 1], 0.0), shares[first]
        for _ in range(_HALVINGS):
            middle = (low + high) / 2.0
            there = reached(middle)
            low, high = np.where(there, low, middle), np.where(there, middle, high)
        return np.where(np.any(past, axis=0)[:, None], start + high[:, None] * ways, np.inf)

    def feet(points: Array) -> Array:
        """The nearest point to the start on the tangent plane through each of some points."""
        slopes = input_slopes(rest, points)
        squares = _lengths(slopes) ** 2
        shares = _sums(slopes * (points - start)) / np.where(squares > 0.0, squares, 1.0)
        return start + slopes * shares[:, None]

    every = np.concatenate([start[None], others])
    ways = np.concatenate([axes, others - start, sign * input_slopes(rest, every)])
    found = crossings(ways, _SCALES)
    found = found[np.argsort(_lengths(found - start), kind="stable")[:_STARTS]]
    found = found[np.isfinite(found[:, 0])]
    steps = np.full(len(found), 0.5)
    while (steps > _SHORTEST).any():
        radii, toward = _lengths(found - start), feet(found) - found
        sides = found[:, None] + (steps * radii)[:, None, None] * (axes if len(start) <= _MOST_SIDES else axes[:0])
        tried = np.concatenate([sides, (found + toward)[:, None], (found + steps[:, None] * toward)[:, None]], axis=1)
        # ways end a little farther out, so that they meet the aim where the output bends away
        met = crossings(1.05 * (tried - start).reshape(-1, len(start)), _SHARES).reshape(tried.shape)
        away = _lengths(met - start)
        best = away.argmin(axis=1)[:, None]
        closer = np.take_along_axis(away, best, 1)[:, 0] < radii * (1.0 - 0.01 * steps**2)  # enough for the step
        found = np.where(closer[:, None], np.take_along_axis(met, best[..., None], 1)[:, 0], found)
        steps = np.where(closer, steps, steps / 2.0)
    return None if not len(found) else np.asarray(found[_lengths(found - start).argmin()])


def _sums(values: Array) -> Array:
    """``[…]`` sums over the last axis, in order."""
    return np.asarray(np.add.accumulate(values, axis=-1)[..., -1])


def _lengths(rows: Array) -> Array:
    """``[…]`` Euclidean lengths along the last axis."""
    return np.sqrt(_sums(rows * rows))


RANK_ONE: Final = Edit(
    key="rank-one",
    label="Rank-one edit of a layer",
    says="ROME's closed form: of all weights of the last layer that make the output on one row the target, those that "
    "change least what the layer gives on all rows; of an earlier layer those that do so locally, as a search finds.",
    source="Meng et al., NeurIPS 2022 (arXiv:2202.05262), eq. 2.",
    settings=(LAYER, ROW, TARGET),
    apply=_apply,
)
