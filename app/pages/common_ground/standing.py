"""Where one explanation stands on the common ground, and its place among the others."""

from __future__ import annotations

from typing import Final

from sqlalchemy.orm import Session

from analysis.experiments import ask_network, standing_of
from app.addressing import Addresses
from app.db.common_ground_columns import INTERPRETATION
from app.db.reads import common_ground as reads
from app.db.tables import CommonGroundRow
from app.figures.numbers import exact, noun
from app.pages.common_ground.build import survey_state
from app.pages.common_ground.views import StandingOptions, StandingView
from app.pages.explanations import Explanation, find_explanation, read_ref
from app.pages.formulas import FractionView
from app.pages.place import locate_boolean

NOT_OF_DIRECTIONS: Final = (
    "Coverage is not applicable: directions do not speak about sets of hidden neurons, which these interventions patch."
)


def build_standing(session: Session, addresses: Addresses, network: str, options: StandingOptions) -> StandingView:
    """Coverage and accuracy of one explanation, computed on the spot, and how many others are better.

    Raises:
        PageError: the network, the scope or the explanation does not exist.
        BeyondLimits: it is too large to be read on the spot.
    """
    place = locate_boolean(session, addresses, network, options.scope)
    explanation = find_explanation(session, addresses, place, read_ref(options.e, 1), 1)
    place = explanation.place
    row = None if place.analysis is None else reads.common_ground_of(session, place.analysis)
    state, _ = survey_state(session, place, row)
    url = addresses.common_ground(place.row.slug, place.scope)
    ref = str(explanation.ref)
    if explanation.kind == "direction":
        return StandingView(
            ref=ref, state=state, coverage=None, accuracy=None, words=NOT_OF_DIRECTIONS, place="", cloud_url=url
        )
    if explanation.kind in ("circuit", "algorithm"):
        words, where = _silent(session, explanation, row)
        if explanation.circuit is not None:
            url = addresses.common_ground(place.row.slug, place.scope, circuit=explanation.circuit.hex) + "#list"
        elif explanation.algorithm is not None:
            url = addresses.common_ground(place.row.slug, place.scope, algorithm=explanation.algorithm.id) + "#list"
        return StandingView(ref=ref, state=state, coverage=None, accuracy=None, words=words, place=where, cloud_url=url)
    space, answers = ask_network(place.question)
    standing = standing_of(explanation.predictions(space), answers)
    sets = "every set of hidden neurons" if space.largest is None else f"sets of up to {space.largest} hidden neurons"
    words = (
        f"Predicts {exact(standing.predicted)} of {noun(standing.of, 'intervention')} on {sets}; "
        f"correct on {exact(standing.right)} of these."
        if standing.predicted
        else f"Predicts none of {noun(standing.of, 'intervention')}."
    )
    return StandingView(
        ref=ref,
        state=state,
        coverage=FractionView(agreed=standing.predicted, of=standing.of),
        accuracy=FractionView(agreed=standing.right, of=standing.predicted) if standing.predicted else None,
        words=words,
        place=_place(explanation, row, standing.predicted, standing.right)
        if standing.predicted and explanation.recorded is None
        else "",
        cloud_url=url,
    )


def _silent(session: Session, explanation: Explanation, row: CommonGroundRow | None) -> tuple[str, str]:
    """What is said of a circuit or an algorithm by itself: it predicts nothing, its readings or placements do."""
    if explanation.circuit is None:
        return "An algorithm without places says nothing of interventions on neurons; its alignments do.", ""
    words = "A bare circuit says nothing of interventions; its interpretations do."
    found = None if row is None else reads.circuit_range(session, row, explanation.circuit.hex)
    if row is None or found is None:
        return words, ""
    worst, best = found
    return words, (
        f"All interpretations of this circuit predict every one of {exact(row.n_interventions)} interventions: the "
        f"best is correct on {exact(best)}, the worst on {exact(worst)}."
    )


def _place(explanation: Explanation, row: CommonGroundRow | None, predicted: int, right: int) -> str:
    """How many explanations of its kind are more accurate, as far as is known."""
    if row is None:
        return ""
    if explanation.kind == "interpretation":
        if row.facts["spread"] is not None:
            counts = [(at, int(count)) for at, count in row.facts["spread"]]
            better = sum(count for at, count in counts if at > right)
            return (
                f"{exact(better)} of all {noun(sum(count for _, count in counts), 'interpretation')} predict more "
                "interventions right."
            )
        here = [point for point in reads.cloud_of(row) if point.kind == INTERPRETATION]
        better = sum(point.count for point in here if point.right * predicted > right * point.predicted)
        total = sum(point.count for point in here)
        which = "drawn" if row.drawn else "there are"
        return f"{exact(better)} of the {exact(total)} observed classes {which} have a more accurate representative."
    here = [point for point in reads.cloud_of(row) if point.kind != INTERPRETATION]
    more = sum(point.count for point in here if point.right * predicted > right * point.predicted)
    return f"{exact(more)} of {noun(sum(point.count for point in here), 'kept alignment')} are more accurate."
