"""What to try next on a perceptron: interventions that divide the explanations asked, and whom else to ask."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
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
from app.db.beside import GROUND
from app.db.reads import algorithms as algorithm_reads
from app.db.reads.circuits import smallest_circuits
from app.db.reports import report_of, report_row
from app.db.tables import AnalysisRow
from app.errors import PageError
from app.figures.numbers import exact, noun
from app.pages.explanations import Explanation, find_explanation
from app.pages.place import Place
from pluriscope.naming import LEAST, LETTERS, ExplanationRef

MOST_COUNTED: Final = 100_000  # states and links of a circuit's interpretations: a page answers within a second
MAX_INTERVENTIONS: Final = 2**15
"""Sought among the sets of up to as many neurons as stay below this, so that a page takes no longer than others."""
_CLASSES: Final = 3
_ALIGNMENTS: Final = 3


def ask(one: Explanation, now: Intervention, bench: Bench) -> Prediction:
    """What one explanation says of an intervention."""
    return one.record.ask(one.place.question, one.item, now, bench)


def space_of(place: Place) -> InterventionSpace:
    """The interventions among which those worth trying are sought."""
    cut = place.question.cut
    return intervention_space(cut.hidden_sizes, cut.n_inputs, max_interventions=MAX_INTERVENTIONS)


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


# --- whom to ask


@dataclass(frozen=True)
class Suggestion:
    """An explanation that may be asked.

    Args:
        role: what it is.
        one: itself.
        why: it is worth it.
    """

    role: str
    one: Explanation
    why: str


def suggestions(session: Session, links: Addresses, place: Place, chosen: Sequence[Explanation]) -> list[Suggestion]:
    """Up to three: the interpretation that is right most often, the simplest algorithm that is aligned, and of the best
    of both kinds the one that says otherwise most often. Interpretations of circuits with so many that to fetch one
    takes seconds are left out: the page is asked for at every step.
    """
    if place.analysis is None:
        return []
    taken, found = {str(one.ref) for one in chosen}, list[Suggestion]()

    def fetched(ref: ExplanationRef) -> Explanation | None:
        try:
            return find_explanation(session, links, place, ref, 0, most_counted=MOST_COUNTED)
        except (PageError, AnalysisError):
            return None  # named by a list, but gone since, or one of too many

    def add(candidates: Iterable[tuple[str, ExplanationRef, str]]) -> None:
        for role, ref, why in candidates:
            one = None if str(ref) in taken else fetched(ref)
            if one is not None:
                found.append(Suggestion(role, one, why))
                taken.add(str(ref))
                return

    minimal = algorithm_reads.minimal_alignments(session, place.analysis.id, _ALIGNMENTS)
    aligned = [ExplanationRef("alignment", *ids) for ids in minimal]
    readings = list(_readings(session, place.analysis))
    add(readings)
    add(("an algorithm", ref, "the simplest that has a minimal alignment") for ref in aligned)
    asked = [*chosen, *(suggestion.one for suggestion in found)]
    if asked:
        space = space_of(place)
        own, apart = asked[0].predictions(space), list[tuple[float, int, ExplanationRef]]()
        for ref in [*(ref for _, ref, _ in readings), *aligned]:
            one = None if str(ref) in taken else fetched(ref)
            told = None if one is None else agreement_of(own, one.predictions(space))
            if told is not None and told.differ:
                apart.append((told.differ / told.both, told.differ, ref))
        why = "says otherwise on {:,} interventions on which both predict"
        most_first = sorted(apart, key=lambda one: -one[0])
        add(("a contradicting one", ref, why.format(differ)) for _, differ, ref in most_first)
    return found


def _readings(session: Session, analysis: AnalysisRow) -> Iterator[tuple[str, ExplanationRef, str]]:
    """Interpretations that score well, as far as the survey tells; while there is none, of the smallest circuits."""
    row = report_row(session, analysis, GROUND)
    if row is None:
        for circuit in smallest_circuits(session, analysis, 2):
            ref = ExplanationRef("interpretation", circuit.mask, "0")
            yield "an interpretation", ref, "of the smallest circuit; the common ground is not surveyed yet"
        return
    survey = report_of(row, CommonGroundReport)
    if (best := survey.best) is not None and best.index is not None:
        among = "the classes drawn" if survey.drawn else f"all {noun(int(survey.interpretations), 'interpretation')}"
        why = f"correct on {exact(best.right)} of {noun(survey.n_interventions, 'intervention')}, the most of {among}"
        yield "the best-scoring interpretation", ExplanationRef("interpretation", best.mask, best.index), why
    cloud = sorted(survey.of("interpretation"), key=lambda one: (-one.right / one.predicted, -one.predicted))
    for one in [*cloud[:_CLASSES], *cloud[len(cloud) // 4 : len(cloud) // 4 + 1]]:
        ref = ExplanationRef("interpretation", one.first, one.second)
        yield "one of a class", ref, f"correct on {one.right:,} of {one.predicted:,} interventions of the common ground"
