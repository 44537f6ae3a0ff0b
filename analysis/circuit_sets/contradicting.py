"""The two interpretations that contradict each other on most interventions of the common ground.

Each observed class stands as its representative (:mod:`analysis.common_ground.interpreted`), and every representative
that speaks at all predicts the answer under every intervention, 0 or 1. Two of them contradict each other where their
predictions differ, and there exactly one is right. All pairs are compared; the predictions of one representative are a
row of bits.

Where the classes of all circuits are too many, each of some circuits takes part with its first interpretation alone.
Other members of a class may contradict more: their free completions predict otherwise where no input reaches.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from analysis.circuit_sets.overlap import spread_by_size
from analysis.common_ground.interpreted import choose_classes, representatives_predict, speaks
from analysis.errors import BeyondLimits
from analysis.experiments import intervention_space
from analysis.networks.circuit import Circuit
from analysis.question import Question
from analysis.report import Exact, Mask, Part
from analysis.work import DEFAULT_WORK, Work

MAX_CLASSES: Final = 10_000
MAX_CIRCUITS: Final = 1_000
STAGE: Final = "contradicting interpretations"
_BLOCK: Final = 256


class ContradictionFound(Part):
    """Two interpretations that contradict each other on most interventions."""

    masks: tuple[Mask, Mask] = Field(description="Of their circuits.")
    indices: tuple[Exact, Exact] = Field(description="The index of each in its circuit.")
    differ: int = Field(description="Interventions on which they predict different answers.")
    n_interventions: int = Field(description="Interventions that both predict: all of them.")
    of: int = Field(description="Interpretations that were compared, each the representative of an observed class.")
    complete: bool = Field(description="Whether these are all classes of all listed circuits.")


def most_contradicting(
    question: Question,
    masks: NDArray[Any],
    observed: Sequence[int],
    work: Work = DEFAULT_WORK,
    *,
    max_classes: int = MAX_CLASSES,
    max_circuits: int = MAX_CIRCUITS,
) -> ContradictionFound | None:
    """The pair of interpretations with most contradictions; None where no two speak or none differ.

    Among pairs that differ equally often the one counts whose first circuit, then interpretation, then second comes
    first in the order of masks and indices.

    Args:
        question: whose circuits.
        masks: ``[circuits]`` the listed valid circuits, ascending.
        observed: ``[circuits]`` observed classes of each.
        work: told between circuits; may raise Cancelled.
        max_classes: of more classes each circuit takes part with its first interpretation alone.
        max_circuits: and then at most so many circuits, spread evenly over the sizes.
    """
    space = intervention_space(question.cut.hidden_sizes, question.cut.n_inputs)
    complete = sum(observed) <= max_classes
    with_any = np.flatnonzero(np.array(observed, dtype=object) > 0)
    if not complete:
        with_any = with_any[np.sort(spread_by_size(masks[with_any], question.layout, max_circuits))]
    owners: list[tuple[int, int]] = []
    packed: list[NDArray[np.uint8]] = []
    ranks = None if complete else (0,)
    for done, number in enumerate(with_any.tolist()):
        work.tell(STAGE, done, len(with_any))
        circuit = Circuit(question.layout, int(masks[number]))
        try:
            chosen = choose_classes(question, circuit, ranks=ranks)
        except BeyondLimits:
            complete = False
            continue
        if speaks(chosen.classes):
            owners += [(circuit.mask, index) for index in chosen.least_indices]
            packed += [
                np.packbits(predicted.reshape(len(predicted), -1).astype(bool), axis=1)
                for predicted in representatives_predict(chosen.classes, space)
            ]
    work.tell(STAGE, len(with_any), len(with_any))
    if len(owners) < 2:
        return None
    rows = np.concatenate(packed)
    words = np.zeros((len(rows), -(-rows.shape[1] // 8) * 8), dtype=np.uint8)
    words[:, : rows.shape[1]] = rows
    differ, first, second = _farthest(words.view(np.uint64), work)
    if not differ:
        return None
    (circuit_a, index_a), (circuit_b, index_b) = owners[first], owners[second]
    to_hex = question.layout.to_hex
    return ContradictionFound(
        masks=(to_hex(circuit_a), to_hex(circuit_b)),
        indices=(str(index_a), str(index_b)),
        differ=differ,
        n_interventions=space.n_interventions,
        of=len(owners),
        complete=complete,
    )


def _farthest(words: NDArray[np.uint64], work: Work) -> tuple[int, int, int]:
    """The largest number of bits in which two rows differ, and the first two rows that do."""
    most, pair = 0, (0, 0)
    for start in range(0, len(words), _BLOCK):
        work.check()
        here = words[start : start + _BLOCK]
        for other in range(start, len(words), _BLOCK):
            there = words[other : other + _BLOCK]
            differ = np.zeros((len(here), len(there)), dtype=np.int32)
            for word in range(words.shape[1]):
                differ += np.bitwise_count(here[:, word, None] ^ there[:, word])
            here_most = int(differ.max())
            if here_most >= most:
                rows, columns = np.nonzero(differ == here_most)
                low, high = np.minimum(rows + start, columns + other), np.maximum(rows + start, columns + other)
                at = np.lexsort((high, low))[0]
                found = int(low[at]), int(high[at])
                if here_most > most or found < pair:
                    most, pair = here_most, found
    return most, *pair
