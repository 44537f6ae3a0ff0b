"""The rank-one edit of one layer, as ROME defines it (Meng et al., NeurIPS 2022, arXiv:2202.05262, §3.1, eq. 2).

The layer's weights W become W + (v* − W k)(C⁻¹ k)ᵀ / (kᵀ C⁻¹ k): k is what the layer reads on the row, C = Σ k kᵀ over
all rows, and v* what it is to give, less the bias. Of all weights with W′ k = v* these change what the layer gives on
all rows least, in squares.

- C⁻¹ k comes of the singular value decomposition of what is read. Where C is singular the pseudo-inverse stands in:
  k lies in the range of C, so it is the limit of (C + λ)⁻¹ k for λ → 0, and nothing is added where nothing is needed.
- v* of the last layer is what makes the output the target. Of an earlier layer it is the nearest that a search finds
  with which the rest of the network gives the target (:func:`nearest`), ROME's being one found by descent. So W′ is
  the least change locally there: another v* may need a smaller one.
- Of a transformer k is what the matrix reads at one position, and C sums over all rows and positions that it reads.
- What an output never is, as 0 and 1 of a sigmoid, is aimed at by 0.1 or 0.9.
"""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from typing import Final

import numpy as np
from numpy.typing import NDArray

from pluriscope.analysis.edits.edit import Array, Change, Edit, Named, Way
from pluriscope.analysis.errors import InvalidEdit, one_of
from pluriscope.analysis.methods.settings import Setting, Settings
from pluriscope.analysis.numerics.fixed_order import decomposed, dot, inner
from pluriscope.analysis.subjects.perceptron.activations import inverse
from pluriscope.analysis.subjects.perceptron.gradients import input_slopes
from pluriscope.analysis.subjects.perceptron.mlp import activations, forward, pre_activations
from pluriscope.analysis.subjects.perceptron.network import Network
from pluriscope_edits.rules.asked import ROW, TARGET, TOKEN, TOKENS, asked_of, layers_of
from pluriscope_edits.rules.perceptrons import EditedPerceptron
from pluriscope_edits.rules.transformers import EditedTransformer

LAYER: Final = Setting("layer", "last", "whose weights change: a number from 1, or last", reads=str.strip, example="1")
MATRIX: Final = Setting(
    "matrix", "unembedding", "which one changes, by its name", reads=str.strip, example="1.0.output"
)
POSITION: Final = Setting(
    "position", "last", "of the row, where it reads k: a number from 1, or last", reads=str.strip, example="3"
)
LEAST: Final = 1e-10
"""Share of the largest singular value below which others count as 0."""
_SCALES: Final = np.array([2.0**k * (1.0 + part / 4.0) for k in range(-8, 12) for part in range(4)])
_SHARES: Final = np.arange(1, 9) / 8.0
_HALVINGS: Final = 48
_STARTS: Final = 8
_MOST_SIDES: Final = 16  # neurons of a layer of which points are drawn nearer along each axis, too
_STEPS: Final = 100
_GAP: Final = 2.0  # that a step aims at, between the target's logit and the largest other
_LEAST_GAP: Final = 0.5  # more of it, where that is there already
_SHORTEST: Final = 1e-6  # steps, as shares of the distance, below which a search ends


def _perceptron(one: EditedPerceptron, settings: Settings, _named: Named) -> Change:
    cut, rows, (row, target) = one.question.network, one.rows, asked_of(one, settings)
    layer = layers_of(one, str(settings["layer"]))[-1]
    reads = activations(cut, rows)[layer - 1]
    left, values, right = decomposed(reads, LEAST)
    key, given, aim = reads[row], pre_activations(cut, layer, reads), aim_of(cut, target)
    along = _along(key, right, left[:, row] / values, f"layer {layer}", f"row {one.names[row]}")
    last = layer == len(cut.weights)
    rest = rest_of(cut, layer)
    wanted = np.array([aim[1]]) if last else nearest(rest, given[row], aim[0], np.delete(given, row, axis=0))
    if wanted is None:
        cause = f"can give nothing with which the output on row {one.names[row]} is {aim[0]:g}"
        raise InvalidEdit(f"layer {layer}", cause, "take a later layer")
    parameters, name = cut.parameters, f"W{layer}"
    parameters[name] = parameters[name] + np.outer(wanted - given[row], along)
    edited = cut.with_parameters(parameters)
    off = float(np.abs(pre_activations(edited, layer, key) - wanted).max())
    output = float(forward(edited, rows[row][None])[0, 0])
    remarks = [f"W′k is v* within {off:.1g}; the output on the row is {output:.6g}, where {aim[0]:g} was aimed at."]
    if not last:
        remarks.append(
            "v* is the nearest that a search finds: the change is the least locally, and a smaller one may do."
        )
    remarks += _singular(values, key)
    return Change(parameters, row, target, {"layer": str(layer)}, tuple(remarks))


def _transformer(one: EditedTransformer, settings: Settings, _named: Named) -> Change:
    """v* is found along the gradient of the target's logit less the largest other, as far as the target is likely."""
    (row, target), model, name = asked_of(one, settings), one.subject, str(settings["matrix"])
    matrices = [each for each, array in model.parameters.items() if array.ndim > 1]
    if name not in matrices:
        raise InvalidEdit(f"matrix {name[:40]!r}", "is not there", one_of(name, matrices))
    reads, where = one.reads(name), one.position(name, str(settings["position"]))
    key, every = reads[row, where], reads.reshape(-1, reads.shape[-1])
    spread = np.stack([np.add.accumulate(column[:, None] * every, axis=0)[-1] for column in every.T])  # C
    left, values, right = decomposed(spread, LEAST)
    shares = np.array([dot(vector, key) for vector in left]) / values
    along = _along(key, right, shares, name, f"row {one.names[row]}, position {settings['position']}")
    parameters, old, here = dict(model.parameters), model.parameters[name], np.array([row])

    def given(more: Array) -> Array:
        """Logits on the row where the matrix gives so much more there."""
        parameters[name] = old + np.outer(along, more)
        return one.run(parameters, here)[0]

    def enough(more: Array) -> bool:
        return not one.lacks(given(more), np.array([target]))

    before, more = np.zeros(old.shape[1]), np.zeros(old.shape[1])
    for _ in range(_STEPS):
        parameters[name] = old + np.outer(along, more)
        logits, back = one.run(parameters, here)
        if not one.lacks(logits, np.array([target])):
            break
        others = logits[0].copy()
        others[target] = -np.inf
        other, slopes = int(others.argmax()), np.zeros_like(logits)
        slopes[0, target], slopes[0, other] = 1.0, -1.0
        uphill = inner(along[None], back(slopes)[name].T)[0]
        if not dot(uphill, uphill) > 0.0:
            break
        short = max(_GAP - (logits[0, target] - others[other]), _LEAST_GAP)
        before, more = more, more + uphill * (short / dot(uphill, uphill))
    if not enough(more):
        cause = f"gives nothing along its gradient with which {one.tokens[target]} is likely on row {one.names[row]}"
        raise InvalidEdit(name, cause, "take a later matrix, or another position")
    low, high = 0.0, 1.0  # of the last step so much as is needed
    for _ in range(_HALVINGS):
        middle = (low + high) / 2.0
        low, high = (low, middle) if enough(before + middle * (more - before)) else (middle, high)
    logits = given(before + high * (more - before))[0]
    largest, token = np.delete(logits, target).max(), one.tokens[target]
    remarks = [f"The logit of {token} on the row is {logits[target]:.6g}, the largest other {largest:.6g}."]
    remarks += ["v* is found along the gradient, so a smaller change may do.", *_singular(values, key)]
    return Change(parameters, row, target, remarks=tuple(remarks))


def _along(key: Array, vectors: Array, shares: Array, layer: str, where: str) -> Array:
    """C⁻¹ k / (kᵀ C⁻¹ k).

    Args:
        key: k, ``[n]``.
        vectors: singular vectors of what is read, ``[rank, n]``.
        shares: of each in C⁻¹ k.
        layer: what reads it, for people.
        where: on which row, likewise.

    Raises:
        InvalidEdit: k is 0.
    """
    along = np.zeros(len(key))
    for vector, share in zip(vectors, shares, strict=True):
        along = along + vector * share
    if not dot(key, along) > 0.0:
        cause = f"reads only zeros on {where}, so no weights change what it gives there"
        raise InvalidEdit(layer, cause, "take another row or another layer")
    return along / dot(key, along)


def _singular(values: Array, key: Array) -> list[str]:
    if len(values) == len(key):
        return []
    return [f"C has rank {len(values)} of {len(key)}, so its pseudo-inverse stands in for its inverse."]


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
        """Points on the ways ``[m, n]`` from the start where the output first reaches the aim; infinity if it never
        does.

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

    # crossings in many directions, since an output that bends has several
    every = np.concatenate([start[None], others])
    ways = np.concatenate([axes, others - start, sign * input_slopes(rest, every)])
    found = crossings(ways, _SCALES)
    found = found[np.argsort(_lengths(found - start), kind="stable")[:_STARTS]]
    found = found[np.isfinite(found[:, 0])]
    # each of the nearest walks along the surface towards the start, its step halved where no trial is nearer
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
    label="Rank-one edit",
    says="ROME's closed form: of all weights of a matrix that give on one row what makes the output the target, those "
    "that change least what it gives on all rows. For the last layer of a perceptron that is known, for others and for "
    "transformers a search finds it.",
    source="Meng et al., NeurIPS 2022 (arXiv:2202.05262), eq. 2.",
    ways={
        "perceptron": Way((LAYER, ROW, TARGET), _perceptron),
        "attention": Way((MATRIX, POSITION, TOKENS, TOKEN), _transformer),
    },
)
