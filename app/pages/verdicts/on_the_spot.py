"""One explanation judged on the spot by every criterion that applies, within a stated budget.

What takes long on large networks (certificates, networks with permuted weights, every knock-out) is left out there.
Whether a smaller circuit would do depends on all valid circuits, so it is answered from the stored ones: only those
inside the given circuit matter, and one with the fewest edges of all. Where not all are stored, only removals of single
edges are decided, by running what they leave.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Set
from dataclasses import dataclass, replace
from typing import Any, Final, cast

import numpy as np
from numpy.typing import NDArray
from sqlalchemy.orm import Session

from analysis.alignments.iia import score_alignment
from analysis.circuits.circuit import Circuit
from analysis.criteria.alignment_context import AlignmentCriteriaContext
from analysis.criteria.circuit_context import CircuitCriteriaContext
from analysis.criteria.criterion import Criterion, Kind
from analysis.criteria.direction_verdicts import judge_directions
from analysis.criteria.interpretation_context import InterpretationCriteriaContext
from analysis.criteria.minimality import valid_by_running
from analysis.criteria.redundancies import AlgorithmCriteriaContext
from analysis.criteria.registry import criteria_for
from analysis.criteria.verdict import Verdict
from analysis.errors import AnalysisError, Cancelled
from analysis.progress import Progress, Report
from app.db.reads.circuits import whole_column
from app.pages.explanations import Explanation
from app.pages.place import Place

SECONDS: Final = 1.0  # for one explanation; what is not begun by then is not computed
SMALL_HIDDEN: Final = 8  # hidden neurons up to which slow criteria are computed on the spot
SMALL_INPUTS: Final = 3
MAX_DIRECTION_RUNS: Final = 1 << 16  # joint interchanges along directions
SLOW: Final = frozenset({"input-robust", "patching-robust", "knockout-completeness", "above-random"})
REMOVALS: Final = frozenset({"minimal-quasi", "minimal-local"})
MINIMALITY: Final = REMOVALS | {"minimal-subset", "minimal-cardinal"}
_TOO_LARGE: Final = f"takes long beyond {SMALL_HIDDEN} hidden neurons or {SMALL_INPUTS} inputs; a worker computes it"
_TOO_LATE: Final = f"the {SECONDS:g} s that a page may take were spent; a worker computes it"
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
    known: Set[str] = frozenset(),
    clock: Callable[[], float] = time.monotonic,
) -> list[Judged]:
    """The verdict of every criterion that applies to an explanation, in the registry's order.

    Args:
        session: open session, for the other valid circuits.
        explanation: of any kind.
        known: keys of criteria whose verdicts are known already, so that they are not computed.
        clock: seconds from some moment.
    """
    place, end = explanation.place, clock() + SECONDS

    def report(_: Progress) -> None:
        if clock() > end:
            raise Cancelled

    if explanation.directions is not None:
        return _judge_directions(explanation, known)
    kind = cast(Kind, explanation.kind)
    alone = _context(explanation, report)
    family = None if known >= MINIMALITY else _family(session, explanation)
    small = sum(place.cut.hidden_sizes) <= SMALL_HIDDEN and place.cut.n_inputs <= SMALL_INPUTS

    def judge(criterion: Criterion) -> Judged:
        if criterion.key in known:
            return Judged(criterion, None, "stored")
        if criterion.key in SLOW and not small:
            return Judged(criterion, None, _TOO_LARGE)
        if clock() > end:
            return Judged(criterion, None, _TOO_LATE)
        try:
            if criterion.key in MINIMALITY:
                return _judge_minimality(criterion, alone, family, explanation)
            return Judged(criterion, criterion.judge(kind, alone).at(0))
        except Cancelled:
            return Judged(criterion, None, _TOO_LATE)
        except AnalysisError as error:
            return Judged(criterion, None, f"{error.item}: {error.cause}")

    return [judge(criterion) for criterion in criteria_for(kind)]


def _judge_directions(explanation: Explanation, known: Set[str]) -> list[Judged]:
    """Those for alignments, asked of swaps along directions."""
    algorithm, directions, place = explanation.algorithm, explanation.directions, explanation.place
    if algorithm is None or directions is None:
        raise ValueError("an alignment on directions has an algorithm")
    criteria = criteria_for("alignment")
    keys = [criterion.key for criterion in criteria if criterion.key not in known]
    verdicts = judge_directions(
        place.cut, algorithm, directions, place.protocol, place.data, keys, max_runs=MAX_DIRECTION_RUNS
    )
    return [
        Judged(criterion, verdicts[criterion.key]) if criterion.key in verdicts else Judged(criterion, None, "stored")
        for criterion in criteria
    ]


def _judge_minimality(
    criterion: Criterion, alone: Any, family: NDArray[np.uint64] | None, explanation: Explanation
) -> Judged:
    if explanation.circuit is None or (family is None and criterion.key not in REMOVALS):
        return Judged(criterion, None, _NOT_ALL)
    if family is None:
        valid, among, position = bool(valid_by_running(alone, alone.masks)[0]), replace(alone, exhaustive=False), 0
    else:
        position = int(np.searchsorted(family, np.uint64(explanation.circuit.mask)))
        valid = position < len(family) and int(family[position]) == explanation.circuit.mask
        among = replace(alone, masks=family)
    if not valid:
        reason = "It is no valid circuit of this protocol, and the question is asked of these."
        return Judged(criterion, Verdict("not_applicable", None, None, None, reason, {}))
    return Judged(criterion, criterion.judge("circuit", among).at(position))


def _context(explanation: Explanation, report: Report) -> Any:
    """What the criteria of its kind ask for, with this explanation alone."""
    place = explanation.place
    if explanation.interpretation is not None:
        return InterpretationCriteriaContext(
            place.cut, place.protocol, place.data, (explanation.interpretation,), report
        )
    if explanation.circuit is not None:
        return _circuit_context(place, explanation.circuit, report)
    if explanation.algorithm is None:
        raise ValueError("an explanation has a circuit or an algorithm")
    if explanation.alignment is None:
        return AlgorithmCriteriaContext((explanation.algorithm,), report)
    scored = score_alignment(place.cut, explanation.algorithm, explanation.alignment, place.protocol, place.data)
    return AlignmentCriteriaContext(place.cut, place.protocol, place.data, ((explanation.algorithm, scored),), report)


def _circuit_context(place: Place, circuit: Circuit, report: Report) -> CircuitCriteriaContext:
    masks = np.array([circuit.mask], dtype=np.uint64)
    return CircuitCriteriaContext(
        place.cut, place.task, place.protocol, place.data, masks, True, place.scope.output, report
    )


def _family(session: Session, explanation: Explanation) -> NDArray[np.uint64] | None:
    """Valid circuits inside a circuit and one with the fewest edges of all, ascending; None if not all are stored."""
    analysis, circuit = explanation.place.analysis, explanation.circuit
    if circuit is None or explanation.kind != "circuit" or analysis is None:
        return None
    if analysis.circuits_truncated_at is not None or analysis.circuits_method == "estimated":
        return None
    masks: NDArray[np.uint64] = np.asarray(whole_column(session, analysis.id, "mask"), dtype=np.uint64)
    given = np.uint64(circuit.mask)
    wanted: NDArray[np.bool_] = (masks & given) == masks
    if len(masks):
        wanted[np.argmin(np.bitwise_count(masks))] = True
    family: NDArray[np.uint64] = masks[wanted]
    return family
