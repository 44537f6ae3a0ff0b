"""How many networks a prior has to give until one computes the tasks."""

from __future__ import annotations

from typing import Final

from analysis.studies.measures.measure import Measure, Measured
from analysis.studies.subject import Studied


def _draws(studied: Studied) -> Measured:
    return Measured(studied.draws, note="" if studied.draws is not None else "trained, not drawn")


MEASURES: Final = (
    Measure(
        "draws",
        "networks drawn",
        "How many networks were drawn from the prior until this one computed the tasks; the acceptance rate is one by "
        "the mean.",
        "count",
        _draws,
        "draws",
        log=True,
    ),
)
