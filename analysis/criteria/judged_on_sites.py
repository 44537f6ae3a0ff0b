"""What criteria say of the explanations of a network with sites, for the funnel."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from pluriscope.analysis.criteria.funnel import Judged, Wanted
from pluriscope.analysis.criteria.on_sites import AS_JUDGED
from pluriscope.analysis.criteria.population import PopulationOf
from pluriscope.analysis.criteria.steps import CriterionStep
from pluriscope.analysis.placements.report import PlacementsReport
from pluriscope.analysis.readings.report import InterpretationsReport
from pluriscope.analysis.subjects.question import SubjectQuestion

Circuits = Callable[[CriterionStep], NDArray[np.uint8] | None]
"""A step → the outcomes of the valid circuits that are listed; None where they were not judged."""


def judged_on_sites(
    question: SubjectQuestion,
    masks: Sequence[str],
    circuits: Circuits,
    placed: PlacementsReport,
    readings: InterpretationsReport | None,
) -> Judged:
    """Judge what was found of a network with sites.

    Args:
        question: about it.
        masks: of the valid circuits that are listed.
        circuits: their outcomes.
        placed: where algorithms are placed.
        readings: how circuits are read; None where nobody asked.
    """
    models = placed.algorithms
    valid = [(which, model, one) for which, model in enumerate(models) for one in model.valid]
    items = {"algorithm": models, "alignment": [(model, one) for _, model, one in valid]}
    read = {} if readings is None else readings.by_mask

    def outcomes(wanted: Iterable[Wanted]) -> Mapping[Wanted, NDArray[np.uint8]]:
        found = dict[Wanted, NDArray[np.uint8]]()
        for kind, step in wanted:
            if kind != "circuit":
                judged = step.criterion.judge(PopulationOf(AS_JUDGED[kind], question, items[kind]), step.settings)
                found[kind, step] = judged.outcomes
            elif (one := circuits(step)) is not None:
                found[kind, step] = one
        return found

    return Judged(
        n={"circuit": len(masks), "algorithm": len(models), "alignment": len(valid)},
        outcomes=outcomes,
        readings=lambda _: {},
        interpretations=[read[mask].count if mask in read else 0 for mask in masks],
        observed=[read[mask].n_observed if mask in read else 0 for mask in masks],
        algorithm_of=np.array([which for which, *_ in valid], dtype=np.int64),
        candidates=len(models),
        notes={},
        all_counted=len(read) == len(masks),
        uncounted="which were not read",
        unread=readings is None,
        judged_as=AS_JUDGED,
        listed_alone=any(one.n_placed is None or one.n_placed > len(one.valid) for one in models),
    )
