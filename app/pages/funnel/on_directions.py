"""The sequence of a funnel on alignments on directions, class by class: from stored rows, nothing is run.

It begins with the kept valid ones of each class that was searched. Criteria for alignments are asked of swaps along
directions, criteria for algorithms of the algorithm that is placed; what is no question of directions removes none.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, cast

from pydantic import Field
from sqlalchemy.orm import Session

from analysis.algorithms.high_level_model import Form
from analysis.algorithms.redundancy import irredundancy
from analysis.criteria.direction_verdicts import ASKED_OF_DIRECTIONS, outcome_of_kept
from analysis.criteria.steps import CriterionStep
from analysis.criteria.verdict import Outcome
from analysis.directions.result import CLASSES
from app.addressing import Addresses
from app.db.direction_tables import DirectionAlgorithmRow, DirectionAlignmentRow
from app.db.reads.directions import all_direction_alignments, direction_searches
from app.options import PageModel
from app.pages.directions.views import CLASS_LABELS
from app.pages.formulas import read_algorithm
from app.pages.place import Place

_OF_ALGORITHMS: Final = ("irredundant-gates", "irredundant-functions", "irredundant-literals")


class DirectionStepView(PageModel):
    """One step on one class."""

    position: int = Field(description="Of the step in the sequence.")
    label: str
    settings: str
    asked: bool = Field(description="Whether it is a question of directions; if not, it removes none.")
    failed: int
    undecided: int
    left: int


class DirectionFunnelView(PageModel):
    """The sequence on the alignments on directions of one class."""

    key: str
    label: str
    begin: int = Field(description="Kept valid alignments.")
    n_valid: int = Field(description="All valid ones; more than begin if some are not kept.")
    rows: list[DirectionStepView] = Field(description="Steps about alignments or algorithms, in order.")
    left: int
    url: str = Field(description="The class's alignments.")


def direction_funnels(
    session: Session, addresses: Addresses, place: Place, steps: Sequence[CriterionStep]
) -> list[DirectionFunnelView]:
    """The sequence on every class that was searched; [] if none was.

    Args:
        place: the analysis.
        steps: the sequence.
    """
    if place.analysis is None:
        return []
    searches = direction_searches(session, place.analysis.id)
    kept = all_direction_alignments(session, place.analysis.id) if searches else []
    found = []
    for key in CLASSES:
        search = searches.get(key)
        if search is None or search.refused:
            continue
        alive = [(row, algorithm) for row, algorithm, name in kept if name == key]
        begin, rows = len(alive), []
        for position, step in enumerate(steps):
            if not {"alignment", "algorithm"} & set(step.kinds):
                continue
            answers = [_outcome(row, owner, step, place) for row, owner in alive]
            alive = [one for one, answer in zip(alive, answers, strict=True) if answer == "passed"]
            rows.append(
                DirectionStepView(
                    position=position,
                    label=step.criterion.label,
                    settings=", ".join(f"{name} {value:g}" for name, value in step.changed.items()),
                    asked=step.key in (*ASKED_OF_DIRECTIONS, *_OF_ALGORITHMS),
                    failed=answers.count("failed"),
                    undecided=answers.count("undecided"),
                    left=len(alive),
                )
            )
        found.append(
            DirectionFunnelView(
                key=key,
                label=CLASS_LABELS[key],
                begin=begin,
                n_valid=search.n_valid,
                rows=rows,
                left=len(alive),
                url=addresses.directions(place.row.slug, place.scope, **{"class": key}),
            )
        )
    return found


def _outcome(row: DirectionAlignmentRow, owner: DirectionAlgorithmRow, step: CriterionStep, place: Place) -> Outcome:
    """What a criterion says of one alignment; what is no question of directions removes none."""
    if step.key in _OF_ALGORITHMS:
        algorithm = read_algorithm(owner.text, cast(Form, owner.form), place.question.model.n_inputs)
        return "passed" if irredundancy(algorithm)[step.key] else "failed"
    return outcome_of_kept(step.key, row, place.question.protocol.interchange_pairs, step.settings) or "passed"
