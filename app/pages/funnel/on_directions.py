"""The sequence of a funnel on alignments on directions, class by class: from stored rows, nothing is run.

It begins with the kept valid ones of each class that was searched. Criteria for alignments are asked of swaps along
directions, criteria for algorithms of the algorithm that is placed; what is no question of directions removes none.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Final, Literal, cast

from pydantic import Field
from sqlalchemy.orm import Session

from analysis.algorithms.high_level_model import Form
from analysis.algorithms.redundancy import irredundancy
from analysis.criteria.steps import CriterionStep
from analysis.directions.result import CLASSES
from app.addressing import Addresses
from app.db.direction_tables import DirectionAlgorithmRow, DirectionAlignmentRow
from app.db.reads.directions import all_direction_alignments, direction_searches
from app.pages.directions.classes import CLASS_LABELS
from app.pages.formulas import read_algorithm
from app.pages.options import PageModel
from app.pages.place import Place

Answer = Literal["passed", "failed", "undecided"]
_Judge = Callable[[DirectionAlignmentRow, DirectionAlgorithmRow, CriterionStep, Place], Answer]


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
        session: a snapshot of the store.
        addresses: builds links.
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
            judge = _JUDGES.get(step.key)
            answers = ["passed" if judge is None else judge(row, owner, step, place) for row, owner in alive]
            alive = [one for one, answer in zip(alive, answers, strict=True) if answer == "passed"]
            rows.append(
                DirectionStepView(
                    position=position,
                    label=step.criterion.label,
                    settings=", ".join(f"{name} {value:g}" for name, value in step.changed.items()),
                    asked=judge is not None,
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


def _both(row: DirectionAlignmentRow, _: DirectionAlgorithmRow, __: CriterionStep, place: Place) -> Answer:
    if place.protocol.interchange_pairs != "ordered":
        return "undecided" if row.agreed == row.of else "failed"
    return "passed" if row.agreed == row.of else "failed"


def _one(row: DirectionAlignmentRow, _: DirectionAlgorithmRow, __: CriterionStep, ___: Place) -> Answer:
    """Kept valid ones are right on every pair that was tested, those of one direction among them."""
    return "passed" if row.agreed == row.of else "undecided"


def _joint(row: DirectionAlignmentRow, _: DirectionAlgorithmRow, __: CriterionStep, ___: Place) -> Answer:
    if row.joint_agreed is None:
        return "undecided"
    return "passed" if row.joint_agreed == row.joint_of else "failed"


def _order(row: DirectionAlignmentRow, _: DirectionAlgorithmRow, __: CriterionStep, ___: Place) -> Answer:
    return "passed" if row.causal_order else "failed"


def _margin(row: DirectionAlignmentRow, _: DirectionAlgorithmRow, step: CriterionStep, __: Place) -> Answer:
    return "passed" if row.margin is None or row.margin >= step.settings["least"] else "failed"


def _irredundant(_: DirectionAlignmentRow, owner: DirectionAlgorithmRow, step: CriterionStep, place: Place) -> Answer:
    algorithm = read_algorithm(owner.text, cast(Form, owner.form), place.network.n_inputs)
    return "passed" if irredundancy(algorithm)[step.key] else "failed"


_JUDGES: Final[Mapping[str, _Judge]] = {
    "both-directions": _both,
    "one-direction": _one,
    "joint-interchange": _joint,
    "causal-order": _order,
    "margin": _margin,
    "irredundant-gates": _irredundant,
    "irredundant-functions": _irredundant,
    "irredundant-literals": _irredundant,
}
