"""Where every explanation of one analysis stands on the common ground: coverage and accuracy, as exact fractions.

1. List the interventions and let the unablated network answer (:mod:`analysis.experiments`).
2. Every kept alignment of every algorithm (:mod:`analysis.common_ground.aligned`).
3. Every observed class of every circuit: its representative, and the best and the worst of its members
   (:mod:`analysis.common_ground.interpreted`). Where that is more work than allowed, a uniform sample of all classes,
   without repetition, from a stated seed; best and worst are then those of the sample's classes.
4. Where the classes are few, how *all* interpretations are spread (:mod:`analysis.common_ground.spread`).

Bare circuits and algorithms without a placed variable say nothing of interventions: they have no accuracy and are no
points here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from analysis.common_ground.aligned import alignment_standings, positions_by_bits
from analysis.common_ground.class_scores import STAGE, InterpretationSurvey
from analysis.common_ground.points import AlignmentPoints, Bounds, ClassPoints, Extreme, Subject
from analysis.experiments import InterventionSpace, NetworkAnswers, ask_network
from analysis.work import DEFAULT_WORK, Work


@dataclass(frozen=True, eq=False)
class CommonGround:
    """Where the explanations of one analysis stand.

    Args:
        space: the interventions; sets only up to ``space.largest`` neurons if that is not None.
        classes: observed classes, all of them unless ``drawn``.
        n_classes: observed classes of all listed circuits.
        drawn: whether ``classes`` is a uniform sample.
        seed: of the sample.
        best: of all classes, or of the sample; None if not known.
        worst: likewise.
        spread: interpretations by the number of interventions that they predict right, all of them; None where the
            classes are too many.
        n_perfect: interpretations of ``classes`` that are right on every intervention; None where that is not known.
        alignments: kept ones, all unless ``n_alignments`` is more.
        n_alignments: kept alignments.
    """

    space: InterventionSpace
    classes: ClassPoints
    n_classes: int
    drawn: bool
    seed: int
    best: Extreme | None
    worst: Extreme | None
    spread: Mapping[int, int] | None
    n_perfect: int | None
    alignments: AlignmentPoints
    n_alignments: int


def survey_common_ground(subject: Subject, work: Work = DEFAULT_WORK, *, bounds: Bounds | None = None) -> CommonGround:
    """Coverage and accuracy of every explanation of an analysis.

    Args:
        subject: the analysis.
        bounds: how far to go.
        work: told "common ground" now and then; may cancel there.

    Raises:
        BeyondLimits: one of the drawn classes cannot even be found.
    """
    bounds = bounds or Bounds()
    space, answers = ask_network(subject.question)
    alignments, n_alignments = _alignment_points(subject, space, answers, bounds, work)
    survey = InterpretationSurvey(subject, space, answers, bounds)
    survey.run(work)
    points = survey.points()
    work.tell(STAGE, 1, 1, f"{len(points):,} classes, {len(alignments):,} alignments")
    return CommonGround(
        space=space,
        classes=points,
        n_classes=survey.n_classes,
        drawn=survey.drawn,
        seed=bounds.seed,
        best=survey.extreme(highest=True),
        worst=survey.extreme(highest=False),
        spread=survey.spread(work),
        n_perfect=survey.n_perfect,
        alignments=alignments,
        n_alignments=n_alignments,
    )


def _alignment_points(
    subject: Subject, space: InterventionSpace, answers: NetworkAnswers, bounds: Bounds, work: Work
) -> tuple[AlignmentPoints, int]:
    positions = positions_by_bits(space)
    algorithm, alignment, predicted, right = ([np.zeros(0, dtype=np.int64)] for _ in range(4))
    left = bounds.max_alignments
    for number, (model, placements) in enumerate(zip(subject.algorithms, subject.placements, strict=True)):
        if number % 32 == 0:
            work.tell(STAGE, number, len(subject.algorithms), "algorithms")
        some = placements[:left]
        left -= len(some)
        found = alignment_standings(model, some, space, answers, positions=positions)
        algorithm.append(np.full(len(some), number, dtype=np.int64))
        alignment.append(np.arange(len(some)))
        predicted.append(found.predicted)
        right.append(found.right)
    points = AlignmentPoints(*(np.concatenate(part) for part in (algorithm, alignment, predicted, right)))
    return points, sum(len(placements) for placements in subject.placements)
