"""How many networks a prior has to give until one computes the tasks."""

from __future__ import annotations

from analysis.studies.measures.measure import Measured, measure
from analysis.studies.subject import Studied


@measure("draws", "networks drawn", "count", "draws", log=True)
def _draws(studied: Studied) -> Measured:
    """How many networks were drawn from the prior until this one computed the tasks; the acceptance rate is one by the
    mean.
    """
    return Measured(studied.draws, note="" if studied.draws is not None else "trained, not drawn")
