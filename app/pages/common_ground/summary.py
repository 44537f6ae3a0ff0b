"""What a survey says, in sentences that claim no more than was looked at."""

from __future__ import annotations

from collections.abc import Sequence

from app.db.common_ground_columns import INTERPRETATION
from app.db.reads.common_ground import CloudPoint
from app.figures.numbers import exact, noun
from app.pages.common_ground.views import SurveyView


def summary_of(survey: SurveyView, cloud: Sequence[CloudPoint]) -> list[str]:
    """What the survey says, in sentences that claim no more than was looked at."""
    told: list[str] = []
    of = exact(survey.n_interventions)
    everywhere = [one for one in cloud if one.predicted == survey.n_interventions]
    aligned_perfect = [one for one in everywhere if one.kind != INTERPRETATION and one.right == one.predicted]
    n_perfect = (survey.perfect or 0) + sum(one.count for one in aligned_perfect)
    sampled = " among those looked at" if survey.partial else ""
    best_aligned = max(
        (one for one in everywhere if one.kind != INTERPRETATION), key=lambda one: one.right, default=None
    )
    best = max([one.right for one in everywhere] + ([survey.best.accuracy.agreed] if survey.best else []), default=0)
    the_best = "the best" if survey.best is not None or not survey.classes else "the best one known"
    if everywhere and n_perfect:
        told.append(
            f"{noun(n_perfect, 'explanation')}{sampled} that speak everywhere are right everywhere: on all {of} "
            "interventions."
            if n_perfect > 1
            else f"One explanation{sampled} that speaks everywhere is right everywhere: on all {of} interventions."
        )
    elif everywhere and survey.perfect is not None:
        told.append(
            f"No explanation{sampled} that speaks everywhere is right everywhere: {the_best} is right on "
            f"{exact(best)} of {of} interventions."
        )
    if survey.best is not None and survey.worst is not None:
        which = "the classes drawn" if survey.drawn else "all circuits"
        told.append(
            f"Of the {noun(survey.interpretations, 'interpretation')} of {which} the best is right on "
            f"{exact(survey.best.accuracy.agreed)} of {of}, the worst on {exact(survey.worst.accuracy.agreed)}; "
            "free completions included."
        )
    if best_aligned is not None:
        told.append(
            f"The best alignment whose variables together speak about every set is right on "
            f"{exact(best_aligned.right)} of {of}."
        )
    right_where = [one for one in cloud if one.kind != INTERPRETATION and one.right == one.predicted]
    if right_where:
        count = sum(one.count for one in right_where)
        most = max(one.predicted for one in right_where)
        where = "is right wherever it speaks" if count == 1 else "are right wherever they speak"
        told.append(f"{noun(count, 'alignment')} {where}; the one that says most speaks about {exact(most)} of {of}.")
    return told
