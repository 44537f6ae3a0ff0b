"""Which intervention of the common ground to try next: a crucial one, or the one that divides most."""

from __future__ import annotations

from collections.abc import Collection, Sequence

import numpy as np
from numpy.typing import NDArray

from analysis.experiments import CrucialExperiment, InterventionSpace, NetworkAnswers, experiment_at

At = tuple[int, int, int]
"""Index of a set, source, base."""


def most_divided(
    predictions: Sequence[NDArray[np.int8]],
    answers: NetworkAnswers,
    space: InterventionSpace,
    tried: Collection[At] = (),
) -> CrucialExperiment | None:
    """The intervention on which the most pairs of explanations predict and differ; of two it is their crucial
    experiment with the largest margin.

    Args:
        predictions: ``[set, source, base]`` for each explanation.
        answers: what the network does on the same space.
        space: the interventions.
        tried: those that are left out.

    Returns:
        The one with the largest margin among those that divide the most pairs, ties by set, source, base; None if no
        intervention divides any.
    """
    if len(predictions) < 2 or not space.sets:
        return None
    zeros = np.zeros(space.shape, dtype=np.int64)
    ones = np.zeros(space.shape, dtype=np.int64)
    for said in predictions:
        zeros += said == 0
        ones += said == 1
    pairs = zeros * ones * space.counted
    for at in tried:
        pairs[at] = 0
    most = int(pairs.max())
    if not most:
        return None
    where = np.argwhere(pairs == most)
    best = where[int(np.argmax(answers.margins[pairs == most]))]
    at = (int(best[0]), int(best[1]), int(best[2]))
    return experiment_at(predictions, answers, space, at)
