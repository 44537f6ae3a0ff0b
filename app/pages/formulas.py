"""Algorithms and placements as pages and their JSON twins show them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import lru_cache

from markupsafe import Markup

from analysis.algorithms.high_level_model import (
    Form,
    HighLevelModel,
)
from analysis.algorithms.parsing import parse_algorithm
from app.figures.svg.tiles import HUES, Hues, hues_by_frequency, variable
from app.pages.shared import truth_rows
from pluriscope.records import VariableRecord

IRREDUNDANT_LABELS = {
    "irredundant-gates": "no redundant gate",
    "irredundant-functions": "no repeated function",
    "irredundant-literals": "no redundant literal",
}


@lru_cache(maxsize=1024)
def read_algorithm(text: str, form: Form, n_inputs: int) -> HighLevelModel:
    """An algorithm from its identity text; trees are immutable, so they are read once."""
    return parse_algorithm(text, form, n_inputs)


def hue_tables(tables: Iterable[Sequence[int]]) -> list[str]:
    """The truth tables that take the five hues, most frequent first; none for two inputs, whose hues are fixed."""
    listed = list(tables)
    if not listed or len(listed[0]) <= 4:
        return []
    return ["".join(map(str, bits)) for bits in hues_by_frequency(listed).assigned]


def hues_of(tables: Sequence[str]) -> Hues:
    """The inverse of :func:`hue_tables`, for drawings."""
    return Hues({tuple(int(bit) for bit in table): hue for table, hue in zip(tables, HUES, strict=False)})


def variables_of(algorithm: HighLevelModel) -> list[VariableRecord]:
    """The variables that an algorithm posits, by themselves."""
    n_rows = 1 << algorithm.n_inputs
    return [
        VariableRecord.showing(known, truth_table=truth_rows(known.function, n_rows)) for known in algorithm.variables
    ]


def posited(one: VariableRecord, hues: Hues) -> Markup:
    """A variable that an algorithm posits, as its formula shows it, and as it is stored where that is the negation."""
    drawn = variable(one.truth_table, one.shown, hues=hues)
    if one.shown == one.formula:
        return drawn
    return drawn + Markup(' <span class="small muted negated nowrap">= {}</span>').format(one.formula)
