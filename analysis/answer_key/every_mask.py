"""The truth about a small perceptron by trying every mask.

1. Of all masks those are kept that pruning leaves as they are, where a neuron may stay without an edge in.
2. They are run once for each ablation, and every judge looks at the same outputs.
3. One word for each mask has a bit for each condition that it is valid under. What is valid below a mask is handed up
   edge by edge, for all conditions at once; a valid circuit with nothing valid below is minimal.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from analysis.answer_key.judging import PerceptronJudge, every_input_read, without_loose_ends
from analysis.answer_key.truth import Truth

MOST_TRIED: Final = 21
"""Edges of the largest networks of which every mask is tried."""
_AT_ONCE: Final = 1 << 14
Words = NDArray[np.uint32]


def truths_by_every_mask(judges: Sequence[PerceptronJudge]) -> list[Truth]:
    """The truth of each judge; they are of one network of at most :data:`MOST_TRIED` edges, under at most 32
    conditions.
    """
    layout = judges[0].question.layout
    every = np.arange(1 << layout.n_edges, dtype=np.uint64)
    circuits = every[without_loose_ends(every, layout, "free") == every]
    # of these, what is no circuit where a neuron needs an edge in is pruned further there
    strict = (without_loose_ends(circuits, layout, "strict") == circuits) & every_input_read(circuits, layout)
    words: Words = np.zeros(len(every), dtype=np.uint32)
    by_ablation: dict[str, list[tuple[int, PerceptronJudge]]] = {}
    for bit, judge in enumerate(judges):
        by_ablation.setdefault(judge.condition.ablation, []).append((bit, judge))
    for alike in by_ablation.values():
        for start in range(0, len(circuits), _AT_ONCE):
            some = slice(start, start + _AT_ONCE)
            outputs = alike[0][1].outputs_of(circuits[some])
            for bit, judge in alike:
                valid = judge.pass_with(outputs)
                if judge.condition.structure == "strict":
                    valid &= strict[some]
                words[circuits[some]] |= valid.astype(np.uint32) << np.uint32(bit)
    below = _below(words, layout.n_edges)
    found = []
    for bit, judge in enumerate(judges):
        masks = np.flatnonzero(words >> np.uint32(bit) & np.uint32(1)).astype(np.uint64)
        minimal = masks[(below[masks] >> np.uint32(bit) & np.uint32(1)) == 0]
        found.append(Truth.of_masks(judge.condition, layout.n_edges, masks, minimal))
    return found


def _below(words: Words, n_edges: int) -> Words:
    """``[masks]`` all bits of words of masks that are a proper part of each mask."""
    within, below = words.copy(), np.zeros_like(words)
    for edge in range(n_edges):
        halves = within.reshape(-1, 2, 1 << edge)  # without the edge, and with it
        halves[:, 1] |= halves[:, 0]
    for edge in range(n_edges):
        below.reshape(-1, 2, 1 << edge)[:, 1] |= within.reshape(-1, 2, 1 << edge)[:, 0]
    return below
