"""Criterion of the margin: a verdict is fragile if an output is closer to the decision edge than rounding errors."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from pluriscope.analysis.circuits.judging import evaluate_circuits
from pluriscope.analysis.criteria import on_sites, on_variables
from pluriscope.analysis.criteria.criterion import Criterion, Parameter, Settings
from pluriscope.analysis.criteria.cuts import CutCircuits
from pluriscope.analysis.criteria.interpretations import interventions
from pluriscope.analysis.criteria.population import Population
from pluriscope.analysis.criteria.verdict import Verdicts, Witness, verdicts_of
from pluriscope.analysis.interpretations.predicting import family_sets
from pluriscope.analysis.questions.decisions import FRAGILE_MARGIN


def _firm_circuits(population: Population, settings: Settings) -> Verdicts:
    with np.errstate(over="ignore", invalid="ignore"):
        _, margins = evaluate_circuits(population.question, population.items)

    return _firm(margins, settings, "The closest output is {} from the edge of its decision.")


def _firm_cuts(population: CutCircuits, settings: Settings) -> Verdicts:
    return _firm(population.question.margins, settings, "The closest gap is {} from 0.")


def _firm_interpretations(population: Population, settings: Settings) -> Verdicts:
    """Judge the margins of the interchanges of every set of a circuit's active neurons, which all its interpretations
    share.
    """
    space, answers = interventions(population)
    known: dict[int, float] = {}
    for circuit in (interpretation.circuit for interpretation in population.items):
        if circuit.mask not in known:
            chosen = family_sets(circuit, space, "joint")
            known[circuit.mask] = float(answers.margins[chosen][space.counted[chosen]].min(initial=np.inf))
    return _firm(np.array([known[interpretation.circuit.mask] for interpretation in population.items]), settings)


def _firm_readings(population: on_variables.Readings, settings: Settings) -> Verdicts:
    return _firm(np.array([min(each.place.gap for each in one.read) for *_, one in population.items]), settings)


def _firm_placements(population: Population, settings: Settings) -> Verdicts:
    return _firm(np.array([scored.margin for _, scored in population.items], dtype=np.float64), settings)


_INTERCHANGED: Final = "Under interchange the closest output is {} from the edge of its decision."


def _firm(margins: NDArray[np.float64], settings: Settings, words: str = _INTERCHANGED) -> Verdicts:
    """Judge whether the margins of explanations of any kind, infinite if nothing was tested, reach the least one."""

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
        "alignment": _firm_placements,
        "cut": _firm_cuts,
        on_sites.SITES: on_sites.firm,
        on_variables.VARIABLES: _firm_readings,
    },
    of_models="On no row is the right output closer to the largest other than the least margin.",
    direction="higher",
    parameters=(Parameter("least", FRAGILE_MARGIN, 0.0, 1.0, "least distance from the decision's edge"),),
    score="smallest distance from the decision's edge",
    idle={"algorithm": "An algorithm by itself computes with bits, so nothing is close to the edge of a decision."},
)
