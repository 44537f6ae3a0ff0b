"""Coverage and accuracy of all alignments of one algorithm at once.

An aligned algorithm speaks about a set of neurons that is a union of its variables' places. What it then says depends
on which variables are swapped, not on where they are; so an algorithm of v variables has 2^v − 1 tables of predictions
``[source, base]``, and an alignment only chooses which rows of the network's answers they are held against:

1. Predictions of each nonempty choice of variables (:func:`predictions_by_choice`).
2. The position of each union of places in the space, −1 where sets that large are not listed.
3. Gather the network's answers there, compare, count over source ≠ base.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from analysis.algorithms.high_level_model import HighLevelModel
from analysis.alignments.joint import says_from_one_source
from analysis.experiments import InterventionSpace, NetworkAnswers
from analysis.interventions.neuron_set import NeuronSet

Integers = NDArray[np.int64]
Places = Sequence[tuple[str, NeuronSet]]
"""An alignment's places, sorted by path."""

_CELLS_AT_ONCE: Final = 1 << 22


class Standings(NamedTuple):
    """How several explanations fare on a space.

    Args:
        predicted: ``[explanations]`` interventions on which each predicts.
        right: ``[explanations]`` of those, the ones on which the network answers as predicted.
    """

    predicted: Integers
    right: Integers


def predictions_by_choice(algorithm: HighLevelModel) -> NDArray[np.int8]:
    """What an algorithm says when some of its variables take their values on source.

    Returns:
        ``[choices, source, base]``: choice c swaps the variables (in the order of their paths) whose bits of c + 1 are
        set, the lowest bit for the first path.
    """
    paths = sorted(algorithm.carriers)
    n_rows = 1 << algorithm.n_inputs
    found = np.zeros(((1 << len(paths)) - 1, n_rows, n_rows), dtype=np.int8)
    for choice in range(len(found)):
        chosen = [path for bit, path in enumerate(paths) if (choice + 1) >> bit & 1]
        found[choice] = says_from_one_source(algorithm, chosen)
    return found


def positions_by_bits(space: InterventionSpace) -> dict[int, int]:
    """Where each listed set stands in the space, by its neurons as a bit set (see :func:`site_bits`)."""
    starts = [0, *accumulate(space.hidden_sizes)]
    return {
        sum(1 << (starts[layer - 1] + neuron) for layer, neuron in members): index
        for index, members in enumerate(space.sets)
    }


def site_bits(site: NeuronSet, hidden_sizes: Sequence[int]) -> int:
    """A neuron set among all hidden neurons, lowest layer and neuron least significant."""
    return site.bits << sum(hidden_sizes[: site.layer - 1])


def alignment_standings(
    algorithm: HighLevelModel,
    placements: Sequence[Places],
    space: InterventionSpace,
    answers: NetworkAnswers,
    *,
    positions: dict[int, int] | None = None,
) -> Standings:
    """Coverage and accuracy of several alignments of one algorithm.

    Args:
        algorithm: whose variables are placed.
        placements: the places of each alignment, sorted by path, disjoint.
        space: the interventions.
        answers: what the unablated network does on them.
        positions: :func:`positions_by_bits` of the space, if it is at hand.
    """
    positions = positions_by_bits(space) if positions is None else positions
    said = predictions_by_choice(algorithm)
    n_rows = space.n_rows
    counted = ~np.eye(n_rows, dtype=bool)
    predicted, right = (np.zeros(len(placements), dtype=np.int64) for _ in range(2))
    if not len(said) or not len(placements):
        return Standings(predicted, right)
    wanted = said[:, counted]  # [choices, pairs]
    decided = answers.decisions[:, counted]  # [sets, pairs]
    where = np.array([_unions(places, space, positions) for places in placements], dtype=np.int64)
    step = max(1, _CELLS_AT_ONCE // wanted.size)
    for start in range(0, len(placements), step):
        part = slice(start, start + step)
        listed = where[part] >= 0
        same = (decided[where[part]] == wanted).sum(axis=2)
        predicted[part] = listed.sum(axis=1) * wanted.shape[1]
        right[part] = (same * listed).sum(axis=1)
    return Standings(predicted, right)


def _unions(places: Places, space: InterventionSpace, positions: dict[int, int]) -> list[int]:
    """Where the union of each choice of places stands in the space, −1 if it is not listed."""
    unions = [0]
    for _, site in places:
        bits = site_bits(site, space.hidden_sizes)
        unions += [union | bits for union in unions]
    return [positions.get(union, -1) for union in unions[1:]]
