"""The ladder of map classes as measures: how many irredundant algorithms pass in each class in closed form."""

from __future__ import annotations

from functools import partial
from typing import Final

from analysis.ladder.climbing import closed_rungs, placed_algorithms
from analysis.ladder.report import CLOSED, MAP_CLASSES, ClosedClass
from analysis.studies.measures.measure import Measured, measure
from analysis.studies.subject import Studied


def _algorithms(studied: Studied, *, key: ClosedClass) -> Measured:
    """How many algorithms pass in one class, under every ordered interchange of single variables."""
    question = studied.question
    candidates = studied.once(
        "placed algorithms",
        lambda: placed_algorithms(question.task, question.protocol, question.cut.n_hidden_layers),
    )
    if not candidates.algorithms:
        return Measured(None, note="no algorithm without a redundant literal has a variable to place")
    rung = closed_rungs(question, candidates, (key,), joint=False)[key]
    if rung.refused:
        return Measured(None, note=rung.refused)
    bounded = not rung.exact or candidates.truncated_at is not None
    return Measured(rung.algorithms, truncated_at=len(candidates.algorithms) if bounded else None)


MEASURES: Final = tuple(
    measure(
        f"rung-{key}",
        f"algorithms on {MAP_CLASSES[key]}",
        "count",
        "algorithms",
        definition="Irredundant algorithms with variables that pass every interchange of single variables on "
        f"{MAP_CLASSES[key]}.",
    )(partial(_algorithms, key=key))
    for key in CLOSED
)
