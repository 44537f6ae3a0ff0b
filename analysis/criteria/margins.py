"""How far tested outputs are from the edge of the decision: a verdict closer than rounding errors is fragile."""

from __future__ import annotations

from typing import Final

import numpy as np

from analysis.circuits.search import evaluate_circuits
from analysis.criteria.circuit_context import CircuitCriteriaContext
from analysis.criteria.criterion import Criterion, Parameter, Settings
from analysis.criteria.verdict import Verdicts, Witness, verdicts_of
from analysis.result import FRAGILE_MARGIN


def _firm_circuits(context: CircuitCriteriaContext, settings: Settings) -> Verdicts:
    with np.errstate(over="ignore", invalid="ignore"):
        _, margins = evaluate_circuits(
            context.network, context.masks, context.protocol, context.data, context.judged[0]
        )

    def explain(position: int) -> tuple[str, Witness]:
        return f"The closest output is {margins[position]:.3g} from the edge of its decision.", {}

    return verdicts_of(margins >= settings["least"], explain, scores=margins)


MARGIN: Final = Criterion(
    key="margin",
    label="Firm margin",
    definition="No tested output is closer to the edge of its decision than the least margin.",
    formula="min over tested outputs o of the distance from o to the nearest edge of the decision  ≥  least",
    source="Pluriscope: verdicts within rounding errors of the edge are fragile",
    judges={"circuit": _firm_circuits},
    direction="higher",
    parameters=(Parameter("least", FRAGILE_MARGIN, 0.0, 1.0, "least distance from the decision's edge"),),
    score="smallest distance from the decision's edge",
)
