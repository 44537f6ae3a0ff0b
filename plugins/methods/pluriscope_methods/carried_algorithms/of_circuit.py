"""The story of one circuit, with the places of what it carries, found out while somebody waits."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from pluriscope.analysis.carried_algorithms.relation import Relation
from pluriscope.analysis.carried_algorithms.search import SweepOfSites, Unasked, all_stories, circuit_decisions
from pluriscope.analysis.errors import BeyondLimits
from pluriscope.analysis.placements.formulas import place_with
from pluriscope.analysis.placements.result import AlgorithmResult
from pluriscope.analysis.running.limits import Limits
from pluriscope.analysis.running.work import Work
from pluriscope.analysis.subjects.perceptron.circuit import Circuit, mask_array
from pluriscope.analysis.subjects.perceptron.question import Question

MAX_CANDIDATES: Final = 2_000
MAX_PRODUCTS: Final = 50_000_000  # a quarter of a second


@dataclass(frozen=True)
class CircuitStory:
    """What one circuit carries.

    Args:
        relation: to what the whole network carries.
        carried: with their alignments on the ablated network.
    """

    relation: Relation
    carried: tuple[AlgorithmResult, ...]


def story_of(question: Question, circuit: Circuit) -> CircuitStory | Unasked:
    """What a circuit carries; why that is not known where the network is too large or the task has nothing to carry."""
    if question.data.boolean and question.network.hidden_sizes:
        try:
            too_large = SweepOfSites(question).products > MAX_PRODUCTS
        except BeyondLimits:
            too_large = True
        if too_large:
            return Unasked(True, "The network is too large to find that out on a page.")
    work = Work(limits=Limits(max_candidates=MAX_CANDIDATES))
    found = all_stories(question, mask_array([circuit.mask], question.layout), work)
    if isinstance(found, Unasked):
        return found
    algorithms = [found.algorithms[number] for number in sorted(found.stories[0])]
    carried = [*place_with(circuit_decisions(question, circuit), algorithms, question.protocol)] if algorithms else []
    return CircuitStory(found.relations[0], tuple(carried))
