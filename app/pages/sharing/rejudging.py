"""Stored verdicts of criteria, and a stored place on the common ground, held against the weights where that is cheap.

What a verdict page computes within its budget is computed here too, and each outcome is held against the stored one.
What is not computed says why: settings other than the default ones, budgets, searches over all other explanations.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Final

from sqlalchemy.orm import Session

from analysis.criteria.criterion import Criterion
from analysis.experiments import decide_under_interventions, intervention_space, standing_of
from analysis.reverify import Recomputed, Value
from app.db.common_ground_columns import INTERPRETATION
from app.db.reads import algorithms as algorithm_reads
from app.db.reads import common_ground as grounds
from app.db.reads.verdicts import StoredVerdict
from app.db.tables import AnalysisRow
from app.pages.explanations import Explanation
from app.pages.verdicts.on_the_spot import Judged, judge_on_the_spot
from app.pages.verdicts.page import stored_verdicts

MAX_POINTS: Final = 2_000
"""Classes of one circuit that are looked through for the one that an interpretation stands for."""
MAX_INTERVENTIONS: Final = 300_000

Figures = tuple[list[Recomputed], dict[str, Value]]
_UNDECIDED: Final = "a budget ended one of the two; neither contradicts the other"


def verdict_figures(session: Session, explanation: Explanation, *, among: int = 1) -> Figures:
    """Every stored verdict of an explanation with the one that the weights give now.

    Args:
        session: open session.
        explanation: of any kind; interpretations have no stored verdicts of their own.
        among: explanations that share the time of one.
    """
    stored = stored_verdicts(session, explanation)
    if not stored:
        return [], {}
    wanted = {one.step.key for one in stored if not one.step.changed}
    judged = {
        one.criterion.key: one
        for one in judge_on_the_spot(session, explanation, clock=lambda: time.monotonic() * among)
        if one.criterion.key in wanted
    }
    figures: list[Recomputed] = []
    told: dict[str, Value] = {}
    for one in stored:
        figures += _beside(one, judged.get(one.step.key), told)
    return figures, told


def _beside(stored: StoredVerdict, judged: Judged | None, told: dict[str, Value]) -> list[Recomputed]:
    """One verdict: its outcome, and its score where there is one on both sides."""
    key, label = f"criterion {stored.step}", f"Verdict: {_label(stored.step.criterion)}"
    told[key] = stored.outcome.replace("_", " ")
    if stored.step.changed or judged is None:
        return [Recomputed(key, f"{label} ({stored.step})", None, "with settings of its own, which a worker computes")]
    verdict = judged.verdict
    if verdict is None:
        return [Recomputed(key, label, None, judged.why_not)]
    if "undecided" in (stored.outcome, verdict.outcome) and stored.outcome != verdict.outcome:
        return [Recomputed(key, label, None, _UNDECIDED)]
    figures = [Recomputed(key, label, verdict.outcome.replace("_", " "), verdict.reason)]
    if stored.numerator is not None and verdict.numerator is not None:
        told[f"{key} score"] = f"{stored.numerator}/{stored.denominator}"
        figures.append(Recomputed(f"{key} score", f"{label}, share", f"{verdict.numerator}/{verdict.denominator}"))
    elif stored.score is not None and verdict.score is not None:
        told[f"{key} score"] = stored.score
        figures.append(Recomputed(f"{key} score", f"{label}, score", float(verdict.score)))
    return figures


def _label(criterion: Criterion) -> str:
    return criterion.label[:1].lower() + criterion.label[1:]


def ground_figures(session: Session, explanation: Explanation) -> Figures:
    """Coverage and accuracy of an explanation beside those stored of it, if it predicts anything."""
    analysis = explanation.place.analysis
    row = None if analysis is None else grounds.common_ground_of(session, analysis)
    if analysis is None or row is None or explanation.kind not in ("interpretation", "alignment"):
        return [], {}
    found = _stored_point(session, analysis, explanation)
    if isinstance(found, str):
        return [Recomputed("coverage", "Coverage", None, found)], {"coverage": "surveyed"}
    if row.n_interventions > MAX_INTERVENTIONS:
        why = f"{row.n_interventions:,} interventions are more than are run on the spot"
        return [Recomputed("coverage", "Coverage", None, why)], _told(found, row.n_interventions)
    place = explanation.place
    space = intervention_space(place.question.cut.hidden_sizes, place.question.cut.n_inputs)
    answers = decide_under_interventions(place.question.cut, place.question.data.clean_rows, space)
    standing = standing_of(explanation.predictions(space), answers, space)
    figures = [Recomputed("coverage", "Coverage", f"{standing.predicted}/{standing.of}", "interventions predicted")]
    if standing.predicted:
        share = f"{standing.right}/{standing.predicted}"
        figures.append(Recomputed("accuracy", "Accuracy", share, "of these, predicted right"))
    return figures, _told(found, row.n_interventions)


def _told(found: tuple[int, int], interventions: int) -> dict[str, Value]:
    predicted, right = found
    told: dict[str, Value] = {"coverage": f"{predicted}/{interventions}"}
    return told | ({"accuracy": f"{right}/{predicted}"} if predicted else {})


def _stored_point(session: Session, analysis: AnalysisRow, explanation: Explanation) -> tuple[int, int] | str:
    """How many interventions it predicts, and how many right, as stored; or why that is not told."""
    row = grounds.common_ground_of(session, analysis)
    if row is None:
        return "the common ground has not been surveyed"
    if explanation.circuit is not None and explanation.interpretation is not None:
        wanted = grounds.PointFilter(kinds=(INTERPRETATION,), circuit=explanation.circuit.mask)
        points = grounds.list_points(session, row, wanted, limit=MAX_POINTS)
        for point in points.points:
            if point.index == explanation.interpretation.index:
                return point.predicted, point.right
        return "the survey keeps one interpretation of each class, and this is not one that was found there"
    if explanation.algorithm is None or explanation.alignment is None:
        return "it predicts nothing"
    owner = algorithm_reads.find_algorithm(session, analysis.id, explanation.algorithm.id)
    if owner is None or algorithm_reads.find_alignment(session, owner, explanation.alignment.id) is None:
        return "it is not stored"
    wanted = grounds.PointFilter(algorithm=owner.position)
    points = grounds.list_points(session, row, wanted, limit=row.alignments_kept + 1)
    for point in points.points:
        if point.member == int(explanation.alignment.id, 16):
            return point.predicted, point.right
    return (0, 0) if row.alignments_kept == row.n_alignments else "the survey left some alignments out"


def figures_of_one(
    session: Session, explanation: Explanation, *, among: int = 1
) -> tuple[list[Recomputed], Mapping[str, Value]]:
    """Verdicts and standing together."""
    verdicts, told = verdict_figures(session, explanation, among=among)
    standing, also = ground_figures(session, explanation)
    return [*verdicts, *standing], told | also
