"""Remainders: what is left of a network when edges are taken away, and whether it still decides right.

A hidden neuron without an edge in is inactive and carries what the protocol's ablation says; one without an edge out
changes nothing. Such neurons are dead, and so are their edges: they are pruned before a remainder is judged, by its
decisions alone. An edge that can only be removed together with a neuron is thus not taken for one that matters.

A pruned remainder is a circuit of the protocol's family, or some input is left without an edge. Where the right
decisions depend on every input nothing of the second kind decides right; elsewhere all of these are tried.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from itertools import product
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from pluriscope.analysis.subjects.perceptron.circuit import EdgeLayout, mask_array, one_mask
from pluriscope.analysis.subjects.perceptron.question import Question

MAX_IGNORING: Final = 1 << 16
"""Sets of edges that leave an input unused, of which each is tried; some seconds."""


def pruned(masks: NDArray[Any], layout: EdgeLayout) -> NDArray[Any]:
    """The masks without the edges of dead neurons.

    Forwards, a neuron without an edge in loses those out; then backwards, one without an edge out loses those in.
    """
    left = masks.copy()
    n_hidden = len(layout.sizes) - 2
    nothing = one_mask(0, layout)
    for layer in (*range(1, n_hidden + 1), *range(n_hidden, 0, -1)):
        for neuron in range(layout.sizes[layer]):
            into = one_mask(layout.edges_into[layer][neuron], layout)
            out = one_mask(layout.edges_out_of[layer][neuron], layout)
            dead = ((left & into) == nothing) | ((left & out) == nothing)
            left = np.where(dead, left & ~(into | out), left)
    return left


def ignores_an_input(masks: NDArray[Any], layout: EdgeLayout) -> NDArray[np.bool_]:
    """Decide which masks leave some input without an edge, ``[masks]``; one that has no edge at all does."""
    found = np.zeros(len(masks), dtype=np.bool_)
    for out_of in layout.edges_out_of[0]:
        found |= (masks & one_mask(out_of, layout)) == one_mask(0, layout)
    return found


def needs_every_input(question: Question) -> bool:
    """Whether nothing that ignores an input can decide right on enough of the judged rows.

    Rows that differ in the ignored input alone are decided alike, so of each group of them only those with one label
    can be right.
    """
    rows, labels = question.judged
    most = max(_most_right(np.delete(rows, i, axis=1), labels) for i in range(rows.shape[1]))
    return not most / len(labels) > question.protocol.accuracy_threshold


def _most_right(rows: NDArray[np.float64], labels: NDArray[np.float64]) -> int:
    """Rows that the best function of these columns decides right."""
    _, group = np.unique(rows, axis=0, return_inverse=True)
    counts = [np.bincount(group.reshape(-1)[labels == label], minlength=len(rows)) for label in (0, 1)]
    return int(np.maximum(*counts).sum())


@lru_cache(maxsize=8)
def sets_ignoring_an_input(layout: EdgeLayout) -> NDArray[Any] | None:
    """Every pruned set of edges that leaves an input unused, the empty one too, ascending; None if they are too many
    to try. Not to be changed: the next caller gets the same.
    """
    found = {0}
    for mask in _fed_from_above(layout, len(layout.sizes) - 1, (0,), 0):
        found.add(mask)
        if len(found) > MAX_IGNORING:
            return None
    return mask_array(sorted(found), layout)


def _fed_from_above(layout: EdgeLayout, layer: int, active: tuple[int, ...], mask: int) -> Iterator[int]:
    """Ways to give each active neuron of a layer some edges in, then those that these come from, down to the inputs, of
    which one is left out each time.

    Args:
        layer: from L down to 1.
        active: its neurons that need an edge in.
        mask: the edges chosen above.
    """
    width = layout.sizes[layer - 1]
    every = range(1, 1 << width)  # nonempty sets of sources, as bits
    without_one = ([sources for sources in every if not sources >> left_out & 1] for left_out in range(width))
    for some in [every] if layer > 1 else without_one:
        for chosen in product(some, repeat=len(active)):
            edges = sum(
                1 << layout.edge_index(layer, neuron, source)
                for neuron, sources in zip(active, chosen, strict=True)
                for source in range(width)
                if sources >> source & 1
            )
            below = int(np.bitwise_or.reduce(chosen))
            used = tuple(source for source in range(width) if below >> source & 1)
            if layer > 1:
                yield from _fed_from_above(layout, layer - 1, used, mask | edges)
            else:
                yield mask | edges
