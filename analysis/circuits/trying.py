"""The first that is known of the valid circuits, in a second: whether the whole network is one, and which below it are.

From the whole network, then from the smallest valid circuit so far, every circuit is tried that lacks one edge more,
with what then leads nowhere, until none of them is valid. The budget is a number of circuits, so equal calls find the
same.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import pairwise
from typing import Final

import numpy as np
from numpy.typing import NDArray

from pluriscope.analysis.circuits.judging import enough_right
from pluriscope.analysis.circuits.smallest import led_through
from pluriscope.analysis.circuits.space import count_in_space
from pluriscope.analysis.questions.protocol import in_space
from pluriscope.analysis.running.progress import KnownCircuits
from pluriscope.analysis.running.work import Work
from pluriscope.analysis.subjects.perceptron.question import Question

MOST_TRIED: Final = 4_096
_PRODUCTS: Final = 1 << 27  # circuits times edges times rows, which takes about a second
_FEWEST_TRIED: Final = 16
Bits = NDArray[np.bool_]
"""``[circuits, bits]`` what circuits keep, or ``[bits]``, what one does."""


def try_circuits(question: Question, work: Work) -> Iterator[KnownCircuits]:
    """Bound the number of valid circuits of a perceptron by trying a few; each answer is better than the one before.

    Args:
        work: checked between batches; may raise Cancelled.
    """
    network, layout, protocol = question.network, question.layout, question.protocol
    weights = np.concatenate([np.abs(matrix).ravel() for matrix in network.weights])
    n_edges = [matrix.size for matrix in network.weights]
    most = int(np.clip(_PRODUCTS // (layout.n_edges * question.n_rows), _FEWEST_TRIED, MOST_TRIED))

    def below(circuit: Bits) -> Bits:
        edges = np.flatnonzero(circuit)
        edges = edges[np.argsort(weights[edges], kind="stable")][:most]
        left = np.tile(circuit, (len(edges), 1))
        left[np.arange(len(edges)), edges] = False
        matrices = led_through(left, layout)
        return np.concatenate([one.reshape(len(one), n) for one, n in zip(matrices, n_edges, strict=True)], axis=1)

    def judged(circuits: Bits) -> tuple[Bits, Bits]:
        parts = np.split(circuits, layout.offsets[1:-1], axis=1)
        shapes = [(len(circuits), above, lower) for lower, above in pairwise(layout.sizes)]
        keep = [part.reshape(shape) for part, shape in zip(parts, shapes, strict=True)]
        right = np.zeros(len(circuits), np.bool_)
        for members in question.ablations:
            right |= np.logical_and.reduce([enough_right(question, keep, absent=carried) for carried in members])
        n_active = sum((matrix.any(axis=2).sum(axis=1) for matrix in keep[:-1]), np.zeros(len(circuits), np.int64))
        looked_at = [in_space(n, network.sizes, protocol) for n in n_active.tolist()]
        return right, np.array(looked_at, np.bool_)

    possible = count_in_space(network.sizes, protocol)
    return descend(np.ones(layout.n_edges, np.bool_), below, judged, possible, most, work)


def descend(
    whole: Bits,
    below: Callable[[Bits], Bits],
    judged: Callable[[Bits], tuple[Bits, Bits]],
    possible: int,
    most: int,
    work: Work,
) -> Iterator[KnownCircuits]:
    """Bound the number of valid circuits by trying some; each answer is better than the one before.

    Args:
        whole: what the whole network keeps.
        below: the circuits to try that keep one thing less.
        judged: ``[circuits]`` which decide right, and which of them the rules look at.
        possible: circuits that the rules look at.
        most: circuits to try, about.
        work: checked between batches; may raise Cancelled.
    """
    found: dict[bytes, Bits] = {}
    seen: set[bytes] = set()
    n_wrong, some = 0, whole[None]
    while len(some):
        work.check()
        first = not seen
        seen |= {one.tobytes() for one in some}
        right, looked_at = judged(some)
        n_wrong += int(np.count_nonzero(~right & looked_at))
        found |= {one.tobytes(): one for one in some[right & looked_at]}
        yield _known(found, whole, possible, n_wrong)
        if len(seen) >= most or not (first or right.any()):
            return
        lower = np.unique(below(min(some[right], key=np.count_nonzero, default=whole)), axis=0)
        some = lower[[one.tobytes() not in seen for one in lower]]


def _known(found: dict[bytes, Bits], whole: Bits, possible: int, n_wrong: int) -> KnownCircuits:
    """Bound the number of valid circuits: at least those found, at most all but those tried and found wrong."""
    few = [whole, min(found.values(), key=np.count_nonzero, default=whole)]
    masks = {int.from_bytes(np.packbits(one, bitorder="little").tobytes(), "little"): one for one in few}
    valid = tuple(mask for mask, one in masks.items() if one.tobytes() in found)
    return KnownCircuits(possible, len(found), len(found), possible - n_wrong, masks=valid)
