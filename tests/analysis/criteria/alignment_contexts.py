"""Contexts that tests of the criteria for algorithms and alignments share."""

from __future__ import annotations

from functools import lru_cache

from pluriscope.analysis.algorithms.candidates import candidate_algorithms
from pluriscope.analysis.algorithms.high_level_model import HighLevelModel
from pluriscope.analysis.criteria.criterion import Criterion
from pluriscope.analysis.criteria.population import Population
from pluriscope.analysis.criteria.verdict import Verdict
from pluriscope.analysis.interventions.neuron_set import NeuronSet
from pluriscope.analysis.placements.formulas import search_formulas
from pluriscope.analysis.placements.iia import score_placement
from pluriscope.analysis.placements.placement import NeuronPlacement, ScoredPlacement
from pluriscope.analysis.questions.data import clean_data
from pluriscope.analysis.questions.protocol import COMPLETE
from pluriscope.analysis.questions.tasks import named_task
from pluriscope.analysis.subjects.perceptron.network import Network
from pluriscope.analysis.subjects.perceptron.question import ask
from tests.golden_files import golden_network

DATA = clean_data(2)


@lru_cache
def candidates(name: str = "XOR", depth: int = 2) -> tuple[HighLevelModel, ...]:
    return candidate_algorithms(named_task(name, 2), COMPLETE, depth).algorithms


def context_of(network: Network, explanations, protocol=COMPLETE) -> Population:
    return Population("alignment", ask(network, protocol=protocol, data=DATA), tuple(explanations))


@lru_cache
def all_alignments(name: str = "xor_pretrained", near: int = 5) -> Population:
    """Every kept alignment, failing ones included, of a network's candidates at depth 2."""
    network = golden_network(name).network.for_output(0)
    rules = COMPLETE.model_copy(update={"name": "shallow", "max_depth": 2, "n_near_misses": near})
    found = search_formulas(
        ask(network, protocol=rules, data=DATA), candidate_algorithms(named_task("XOR", 2), rules, 2)
    )
    explanations = [(r.algorithm, a) for r in found.algorithms for a in r.alignments]
    return context_of(network, explanations)


def verdicts(criterion: Criterion, context, **given) -> list[Verdict]:
    found = criterion.judge(context, given)
    assert len(found) == len(context)
    return [found.at(i) for i in range(len(found))]


def placed(network: Network, algorithm: HighLevelModel, **places) -> tuple[HighLevelModel, ScoredPlacement]:
    alignment = NeuronPlacement.of(algorithm.text, {p[1:]: NeuronSet(*site) for p, site in places.items()})
    return algorithm, score_placement(ask(network, data=DATA), algorithm, alignment)
