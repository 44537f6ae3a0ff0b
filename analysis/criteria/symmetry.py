"""Circuits that differ only by the names of interchangeable neurons: one of each class is enough.

A symmetry permutes the neurons of hidden layers so that all weights and biases are the same numbers as before. It maps
valid circuits to valid circuits with equal outputs.

1. Symmetries are built layer by layer: given how the layer before is permuted, a neuron may go where the bias and the
   permuted row of weights are equal. The output stays where it is.
2. A circuit is the representative of its class if no symmetry maps its mask to a smaller number.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import Final

import numpy as np
from numpy.typing import NDArray

from analysis.circuits.circuit import EdgeLayout
from analysis.criteria.circuit_context import CircuitCriteriaContext
from analysis.criteria.criterion import Criterion, Settings
from analysis.criteria.verdict import Verdicts, Witness, verdicts_of
from analysis.networks.network import Network
from analysis.progress import Progress

MAX_SYMMETRIES: Final = 1 << 12

Permutations = tuple[tuple[int, ...], ...]
"""For each hidden layer where each neuron goes."""


def symmetries(network: Network) -> Iterator[Permutations]:
    """Every symmetry of a network cut to one output, the identity first."""

    def extend(layer: int, before: tuple[int, ...], chosen: Permutations) -> Iterator[Permutations]:
        weights, biases = network.weights[layer - 1], network.biases[layer - 1]
        if layer == len(network.weights):
            if np.array_equal(weights[:, before], weights):
                yield chosen
            return
        moved = np.empty_like(weights)
        moved[:, before] = weights  # the row as it reads once the layer before is permuted
        open_to = [
            [to for to in range(len(biases)) if biases[to] == biases[i] and np.array_equal(weights[to], moved[i])]
            for i in range(len(biases))
        ]
        for permutation in _matchings(open_to):
            yield from extend(layer + 1, permutation, (*chosen, permutation))

    yield from extend(1, tuple(range(network.n_inputs)), ())


def _matchings(open_to: list[list[int]], chosen: tuple[int, ...] = ()) -> Iterator[tuple[int, ...]]:
    """Ways to give each item another place open to it, lexicographically."""
    if len(chosen) == len(open_to):
        yield chosen
        return
    for place in open_to[len(chosen)]:
        if place not in chosen:
            yield from _matchings(open_to, (*chosen, place))


def permuted_masks(masks: NDArray[np.uint64], permutations: Permutations, layout: EdgeLayout) -> NDArray[np.uint64]:
    """``[circuits]``: the masks after their neurons have moved."""
    sizes = layout.sizes
    moves = (tuple(range(sizes[0])), *permutations, tuple(range(sizes[-1])))
    images = np.zeros_like(masks)
    for layer in range(1, len(sizes)):
        for out in range(sizes[layer]):
            for source in range(sizes[layer - 1]):
                origin = np.uint64(layout.edge_index(layer, out, source))
                target = np.uint64(layout.edge_index(layer, moves[layer][out], moves[layer - 1][source]))
                images |= ((masks >> origin) & np.uint64(1)) << target
    return images


def _representative(context: CircuitCriteriaContext, _: Settings) -> Verdicts:
    found = list(islice(symmetries(context.network), MAX_SYMMETRIES + 1))
    tried, cut_off = found[:MAX_SYMMETRIES], len(found) > MAX_SYMMETRIES
    least = context.masks.copy()
    for number, permutations in enumerate(tried):
        context.report(Progress("criteria", number, len(tried), "symmetries"))
        np.minimum(least, permuted_masks(context.masks, permutations, context.layout), out=least)
    passed = least == context.masks

    def explain(position: int) -> tuple[str, Witness]:
        if not passed[position]:
            other = context.layout.to_hex(int(least[position]))
            return "A permutation of hidden neurons with equal weights leads to a lower mask.", {"mask": other}
        if len(found) == 1:
            return "No permutation of hidden neurons leaves the weights equal, so the class is this circuit.", {}
        if cut_off:
            return f"It is the least under {MAX_SYMMETRIES:,} of the permutations; there are more.", {}
        return f"It is the least under all {len(found):,} permutations that leave the weights equal.", {}

    return verdicts_of(passed, explain, undecided=passed if cut_off else None)


REPRESENTATIVE: Final = Criterion(
    key="representative",
    label="Representative",
    definition="No permutation of hidden neurons that leaves all weights equal turns the circuit into one with a lower "
    "mask.",
    formula="mask(C) = min over symmetries π of the network of mask(π(C))",
    source="Pluriscope: circuits that differ by a symmetry of the network are one in substance",
    judges={"circuit": _representative},
)
