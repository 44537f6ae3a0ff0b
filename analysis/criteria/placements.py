"""Outputs of a network when a site is interchanged, and the right ones: shared by the criteria for alignments.

A site is a set of neurons or a subspace of a layer. Whether a variable fits it depends on nothing else,
so outputs are kept by site and shared by all alignments.
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import chain
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from pluriscope.analysis.algorithms.high_level_model import HighLevelModel
from pluriscope.analysis.criteria.population import Population
from pluriscope.analysis.errors import BeyondLimits
from pluriscope.analysis.interventions.interchange import Site, interchange_outputs
from pluriscope.analysis.placements.iia import Behaviour, PairRule, check_placement, tested_pairs
from pluriscope.analysis.placements.joint import check_runs, score_joint_together
from pluriscope.analysis.placements.placement import JointScore, NeuronPlacement, OnNeurons, Placement
from pluriscope.analysis.placements.result import AlgorithmSearch
from pluriscope.analysis.questions.decisions import decide

Outputs = NDArray[np.float64]
_SITES_AT_ONCE: Final = 256  # between two looks at the time


def valid_alignments(search: AlgorithmSearch) -> tuple[tuple[HighLevelModel, OnNeurons], ...]:
    """The kept valid alignments of a search, with their algorithms, in its order."""
    return tuple(
        (result.algorithm, scored) for result in search.algorithms for scored in result.alignments if scored.valid
    )


def on_neuron_sets(population: Population) -> list[tuple[HighLevelModel, OnNeurons]]:
    """Return the alignments of a population, for criteria that judge alignments on neuron sets alone."""
    return [one for one in population.items if isinstance(one[1].alignment, NeuronPlacement)]


def outputs(population: Population, site: Site) -> Outputs:
    """Run the network with a site interchanged; its outputs, ``[source, base]``."""
    known: dict[Site, Outputs] = population.once("outputs by site", dict)
    if site not in known:
        own = (one for _, scored in population.items for _, one in scored.alignment.places)
        run_together(population, chain([site], own))
    return known[site]


def run_together(population: Population, sites: Iterable[Site]) -> None:
    """Interchange all sites that were not interchanged before, in a few array operations."""
    question, known = population.question, population.once("outputs by site", dict[Site, Outputs])
    new = [site for site in dict.fromkeys(sites) if site not in known]
    for start in range(0, len(new), _SITES_AT_ONCE):
        population.work.check()
        some = new[start : start + _SITES_AT_ONCE]
        known.update(zip(some, interchange_outputs(question.network, some, question.clean_rows), strict=True))


def disagreements(
    population: Population, algorithm: HighLevelModel, path: str, site: Site, rule: PairRule
) -> NDArray[np.bool_]:
    """Mark the tested interchanges of a variable on a site on which network and algorithm differ,
    ``[source, base]``.
    """
    n_inputs = algorithm.n_inputs
    expected = Behaviour.of(algorithm.responses[path], n_inputs).expected(n_inputs)
    decided = decide(outputs(population, site), population.question.protocol.alignment_decision)
    differ: NDArray[np.bool_] = (decided != expected) & tested_pairs(n_inputs, rule)
    return differ


def joint_scores(population: Population, max_runs: int) -> list[JointScore | BeyondLimits]:
    """Scores of each alignment by every joint interchange, or why these are not run: more than ``max_runs``."""
    question, rules = population.question, population.question.protocol
    found: list[JointScore | BeyondLimits | None] = []
    together: list[tuple[HighLevelModel, Placement[Any]]] = []
    for algorithm, scored in population.work.each("criteria", population.items, "joint interchanges", every=256):
        try:
            check_placement(question.network, algorithm, scored.alignment, rules)
            check_runs(algorithm, len(scored.alignment.places), max_runs)
            together.append((algorithm, scored.alignment))
            found.append(None)
        except BeyondLimits as refusal:
            found.append(refusal)
    scores = iter(score_joint_together(question, together, population.work))
    return [next(scores) if one is None else one for one in found]
