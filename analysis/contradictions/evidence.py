"""What stands beside an alignment on directions: the same algorithm on neuron sets, and directions drawn at random."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import product
from typing import Final

import numpy as np

from analysis import fixed_order
from analysis.algorithms.catalogue import Candidates
from analysis.algorithms.high_level_model import HighLevelModel
from analysis.alignments.alignment import IIA, Alignment, NeuronSet
from analysis.alignments.joint import MAX_RUNS, score_joint
from analysis.alignments.search import search_alignments
from analysis.circuits.estimating import share_interval
from analysis.directions.swaps import run_from
from analysis.directions.table import DirectionTable
from analysis.question import Question
from analysis.tasks import pattern_bits
from analysis.validity import decide

CONFIDENCE: Final = 0.99
_PLACEMENTS: Final = 20_000


@dataclass(frozen=True)
class OnNeuronSets:
    """What an algorithm reaches with its variables on disjoint neuron sets.

    Args:
        valid: the alignments whose single interchanges are all right.
        of: placements there are.
        best_joint: most joint interchanges that are right, over all placements; None if they were too many to try.
    """

    valid: tuple[Alignment, ...]
    of: int
    best_joint: IIA | None


@dataclass(frozen=True)
class Chance:
    """How many random orthonormal directions pass: an estimate.

    Args:
        hits: draws whose joint interchanges are all right.
        draws: directions drawn for all variables together.
        low: lower end of the interval.
        high: its upper end.
        confidence: of the interval.
        seed: of the draws.
    """

    hits: int
    draws: int
    low: float
    high: float
    confidence: float
    seed: int


def on_neuron_sets(question: Question, algorithm: HighLevelModel) -> OnNeuronSets | None:
    """All disjoint placements of one algorithm on neuron sets, singly and jointly; None if they are too many.

    Args:
        algorithm: with variables.
    """
    network = question.cut
    asked = question.protocol.model_copy(
        update={"name": "sets", "alignment_sites": "neuron_sets", "alignments_kept": "all"}
    )
    paths = sorted(algorithm.responses)
    if sum((1 << width) - 1 for width in network.hidden_sizes) ** len(paths) > _PLACEMENTS:
        return None
    sites = [
        NeuronSet(layer, tuple(i for i in range(width) if bits >> i & 1))
        for layer, width in enumerate(network.hidden_sizes, start=1)
        for bits in range(1, 1 << width)
    ]
    disjoint = [choice for choice in product(sites, repeat=len(paths)) if _are_disjoint(choice)]
    found = search_alignments(replace(question, protocol=asked), Candidates((algorithm,), 1)).algorithms[0]
    best: IIA | None = None
    if (1 << network.n_inputs) ** (len(paths) + 1) * len(disjoint) <= MAX_RUNS:
        for choice in disjoint:
            alignment = Alignment.of(algorithm.text, dict(zip(paths, choice, strict=True)))
            score = score_joint(replace(question, protocol=asked), algorithm, alignment)
            if best is None or score.agreed > best.agreed:
                best = IIA(score.agreed, score.of)
    return OnNeuronSets(tuple(one.alignment for one in found.alignments if one.valid), len(disjoint), best)


def _are_disjoint(choice: tuple[NeuronSet, ...]) -> bool:
    used = [(site.layer, neuron) for site in choice for neuron in site.neurons]
    return len(set(used)) == len(used)


def chance_of_directions(
    table: DirectionTable, algorithm: HighLevelModel, layer: int, n_draws: int, *, seed: int
) -> Chance:
    """How often random orthonormal directions of a layer, one for each variable, pass every joint interchange.

    Args:
        table: of the network.
        algorithm: with no more variables than the layer has neurons.
        layer: from 1.
        n_draws: how many.
        seed: of the draws.
    """
    network, clean = table.network, table.clean[layer]
    n_rows, n_variables, width = len(clean), len(algorithm.responses), clean.shape[1]
    random = np.random.default_rng([seed, layer])
    frames = fixed_order.orthonormal(random.normal(size=(n_draws, width, n_variables)).swapaxes(1, 2))
    reads = fixed_order.inner(frames, clean).swapaxes(1, 2)  # [draws, rows, variables]

    passed = np.ones(n_draws, dtype=bool)

    paths = sorted(algorithm.responses)
    full = (1 << n_rows) - 1
    values = np.array([pattern_bits(algorithm.responses[path].function, algorithm.n_inputs) for path in paths])
    for sources in product(range(n_rows), repeat=n_variables):
        fixed = {path: full if values[i][s] else 0 for i, (path, s) in enumerate(zip(paths, sources, strict=True))}
        says = pattern_bits(algorithm.output_given(fixed), algorithm.n_inputs)
        at = np.flatnonzero(passed)
        if not len(at):
            break
        wanted = np.stack([reads[at, s, i] for i, s in enumerate(sources)], axis=1)  # [draws, variables]
        moved = np.broadcast_to(clean, (len(at), *clean.shape))
        for variable in range(n_variables):
            change = wanted[:, None, variable] - reads[at, :, variable]
            moved = moved + change[..., None] * frames[at, None, variable]
        decided = decide(run_from(network, layer, moved), table.protocol.alignment_decision)
        passed[at] = (decided == says).all(axis=1)
    hits = int(passed.sum())
    low, high = share_interval(hits, n_draws, CONFIDENCE)
    return Chance(hits, n_draws, float(low), float(high), CONFIDENCE, seed)
