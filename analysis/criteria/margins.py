"""How far tested outputs are from the edge of the decision: a verdict closer than rounding errors is fragile."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from analysis.circuits.judging import evaluate_circuits
from analysis.circuits.result import FRAGILE_MARGIN
from analysis.criteria import cuts
from analysis.criteria.alignment_context import AlignmentCriteriaContext
from analysis.criteria.circuit_context import CircuitCriteriaContext
from analysis.criteria.criterion import Criterion, Parameter, Settings
from analysis.criteria.interpretation_context import InterpretationCriteriaContext
from analysis.criteria.recorded_context import RecordedContext
from analysis.criteria.verdict import Verdicts, Witness, same_for_all, verdicts_of
from analysis.interpretations.predicting import family_sets


def _firm_circuits(context: CircuitCriteriaContext, settings: Settings) -> Verdicts:
    with np.errstate(over="ignore", invalid="ignore"):
        _, margins = evaluate_circuits(context.question, context.masks)

    return _firm(margins, settings, "The closest output is {} from the edge of its decision.")


def _firm_interpretations(context: InterpretationCriteriaContext, settings: Settings) -> Verdicts:
    """Tested are the interchanges of every set of a circuit's active neurons, which all its interpretations share."""
    space, known = context.interventions, {}
    for interpretation in context.explanations:
        mask = interpretation.circuit.mask
        if mask not in known:
            chosen = family_sets(interpretation.circuit, space, "joint")
            known[mask] = float(context.answers.margins[chosen][space.counted[chosen]].min(initial=np.inf))
    margins = np.array([known[interpretation.circuit.mask] for interpretation in context.explanations])
    return _firm(margins, settings)


def _firm_alignments(context: AlignmentCriteriaContext, settings: Settings) -> Verdicts:
    return _firm(np.array([scored.margin for _, scored in context.explanations], dtype=np.float64), settings)


def _firm_placed(context: RecordedContext, settings: Settings) -> Verdicts:
    """The margin that the kind itself measures at its site; a kind without one has nothing to judge."""
    if "margin" not in context.frame:
        return same_for_all(len(context), "not_applicable", f"{context.kind.plural.capitalize()} have no margin.")
    return _firm(context.frame["margin"], settings, "The closest activation is {} from the edge of what is read.")


_INTERCHANGED: Final = "Under interchange the closest output is {} from the edge of its decision."


def _firm(margins: NDArray[np.float64], settings: Settings, words: str = _INTERCHANGED) -> Verdicts:
    def explain(position: int) -> tuple[str, Witness]:
        if np.isinf(margins[position]):
            return "Nothing is interchanged, so no output is close to the edge.", {}
        return words.format(f"{margins[position]:.3g}"), {}

    # what was never tested has no margin to show, but nothing fragile either
    scores = np.where(np.isinf(margins), np.nan, margins)
    return verdicts_of(margins >= settings["least"], explain, scores=scores)


MARGIN: Final = Criterion(
    key="margin",
    label="Firm margin",
    definition="No tested output is closer to the edge of its decision than the least margin.",
    formula="min over tested outputs o of the distance from o to the nearest edge of the decision  ≥  least",
    source="Pluriscope: verdicts within rounding errors of the edge are fragile",
    judges={
        "circuit": _firm_circuits,
        "interpretation": _firm_interpretations,
        "alignment": _firm_alignments,
    },
    by_trait={"placed": _firm_placed, "cut": cuts.firm},
    of_models="On no row is the right output closer to the largest other than the least margin.",
    direction="higher",
    parameters=(Parameter("least", FRAGILE_MARGIN, 0.0, 1.0, "least distance from the decision's edge"),),
    score="smallest distance from the decision's edge",
    idle={"algorithm": "An algorithm by itself computes with bits, so nothing is close to the edge of a decision."},
)
