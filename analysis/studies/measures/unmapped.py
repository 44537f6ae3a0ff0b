"""How many alignments of a network are left when the neurons that they do not mention may carry something else.

Of the irredundant algorithms with variables, every valid alignment, each variable alone and every ordered pair. What is
asked of each is a criterion (:mod:`analysis.criteria.unmapped`); these measures do not depend on the study's protocol.
"""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import Final

from analysis.algorithms.candidates import Candidates
from analysis.alignments.search import search_alignments
from analysis.alignments.unmapped import inert_claims
from analysis.criteria.alignment_context import AlignmentCriteriaContext, valid_alignments
from analysis.criteria.steps import CriterionStep
from analysis.protocol import COMPLETE
from analysis.studies.measures.measure import Measured, measure
from analysis.studies.measures.staircase import irredundant_algorithms
from analysis.studies.subject import Studied

_EVERY: Final = COMPLETE.model_copy(update={"name": "complete, valid", "n_near_misses": 0})
STEPS: Final = {
    "joint": ("joint-interchange", "right for every choice of sources at once"),
    "clean": ("unmapped-inert", "and unmapped neurons may carry their values on any input"),
    "zero": ("unmapped-inert(values=1)", "and any of the unmapped neurons may be 0"),
    "interval": ("unmapped-inert(values=2)", "and they may carry anything between their least and largest value"),
    "thirty": ("abstraction-error", "and 30 interventions drawn by the package's defaults find nothing wrong"),
    "many": ("abstraction-error(draws=300)", "and 300 such draws find nothing wrong"),
}
"""By the end of a measure's key: the criterion, and what is asked of the jointly right ones, in words."""


def _valid(studied: Studied) -> AlignmentCriteriaContext:
    """Every valid alignment of the irredundant algorithms that have variables, to be judged."""

    def compute() -> AlignmentCriteriaContext:
        question = replace(studied.question, protocol=_EVERY)
        every = irredundant_algorithms(question.task, question.cut.n_hidden_layers)
        algorithms = tuple(algorithm for algorithm in every if algorithm.responses)
        search = search_alignments(question, Candidates(algorithms, len(algorithms)))
        return AlignmentCriteriaContext(question, valid_alignments(search))

    return studied.once("irredundant valid", compute)


def _right_jointly(studied: Studied) -> AlignmentCriteriaContext:
    def compute() -> AlignmentCriteriaContext:
        every = _valid(studied)
        passed = CriterionStep.parse(STEPS["joint"][0]).criterion.judge("alignment", every).passed
        return replace(
            every, explanations=tuple(one for one, right in zip(every.explanations, passed, strict=True) if right)
        )

    return studied.once("irredundant joint", compute)


@measure("aligned-valid", "valid alignments of irredundant algorithms", "count", "alignments")
def _n_valid(studied: Studied) -> int:
    """Alignments of the irredundant algorithms with variables that are right under every interchange of one
    variable.
    """
    return len(_valid(studied))


@measure("aligned-mediating", "jointly right, neurons without a variable mediate", "count", "alignments")
def _mediating(studied: Studied) -> int:
    """Valid alignments of the irredundant algorithms, right under every joint interchange, in which no layer's
    variables decide all that comes after it: the neurons without a variable mediate.
    """
    criterion = CriterionStep.parse(STEPS["clean"][0]).criterion
    return criterion.judge("alignment", _right_jointly(studied)).tally.not_applicable


@measure("aligned-leaving", "jointly right, with unmapped neurons", "count", "alignments")
def _leaving(studied: Studied) -> int:
    """Valid alignments of the irredundant algorithms, right under every joint interchange, that claim some neuron
    without a variable to be inert.
    """
    every = _right_jointly(studied)
    claims = (
        inert_claims(every.question.cut, algorithm, scored.alignment) for algorithm, scored in every.on_neuron_sets
    )
    return sum(any(claim.neurons for claim in found) for found in claims)


def _left(studied: Studied, *, criterion: str) -> Measured:
    """How many jointly right ones pass a criterion; those that are undecided widen the number to an interval."""
    step = CriterionStep.parse(criterion)
    tally = step.criterion.judge("alignment", _right_jointly(studied), step.settings).tally
    if not tally.undecided:
        return Measured(tally.passed)
    most = tally.passed + tally.undecided
    return Measured(tally.passed, tally.passed, most, note=f"{tally.undecided:,} undecided")


LEFT: Final = tuple(
    measure(
        f"aligned-{key}",
        f"alignments: {words}",
        "count",
        "alignments",
        definition=f"Of the valid alignments of the irredundant algorithms those right under every joint interchange, "
        f"{words} (`{criterion}`)."
        if key != "joint"
        else f"Valid alignments of the irredundant algorithms, {words}.",
    )(partial(_left, criterion=criterion))
    for key, (criterion, words) in STEPS.items()
)
