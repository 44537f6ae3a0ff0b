"""One explanation judged on the spot by every criterion that applies, within a stated budget.

What takes long on large networks (certificates, networks with permuted weights, every knock-out) is left out there.
Whether a smaller circuit would do depends on all valid circuits, so it is answered from the stored ones: only those
inside the given circuit matter, and one with the fewest edges of all. Where not all are stored, only removals of single
edges are decided, by running what they leave.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from sqlalchemy.orm import Session

from analysis.alignments.iia import score_alignment
from analysis.criteria.criterion import Criterion
from analysis.criteria.minimality import valid_by_running
from analysis.criteria.population import Population
from analysis.criteria.registry import criteria_for
from analysis.criteria.verdict import Verdict
from analysis.directions.scoring import score_directions
from analysis.errors import AnalysisError
from analysis.explanations.registry import BY_KEY
from analysis.networks.circuit import mask_array, one_mask
from analysis.progress import OutOfTime
from analysis.work import Work
from app.db.reads.circuits import masks_of
from app.db.recorded import stored_refs, stored_searches
from app.pages.explanations import Explanation

SECONDS: Final = 1.0  # for one explanation; what is not started by then is not computed
SMALL_HIDDEN: Final = 8  # hidden neurons up to which slow criteria are computed on the spot
SMALL_INPUTS: Final = 3
MAX_READ: Final = 300  # explanations that are computed again to judge one among them
_SETTINGS: Final = {("direction", "joint-interchange"): {"max_runs": 1 << 16}}
REMOVALS: Final = frozenset({"minimal-quasi", "minimal-local", "minimal-quasi-structural", "minimal-local-structural"})
_TOO_LARGE: Final = f"takes long beyond {SMALL_HIDDEN} hidden neurons or {SMALL_INPUTS} inputs; a worker computes it"
_TOO_LATE: Final = f"the {SECONDS:g} s that a page may take were spent; a worker computes it"
_NOT_FEW: Final = "asks for all explanations of this kind, which are not stored or too many to be computed on the spot"
_NOT_ALL: Final = "depends on all valid circuits, of which no complete list is stored under this protocol"


@dataclass(frozen=True)
class Judged:
    """What came of one criterion.

    Args:
        criterion: the criterion, with its default settings.
        verdict: None where it was not computed.
        why_not: why it was not, one clause.
    """

    criterion: Criterion
    verdict: Verdict | None
    why_not: str = ""


def judge_on_the_spot(
    session: Session,
    explanation: Explanation,
    *,
    clock: Callable[[], float] = time.monotonic,
) -> list[Judged]:
    """The verdict of every criterion that applies to an explanation, in the registry's order.

    Args:
        session: open session, for the other valid circuits.
        explanation: of any kind.
        clock: seconds from some moment.
    """
    place, work = explanation.place, Work(clock=clock).for_seconds(SECONDS)
    kind = explanation.kind
    if not criteria_for(kind):
        return []
    alone, family = _alone(explanation, work), _family(session, explanation)
    small = sum(place.question.cut.hidden_sizes) <= SMALL_HIDDEN and place.question.cut.n_inputs <= SMALL_INPUTS

    def judge(criterion: Criterion) -> Judged:
        if kind in criterion.idle:
            return Judged(criterion, criterion.judge(alone).at(0))
        if criterion.cost == "slow" and not small:
            return Judged(criterion, None, _TOO_LARGE)
        if work.is_over:
            return Judged(criterion, None, _TOO_LATE)
        try:
            if criterion.over == "population":
                if explanation.recorded is not None:
                    return _judge_among_stored(session, criterion, alone, explanation)
                if criterion.term != "minimality":  # of that alone a few circuits decide
                    return Judged(criterion, None, _NOT_FEW)
                return _judge_minimality(criterion, alone, family, explanation)
            return Judged(criterion, criterion.judge(alone, _SETTINGS.get((kind, criterion.key))).at(0))
        except OutOfTime:
            return Judged(criterion, None, _TOO_LATE)
        except AnalysisError as error:
            return Judged(criterion, None, f"{error.item}: {error.cause}")

    return [judge(criterion) for criterion in criteria_for(kind)]


def _judge_among_stored(session: Session, criterion: Criterion, alone: Population, explanation: Explanation) -> Judged:
    """A criterion that asks for all explanations of a kind stored as columns, where the store holds few of them."""
    analysis, kind = explanation.place.analysis, BY_KEY[alone.kind]
    search = None if analysis is None else stored_searches(session, analysis.id).get(kind.key)
    if analysis is None or search is None or search.n > MAX_READ:
        return Judged(criterion, None, _NOT_FEW)
    texts = stored_refs(session, analysis, kind)
    if explanation.ref.first not in texts:
        return Judged(criterion, None, _NOT_FEW)
    items = tuple(kind.read(alone.question, text) for text in texts)
    among = replace(alone, items=items, complete=search.complete)
    return Judged(criterion, criterion.judge(among).at(texts.index(explanation.ref.first)))


def _judge_minimality(
    criterion: Criterion, alone: Population, family: NDArray[Any] | None, explanation: Explanation
) -> Judged:
    if explanation.circuit is None or (family is None and criterion.key not in REMOVALS):
        return Judged(criterion, None, _NOT_ALL)
    if family is None:
        valid, among, position = bool(valid_by_running(alone)[0]), replace(alone, complete=False), 0
    else:
        position = int(np.searchsorted(family, one_mask(explanation.circuit.mask, explanation.circuit.layout)))
        valid = position < len(family) and int(family[position]) == explanation.circuit.mask
        among = replace(alone, items=family)
    if not valid:
        reason = "It is no valid circuit of this protocol, and the question is asked of these."
        return Judged(criterion, Verdict("not_applicable", reason))
    return Judged(criterion, criterion.judge(among).at(position))


def _alone(explanation: Explanation, work: Work) -> Population:
    """The explanation by itself, as criteria judge its kind."""
    question, algorithm, items = explanation.place.question, explanation.algorithm, explanation.item
    if explanation.kind == "circuit" and explanation.circuit is not None:
        items = mask_array([explanation.circuit.mask], explanation.circuit.layout)
    elif algorithm is not None and explanation.directions is not None:
        items = ((algorithm, score_directions(question, algorithm, explanation.directions, max_runs=0)),)
    elif algorithm is not None and explanation.alignment is not None:
        items = ((algorithm, score_alignment(question, algorithm, explanation.alignment)),)
    else:
        items = (items,)
    return Population(explanation.kind, question, items, work=work)


def _family(session: Session, explanation: Explanation) -> NDArray[Any] | None:
    """Valid circuits inside a circuit and one with the fewest edges of all, ascending; None if not all are stored."""
    analysis, circuit = explanation.place.analysis, explanation.circuit
    if circuit is None or explanation.kind != "circuit" or analysis is None:
        return None
    if analysis.circuits_truncated_at is not None or analysis.circuits_method == "estimated":
        return None
    masks: NDArray[Any] = masks_of(session, analysis)
    given = one_mask(circuit.mask, circuit.layout)
    wanted: NDArray[np.bool_] = (masks & given) == masks
    if len(masks):
        wanted[np.argmin(np.bitwise_count(masks))] = True
    family: NDArray[Any] = masks[wanted]
    return family
