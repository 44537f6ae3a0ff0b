"""Count of the alignments that are minimal among those that are right under joint interchange."""

from __future__ import annotations

from collections.abc import Iterable

from pluriscope.analysis.algorithms.high_level_model import HighLevelModel
from pluriscope.analysis.placements.formulas import place_with
from pluriscope.analysis.placements.joint import jointly_right
from pluriscope.analysis.placements.neuron_sets import site_decisions
from pluriscope.analysis.placements.placement import NeuronPlacement
from pluriscope.analysis.placements.result import AlgorithmResult
from pluriscope.analysis.running.work import DEFAULT_WORK, Work
from pluriscope.analysis.subjects.perceptron.question import Question


def n_minimal_joint(question: Question, algorithms: Iterable[HighLevelModel], work: Work = DEFAULT_WORK) -> int:
    """Over these algorithms; one without variables counts its empty alignment. What is small is asked last, among what
    passes everything else: the smaller of two jointly right ones need not be minimal under single interchange.
    """
    update = {"alignments_kept": "all", "n_near_misses": 0, "max_alignments": 10_000}
    every = place_with(site_decisions(question), tuple(algorithms), question.protocol.model_copy(update=update), work)
    return sum(map(len, (minimal_joint(question, result, work) for result in every)))


def minimal_joint(question: Question, result: AlgorithmResult, work: Work) -> list[NeuronPlacement]:
    minimal: list[NeuronPlacement] = []
    for one in sorted((scored.alignment for scored in result.alignments), key=n_neurons):
        if any(within(other, one) for other in minimal):
            continue
        if jointly_right(question, result.algorithm, one, work):
            minimal.append(one)
    return minimal


def n_neurons(alignment: NeuronPlacement) -> int:
    return sum(len(site.neurons) for _, site in alignment.places)


def within(smaller: NeuronPlacement, larger: NeuronPlacement) -> bool:
    pairs = zip(smaller.places, larger.places, strict=True)
    return all(inner.layer == outer.layer and not inner.bits & ~outer.bits for (_, inner), (_, outer) in pairs)
