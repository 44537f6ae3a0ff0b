"""Telling explanations apart: the fewest interventions that do it, and which pairs none can part.

Two explanations are told apart by an intervention on which both predict and they differ
(:mod:`analysis.experiments`). Where explanations on directions take part, the own swaps of all are interventions too
(:mod:`analysis.directions.self_interventions`). For a set of explanations the fewest interventions that tell every
separable pair apart are a smallest set cover: elements are pairs, and an intervention covers the pairs that it parts.

1. Explanations that predict the same everywhere, silence included, are one; so are interventions that part the same
   pairs (the one with the largest margin stands for them).
2. A greedy cover gives an upper bound; k explanations that can all be told apart need at least log2 k interventions.
3. Between the two, iterative deepening branches on the pair that the fewest interventions part. If its budget runs out
   the greedy cover is returned with the bound that was proved.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from analysis.directions.self_interventions import SwapsAsked
from analysis.experiments import SILENT, CrucialExperiment, InterventionSpace, NetworkAnswers, experiment_at

MAX_STEPS = 200_000


@dataclass(frozen=True)
class Separation:
    """How some explanations can be told apart, by their positions in the order given.

    Args:
        experiments: interventions on neuron sets that together with ``swaps`` tell every separable pair apart, largest
            margin first.
        swaps: the own swaps among the chosen interventions, each (swap, source, base), largest margin first.
        at_least: no smaller number of interventions does; equal to their number if ``exact``.
        inseparable: pairs that no intervention of the space and no own swap tells apart, each (i, j) with i < j.
        silent: those of them that never both predict.
        alike: groups of two or more explanations with the same predictions everywhere, silence included.
        of_all_sets: whether the space has every set of hidden neurons, so that "never" means never.
    """

    experiments: tuple[CrucialExperiment, ...]
    swaps: tuple[tuple[int, int, int], ...]
    at_least: int
    inseparable: tuple[tuple[int, int], ...]
    silent: tuple[tuple[int, int], ...]
    alike: tuple[tuple[int, ...], ...]
    of_all_sets: bool

    @property
    def exact(self) -> bool:
        """Whether no smaller set of interventions does the same."""
        return self.at_least == len(self.experiments) + len(self.swaps)


def separate(
    predictions: Sequence[NDArray[np.int8]],
    answers: NetworkAnswers,
    space: InterventionSpace,
    *,
    swaps: SwapsAsked | None = None,
    max_steps: int = MAX_STEPS,
) -> Separation:
    """The fewest interventions that tell explanations apart.

    Args:
        predictions: one array ``[set, source, base]`` for each explanation.
        answers: what the network does on the same space.
        space: the interventions.
        swaps: the own swaps of the same explanations and what everyone says of them, where these count too.
        max_steps: most branches of the exact search.
    """
    given = np.array([p[space.counted] for p in predictions], dtype=np.int8).reshape(len(predictions), -1)
    margins = answers.margins[space.counted]
    n_on_sets = len(margins)
    if swaps is not None:
        given = np.hstack([given, swaps.predictions[:, swaps.counted]])
        margins = np.concatenate([margins, swaps.margins[swaps.counted]])
    members: dict[bytes, list[int]] = {}
    for position, said in enumerate(given):
        members.setdefault(said.tobytes(), []).append(position)
    groups = [tuple(group) for group in members.values()]
    distinct = given[[group[0] for group in groups]]
    pairs = list(combinations(range(len(distinct)), 2))
    covers = _covers(distinct, margins)
    coverable = 0
    for cover in covers:
        coverable |= cover
    unparted = [pair for bit, pair in enumerate(pairs) if not coverable >> bit & 1]
    chosen, at_least = _smallest(list(covers), coverable, _least_needed(len(distinct), len(unparted)), max_steps)
    inseparable = sorted(
        [pair for group in groups for pair in combinations(group, 2)]
        + [_ascending(i, j) for a, b in unparted for i in groups[a] for j in groups[b]]
    )
    spoken = given != SILENT
    positions = sorted((covers[cover] for cover in chosen), key=lambda position: -margins[position])
    swapped = np.argwhere(swaps.counted) if swaps is not None else np.zeros((0, 3), dtype=np.int64)
    return Separation(
        tuple(_experiment(at, predictions, answers, space) for at in positions if at < n_on_sets),
        tuple(_triple(swapped[at - n_on_sets]) for at in positions if at >= n_on_sets),
        at_least,
        tuple(inseparable),
        tuple((i, j) for i, j in inseparable if not (spoken[i] & spoken[j]).any()),
        tuple(sorted(group for group in groups if len(group) > 1)),
        space.largest is None,
    )


def _covers(distinct: NDArray[np.int8], margins: NDArray[np.float64]) -> dict[int, int]:
    """For every set of pairs (as bits, in the order of combinations) that some intervention parts, the intervention
    that parts exactly these with the largest margin, as a position among those counted.
    """
    if len(distinct) < 2 or not len(margins):
        return {}
    order = np.argsort(-margins, kind="stable")
    said = distinct[:, order]
    first, second = np.triu_indices(len(distinct), 1)
    divided = ((said == 0).any(axis=0) & (said == 1).any(axis=0)).nonzero()[0]
    said = said[:, divided]
    parts = (said[first] != said[second]) & (said[first] != SILENT) & (said[second] != SILENT)
    packed = np.packbits(parts, axis=0, bitorder="little").T  # [interventions, bytes]
    wide = np.zeros((len(packed), -(-packed.shape[1] // 8) * 8), dtype=np.uint8)
    wide[:, : packed.shape[1]] = packed
    words = wide.view(np.uint64)  # equal rows are equal words; of one word they sort fast
    kinds = words[:, 0] if words.shape[1] == 1 else words
    _, at = np.unique(kinds, axis=0, return_index=True)  # the first of each kind, so the one of the largest margin
    return {int.from_bytes(packed[row].tobytes(), "little"): int(order[divided[row]]) for row in np.sort(at).tolist()}


def _least_needed(n_distinct: int, n_unparted: int) -> int:
    """Interventions that are needed at least.

    Where all can be told apart each explanation is a word over 0, 1 and silence; two words differ where both speak, so
    k words of length t exclude each other and there are at most 2^t.
    """
    return (n_distinct - 1).bit_length() if n_unparted == 0 else int(n_distinct > 1)


def _smallest(covers: list[int], wanted: int, at_least: int, max_steps: int) -> tuple[list[int], int]:
    """A smallest choice of covers whose union is ``wanted``, or a greedy one, and a proved lower bound."""
    if not wanted:
        return [], 0
    greedy = _greedy(covers, wanted)
    useful = [c for c in covers if not any(c != other and c & other == c for other in covers)]
    steps_left = max_steps

    def search(open_pairs: int, depth: int) -> list[int] | None:
        nonlocal steps_left
        if not open_pairs:
            return []
        gains = [(cover & open_pairs).bit_count() for cover in useful]
        if depth == 0 or max(gains) * depth < open_pairs.bit_count():
            return None
        steps_left -= 1
        if steps_left < 0:
            raise TimeoutError
        for cover in _parting_the_hardest(useful, open_pairs):
            rest = search(open_pairs & ~cover, depth - 1)
            if rest is not None:
                return [cover, *rest]
        return None

    depth = max(1, at_least)
    while depth < len(greedy):
        try:
            found = search(wanted, depth)
        except TimeoutError:
            return greedy, depth
        if found is not None:
            return found, depth
        depth += 1
    return greedy, len(greedy)


def _parting_the_hardest(covers: list[int], open_pairs: int) -> list[int]:
    """The covers that part the open pair that the fewest part, those that part most open pairs first."""
    best: list[int] | None = None
    rest = open_pairs
    while rest:
        pair = rest & -rest
        parting = [cover for cover in covers if cover & pair]
        if best is None or len(parting) < len(best):
            best = parting
        if len(best) <= 1:
            break
        rest ^= pair
    return sorted(best or [], key=lambda cover: -(cover & open_pairs).bit_count())


def _greedy(covers: list[int], wanted: int) -> list[int]:
    chosen = []
    while wanted:
        chosen.append(max(covers, key=lambda cover: (cover & wanted).bit_count()))  # ties: the largest margin
        wanted &= ~chosen[-1]
    return chosen


def _experiment(
    position: int, predictions: Sequence[NDArray[np.int8]], answers: NetworkAnswers, space: InterventionSpace
) -> CrucialExperiment:
    """The counted intervention at a position."""
    members, source, base = (int(axis[position]) for axis in np.nonzero(space.counted))
    return experiment_at(predictions, answers, space, (members, source, base))


def _triple(indices: NDArray[np.int64]) -> tuple[int, int, int]:
    swap, source, base = indices.tolist()
    return swap, source, base


def _ascending(i: int, j: int) -> tuple[int, int]:
    return (i, j) if i < j else (j, i)
