"""What several criteria need of alignments: what a network does when a site is interchanged, and how it should.

A site is a set of neurons, or a place along directions of a layer. Whether a variable fits it depends on nothing else,
so outputs are kept by site and shared by all alignments.
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import chain
from typing import Final

import numpy as np
from numpy.typing import NDArray

from analysis.algorithms.high_level_model import HighLevelModel
from analysis.alignments.alignment import Alignment, ScoredAlignment
from analysis.alignments.iia import Behaviour, PairRule, check_alignment, tested_pairs
from analysis.alignments.joint import JointScore, check_runs, score_joint_together
from analysis.alignments.result import AlgorithmSearch
from analysis.criteria.population import Population
from analysis.directions.alignment import LinearPlace
from analysis.directions.scoring import ScoredDirections, joint_score
from analysis.directions.swaps import swap_outputs
from analysis.errors import BeyondLimits
from analysis.interventions.interchange import interchange_outputs
from analysis.interventions.neuron_set import NeuronSet
from analysis.validity import decide

Site = NeuronSet | LinearPlace
Scored = ScoredAlignment | ScoredDirections
Explained = tuple[HighLevelModel, Scored]
Outputs = NDArray[np.float64]
_SITES_AT_ONCE: Final = 256  # between two looks at the time


def valid_alignments(search: AlgorithmSearch) -> tuple[tuple[HighLevelModel, ScoredAlignment], ...]:
    """The kept valid alignments of a search, with their algorithms, in its order."""
    return tuple(
        (result.algorithm, scored) for result in search.algorithms for scored in result.alignments if scored.valid
    )


def on_neuron_sets(population: Population) -> list[tuple[HighLevelModel, ScoredAlignment]]:
    """The explanations, for criteria that are asked of alignments on neuron sets alone."""
    return [(algorithm, scored) for algorithm, scored in population.items if isinstance(scored, ScoredAlignment)]


def own_sites(population: Population) -> dict[NeuronSet, None]:
    """Every neuron set of the alignments, each once."""
    return dict.fromkeys(site for _, scored in on_neuron_sets(population) for _, site in scored.alignment.places)


def outputs(population: Population, site: Site) -> Outputs:
    """``[source, base]`` the network's outputs when a site is interchanged."""
    known: dict[Site, Outputs] = population.once("outputs by site", dict)
    if site not in known:
        if isinstance(site, NeuronSet):
            run_together(population, chain([site], own_sites(population)))
        else:
            question = population.question
            known[site] = swap_outputs(question.cut, question.clean_activations, [site])[0]
    return known[site]


def run_together(population: Population, sites: Iterable[NeuronSet]) -> None:
    """Interchange all neuron sets that were not interchanged before, in a few array operations."""
    question, known = population.question, population.once("outputs by site", dict[Site, Outputs])
    new = [site for site in dict.fromkeys(sites) if site not in known]
    for start in range(0, len(new), _SITES_AT_ONCE):
        population.work.check()
        some = new[start : start + _SITES_AT_ONCE]
        known.update(zip(some, interchange_outputs(question.cut, some, question.clean_rows), strict=True))


def disagreements(
    population: Population, algorithm: HighLevelModel, path: str, site: Site, rule: PairRule
) -> NDArray[np.bool_]:
    """``[source, base]`` tested interchanges of a variable on a site on which network and algorithm differ."""
    n_inputs = algorithm.n_inputs
    expected = Behaviour.of(algorithm.responses[path], n_inputs).expected(n_inputs)
    decided = decide(outputs(population, site), population.question.protocol.alignment_decision)
    differ: NDArray[np.bool_] = (decided != expected) & tested_pairs(n_inputs, rule)
    return differ


def joint_scores(population: Population, max_runs: int) -> list[JointScore | BeyondLimits]:
    """Every joint interchange of each alignment, or why they are not run: more than ``max_runs``."""
    question, rules = population.question, population.question.protocol
    found: list[JointScore | BeyondLimits | None] = []
    together: list[tuple[HighLevelModel, Alignment]] = []
    for algorithm, scored in population.work.each("criteria", population.items, "joint interchanges", every=256):
        try:
            if isinstance(scored, ScoredAlignment):
                check_alignment(question.cut, algorithm, scored.alignment, rules)
                check_runs(algorithm, len(scored.alignment.places), max_runs)
                together.append((algorithm, scored.alignment))
                found.append(None)
            else:
                clean = question.clean_activations
                found.append(joint_score(question.cut, clean, algorithm, scored.alignment, rules, max_runs=max_runs))
        except BeyondLimits as refusal:
            found.append(refusal)
    scores = iter(score_joint_together(question, together, population.work))
    return [next(scores) if one is None else one for one in found]
