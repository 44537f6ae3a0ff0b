"""Algorithms and placements as pages and their JSON twins show them."""

from __future__ import annotations

from markupsafe import Markup

from analysis.algorithms.high_level_model import HighLevelModel
from app.figures.svg.tiles import Hues, bits_of, variable
from pluriscope.records import VariableRecord

IRREDUNDANT_LABELS = {
    "irredundant-gates": "no redundant gate",
    "irredundant-functions": "no repeated function",
    "irredundant-literals": "no redundant literal",
}


def variables_of(algorithm: HighLevelModel) -> list[VariableRecord]:
    """The variables that an algorithm posits, by themselves."""
    n_inputs = algorithm.n_inputs
    return [
        VariableRecord.showing(one, truth_table=list(bits_of(one.function, n_inputs))) for one in algorithm.variables
    ]


def posited(one: VariableRecord, hues: Hues) -> Markup:
    """A variable that an algorithm posits, as its formula shows it, and as it is stored where that is the negation."""
    drawn = variable(one.truth_table, one.shown, hues=hues)
    if one.shown == one.formula:
        return drawn
    return drawn + Markup(' <span class="small muted negated nowrap">= {}</span>').format(one.formula)
