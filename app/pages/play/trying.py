"""What to try next on a perceptron: interventions that divide the explanations asked, and whom else to ask.

1. *Best-scoring*: of all interpretations that the survey of the common ground looked at, completions included, one that
   is right most often. Where that is not known, or it is asked already, the representative of an observed class that
   is; while nothing is surveyed, the first interpretation of the smallest circuit. Each is called what it is.
2. *An algorithm*: the first minimal alignment, simplest algorithm first.
3. *A contradicting one*: of the best classes, those a quarter and a half down the cloud, and the first minimal
   alignments, the one that says otherwise on the largest share of the interventions on which both predict.
   Interpretations of circuits with so many that to fetch one takes seconds are left out: the page is asked for at every
   step.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Final

from sqlalchemy.orm import Session

from analysis.common_ground.report import CommonGroundReport
from analysis.directions.self_interventions import ask_own_swaps
from analysis.errors import AnalysisError
from analysis.experiments import (
    CrucialExperiment,
    InterventionSpace,
    agreement_of,
    decide_under_interventions,
    intervention_space,
    most_telling,
)
from analysis.sandbox.choosing import At, most_divided
from analysis.sandbox.direction_edits import Along
from analysis.sandbox.intervention import Change, Intervention
from analysis.sandbox.prediction import Prediction
from analysis.sandbox.running import Bench
from app.addressing import Addresses
from app.db.common_ground import stored_ground
from app.db.reads import algorithms as algorithm_reads
from app.db.reads.circuits import smallest_circuits
from app.errors import PageError
from app.figures.numbers import exact, noun
from app.pages.explanations import Explanation, find_explanation
from app.pages.place import Place
from app.pages.previews import MOST_COUNTED
from pluriscope.naming import LEAST, LETTERS, ExplanationRef

MAX_INTERVENTIONS: Final = 2**15
"""Sought among the sets of up to as many neurons as stay below this, so that a page takes no longer than others."""
_CLASSES: Final = 3
_ALIGNMENTS: Final = 3


def ask(one: Explanation, intervention: Intervention, bench: Bench) -> Prediction:
    """What one explanation says of an intervention."""
    return one.record.ask(one.place.question, one.item, intervention, bench)


def space_of(place: Place) -> InterventionSpace:
    """The interventions among which those worth trying are sought."""
    cut = place.question.cut
    return intervention_space(cut.hidden_sizes, cut.n_inputs, max_interventions=MAX_INTERVENTIONS)


# --- interventions


@dataclass(frozen=True)
class Next:
    """What to try next.

    Args:
        divided: each intervention with the pairs of letters whose crucial experiment with the largest margin it is;
            none for the one that divides most of all.
        undivided: pairs of letters that no other intervention divides.
        space: among which they were sought.
    """

    divided: tuple[tuple[Intervention, tuple[str, ...]], ...]
    undivided: tuple[str, ...]
    space: InterventionSpace


def next_of(place: Place, now: Intervention, explanations: Sequence[Explanation], bench: Bench) -> Next:
    """Where the explanations disagree most, and the crucial experiment of each two; the present one is left out.
    Nothing for fewer than two explanations.
    """
    space = space_of(place)
    if len(explanations) < LEAST or not space.sets:
        return Next((), (), space)
    answers = decide_under_interventions(bench.network, bench.rows, space)
    predictions = [one.predictions(space) for one in explanations]
    at = _place_in(now, space)
    tried = set() if at is None else {at}
    found: dict[Intervention, tuple[str, ...]] = {}
    if len(explanations) > LEAST and (most := most_divided(predictions, answers, space, tried)):
        found[as_intervention(most)] = ()
    undivided = []
    for a, b in combinations(range(len(explanations)), 2):
        pair, two = LETTERS[a] + LETTERS[b], [explanations[a], explanations[b]]
        experiment = most_divided([predictions[a], predictions[b]], answers, space, tried)
        intervention = None if experiment is None else as_intervention(experiment)
        if intervention is None and any(one.directions is not None for one in two):
            intervention = _own_swap_that_divides(two, bench, now)
        if intervention is None:
            undivided.append(pair)
        else:
            found[intervention] = (*found.get(intervention, ()), pair)
    return Next(tuple(found.items()), tuple(undivided), space)


def _own_swap_that_divides(two: Sequence[Explanation], bench: Bench, now: Intervention) -> Intervention | None:
    """Of two explanations' own swaps the one that divides them with the largest margin, as an intervention by hand;
    None if none does. Directions do not speak on the common ground.
    """
    asked = ask_own_swaps(bench.network, bench.rows, [one.item for one in two])
    for swap, source, base in most_telling(asked.divided, asked):
        along = (Along(place, "source", source) for place in asked.swaps[swap].places)
        intervention = Intervention(base, (), tuple(sorted(along, key=lambda change: change.key)))
        said = [ask(one, intervention, bench) for one in two]
        if intervention != now and len({one.bit for one in said if one.speaks}) > 1:
            return intervention
    return None


def as_intervention(experiment: CrucialExperiment) -> Intervention:
    """An intervention of the common ground as one by hand."""
    changes = (Change(layer, neuron, None, "source", source=experiment.source) for layer, neuron in experiment.sites)
    return Intervention(experiment.base, tuple(sorted(changes, key=lambda change: change.site)))


def _place_in(now: Intervention, space: InterventionSpace) -> At | None:
    """Where the common ground has an intervention, None if it has not."""
    sources = {change.source if change.written == "source" else None for change in now.changes}
    if now.along or len(sources) != 1 or None in sources or len(now.neurons) < len(now.changes):
        return None
    index = space.position.get(frozenset(now.neurons))
    return None if index is None else (index, sources.pop() or 0, now.base)


# --- explanations


@dataclass(frozen=True)
class Suggestion:
    """An explanation that may be asked.

    Args:
        role: what it is.
        label: which one.
        ref: the same as addresses have it.
        why: it is worth it.
    """

    role: str
    label: str
    ref: str
    why: str


def suggestions(session: Session, links: Addresses, place: Place, chosen: Sequence[Explanation]) -> list[Suggestion]:
    """Up to three explanations to ask."""
    if place.analysis is None:
        return []
    survey = stored_ground(session, place.analysis)
    classes = list(_classes(session, place, survey))
    aligned = [
        ExplanationRef("alignment", *ids)
        for ids in algorithm_reads.minimal_alignments(session, place.analysis.id, _ALIGNMENTS)
    ]
    taken = {str(one.ref) for one in chosen}
    found: list[Suggestion] = []

    def add(role: str, ref: ExplanationRef, why: str, formula: str = "") -> None:
        label = f"{formula}, aligned" if formula else f"interpretation {ref.second} of {ref.first}"
        found.append(Suggestion(role, label, str(ref), why))
        taken.add(str(ref))

    readings = [*_best(survey), *(("an interpretation" if survey is None else _OF_CLASS, *one) for one in classes[:1])]
    best = next((one for one in readings if str(one[1]) not in taken), None)
    if best is not None:
        add(*best)
    first = next((ref for ref in aligned if str(ref) not in taken), None)
    if first is not None:
        why = "the simplest algorithm that has a minimal alignment"
        add("an algorithm", first, why, _formula(session, links, place, first))
    asked = chosen[0] if chosen else None if best is None else _found(session, links, place, best[1])
    rival = asked and _rival(session, links, place, asked, [ref for ref, _ in classes] + aligned, taken)
    if rival:
        differ, one = rival
        why = f"says otherwise on {differ:,} interventions on which both predict"
        add("a contradicting one", one.ref, why, one.algorithm.formula if one.algorithm else "")
    return found


_OF_CLASS: Final = "the best-scoring representative of a class"


def _best(survey: CommonGroundReport | None) -> Iterator[tuple[str, ExplanationRef, str]]:
    """The interpretation that is right most often, as the survey stores it, with its role and why."""
    best = None if survey is None else survey.best
    if survey is None or best is None or best.index is None:
        return
    among = "the classes drawn" if survey.drawn else f"all {noun(int(survey.interpretations), 'interpretation')}"
    why = f"correct on {exact(best.right)} of {noun(survey.n_interventions, 'intervention')}, the most of {among}"
    role = f"the best-scoring interpretation{' of those drawn' if survey.drawn else ''}"
    yield role, ExplanationRef("interpretation", best.mask, best.index), why


def _classes(session: Session, place: Place, survey: CommonGroundReport | None) -> Iterator[tuple[ExplanationRef, str]]:
    """Observed classes by accuracy, one of each place in the cloud; else interpretations of the smallest circuits."""
    if place.analysis is None:
        return
    if survey is None:
        for circuit in smallest_circuits(session, place.analysis, 2):
            for index in range(min(2, circuit.interpretations)):
                ref = ExplanationRef("interpretation", circuit.mask, str(index))
                yield ref, "of the smallest circuit; the common ground is not surveyed yet"
        return
    cloud = sorted(survey.of("interpretation"), key=lambda one: (-one.right / one.predicted, -one.predicted))
    places = [*range(_CLASSES), len(cloud) // 4, len(cloud) // 2]
    for one in (cloud[number] for number in dict.fromkeys(places) if number < len(cloud)):
        ref = ExplanationRef("interpretation", one.first, one.second)
        yield ref, f"correct on {one.right:,} of {one.predicted:,} interventions of the common ground"


def _found(session: Session, links: Addresses, place: Place, ref: ExplanationRef) -> Explanation | None:
    try:
        return find_explanation(session, links, place, ref, 0, most_counted=MOST_COUNTED)
    except (PageError, AnalysisError):
        return None  # named by a list, but gone since, or one of too many


def _formula(session: Session, links: Addresses, place: Place, ref: ExplanationRef) -> str:
    one = _found(session, links, place, ref)
    return "" if one is None or one.algorithm is None else one.algorithm.formula


def _rival(
    session: Session,
    links: Addresses,
    place: Place,
    asked: Explanation,
    others: Sequence[ExplanationRef],
    taken: set[str],
) -> tuple[int, Explanation] | None:
    """The one that says otherwise most often, with how often."""
    space = space_of(place)
    own = asked.predictions(space)
    best: tuple[float, int, Explanation] | None = None
    for ref in others:
        other = None if str(ref) in taken else _found(session, links, place, ref)
        if other is None:
            continue
        agreement = agreement_of(own, other.predictions(space))
        if agreement.differ and (best is None or agreement.differ / agreement.both > best[0]):
            best = agreement.differ / agreement.both, agreement.differ, other
    return best and best[1:]
