"""Whom to ask to begin with: the best-scoring interpretation, an algorithm, and a rival of what is chosen.

1. *Best-scoring*: of all interpretations that the survey of the common ground looked at, completions included, one that
   is right most often. Where that is not known, or it is asked already, the representative of an observed class that
   is; while nothing is surveyed, the first interpretation of the smallest circuit. Each is called what it is.
2. *An algorithm*: the first minimal alignment, simplest algorithm first.
3. *A rival*: of the best classes, those a quarter and a half down the cloud, and the first minimal alignments, the one
   that says otherwise on the largest share of the interventions on which both predict. Interpretations of circuits
   with so many that to fetch one takes seconds are left out: the page is asked for at every step.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from sqlalchemy.orm import Session

from analysis.common_ground.report import CommonGroundReport
from analysis.errors import AnalysisError
from analysis.experiments import agreement_of, intervention_space
from app.addressing import Addresses
from app.db.common_ground import stored_ground
from app.db.reads import algorithms as algorithm_reads
from app.db.reads.circuits import smallest_circuits
from app.errors import PageError
from app.figures.numbers import exact, noun
from app.pages.explanations import Explanation, find_explanation
from app.pages.place import Place
from app.pages.previews import MOST_COUNTED
from app.pages.sandbox.choosing import MAX_INTERVENTIONS
from app.pages.sandbox.views import SuggestionView
from pluriscope.naming import ExplanationRef

CLASSES: Final = 3
ALIGNMENTS: Final = 3


def suggestions(
    session: Session, addresses: Addresses, place: Place, chosen: list[Explanation]
) -> list[SuggestionView]:
    """Up to three explanations to ask; they lack their address still."""
    if place.analysis is None:
        return []
    refs = {str(explanation.ref) for explanation in chosen}
    survey = stored_ground(session, place.analysis)
    classes = list(_classes(session, place, survey))
    aligned = [
        ExplanationRef("alignment", algorithm, alignment)
        for algorithm, alignment in algorithm_reads.minimal_alignments(session, place.analysis.id, ALIGNMENTS)
    ]
    found: list[SuggestionView] = []
    readings = [*_best(survey), *_best_class(survey, classes)]
    best = next((entry for entry in readings if str(entry[1]) not in refs), None)
    if best is not None:
        role, ref, why = best
        found.append(_view(role, f"interpretation {ref.second} of {ref.first}", ref, why))
    first = next((ref for ref in aligned if str(ref) not in refs), None)
    if first is not None:
        algorithm = _found(session, addresses, place, first)
        formula = "" if algorithm is None or algorithm.algorithm is None else algorithm.algorithm.formula
        why = "the simplest algorithm that has a minimal alignment"
        found.append(_view("an algorithm", f"{formula}, aligned", first, why))
    asked = chosen[0] if chosen else None if best is None else _found(session, addresses, place, best[1])
    taken = refs | {view.ref for view in found}
    if asked is not None:
        others = [ref for ref, _ in classes] + aligned
        rival = _rival(session, addresses, place, asked, [ref for ref in others if str(ref) not in taken])
        if rival is not None:
            found.append(rival)
    return found


def _view(role: str, label: str, ref: ExplanationRef, why: str) -> SuggestionView:
    return SuggestionView(role=role, label=label, ref=str(ref), url="", why=why)


def _best(survey: CommonGroundReport | None) -> Iterator[tuple[str, ExplanationRef, str]]:
    """The interpretation that is right most often, as the survey stores it, with its role and why."""
    best = None if survey is None else survey.best
    if survey is None or best is None or best.index is None:
        return
    ref = ExplanationRef("interpretation", best.mask, best.index)
    among = "the classes drawn" if survey.drawn else f"all {noun(int(survey.interpretations), 'interpretation')}"
    why = f"correct on {exact(best.right)} of {noun(survey.n_interventions, 'intervention')}, the most of {among}"
    yield "best-scoring of those drawn" if survey.drawn else "best-scoring", ref, why


def _best_class(
    survey: CommonGroundReport | None, classes: Sequence[tuple[ExplanationRef, str]]
) -> Iterator[tuple[str, ExplanationRef, str]]:
    """The first of the classes, which says no more of itself than is known."""
    for ref, why in classes[:1]:
        yield "an interpretation" if survey is None else "best representative", ref, why


def _classes(session: Session, place: Place, survey: CommonGroundReport | None) -> Iterator[tuple[ExplanationRef, str]]:
    """Observed classes by accuracy, one of each place in the cloud; else interpretations of the smallest circuits."""
    analysis = place.analysis
    if analysis is None:
        return
    if survey is None:
        for circuit in smallest_circuits(session, analysis, 2):
            for index in range(min(2, circuit.interpretations)):
                ref = ExplanationRef("interpretation", circuit.mask, str(index))
                yield ref, "of the smallest circuit; the common ground is not surveyed yet"
        return
    cloud = sorted(survey.of("interpretation"), key=lambda one: (-one.right / one.predicted, -one.predicted))
    chosen = [*range(CLASSES), len(cloud) // 4, len(cloud) // 2]
    for number in dict.fromkeys(number for number in chosen if number < len(cloud)):
        one = cloud[number]
        ref = ExplanationRef("interpretation", one.first, one.second)
        yield ref, f"correct on {one.right:,} of {one.predicted:,} interventions of the common ground"


def _found(session: Session, addresses: Addresses, place: Place, ref: ExplanationRef) -> Explanation | None:
    try:
        return find_explanation(session, addresses, place, ref, 0, most_counted=MOST_COUNTED)
    except (PageError, AnalysisError):
        return None  # named by a list, but gone since, or one of too many


def _rival(
    session: Session, addresses: Addresses, place: Place, asked: Explanation, others: list[ExplanationRef]
) -> SuggestionView | None:
    space = intervention_space(
        place.question.cut.hidden_sizes, place.question.cut.n_inputs, max_interventions=MAX_INTERVENTIONS
    )
    own = asked.predictions(space)
    best: tuple[float, int, Explanation] | None = None
    for ref in others:
        other = _found(session, addresses, place, ref)
        if other is None:
            continue
        agreement = agreement_of(own, other.predictions(space))
        if agreement.differ and (best is None or agreement.differ / agreement.both > best[0]):
            best = (agreement.differ / agreement.both, agreement.differ, other)
    if best is None:
        return None
    ref, algorithm = best[2].ref, best[2].algorithm
    label = f"{algorithm.formula}, aligned" if algorithm else f"interpretation {ref.second} of {ref.first}"
    why = f"says otherwise on {best[1]:,} interventions on which both predict"
    return _view("a rival", label, ref, why)
