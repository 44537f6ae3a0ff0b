"""What happens inside a model, or a circuit of it: tables over all rows of its task, and each row by itself."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final

import numpy as np
from pydantic import Field

from analysis.fixed_order import mean
from analysis.models.model import Inside, Model, Pattern, RowLook, Table
from app.errors import BadQuery
from app.options import PageModel

MAX_CHOICES: Final = 512
"""Rows of a task up to which a page lists them to choose from."""
ROW: Final = "Number of a row of the task, from 0 as its file counts; empty: the one with the smallest gap."


class SpreadView(PageModel):
    """Numbers on every row of the task, summed up, beside the one on the row that is looked at."""

    label: str
    least: float | None = Field(description="Null where there are no numbers.")
    mean: float | None
    most: float | None
    here: float | None = Field(description="On the row; null where no row is looked at.")


class TableView(PageModel):
    """Something to say of a model or a circuit, in rows and columns."""

    title: str
    meaning: str = Field(description="What the figures are, and whose idea they were.")
    columns: list[str]
    rows: list[list[str | int | float | None]] = Field(description="Null where there is nothing to say.")
    spreads: list[SpreadView] = Field(description="What the rows sum up, as the drawing beside the table shows it.")


class PatternView(PageModel):
    """Where a node looks on one row of the task, and what is left without it."""

    label: str
    shares: list[list[float | None]] | None = Field(
        description="For each position how much of what it reads comes from each; null where it cannot look. Null "
        "where the node is no part of the circuit."
    )
    given: str = Field(description="The output that is the largest without the node.")
    gap: float = Field(description="The right output less the largest other then.")
    moved: float = Field(description="By how much cutting the node changes that gap.")


class LookView(PageModel):
    """What happens inside on one row of the task."""

    row: int
    positions: list[str] = Field(description="What stands at each position.")
    answer: str
    given: str = Field(description="The output that is the largest.")
    gap: float
    patterns: list[PatternView]
    n_rows: int
    choices: list[str] = Field(description="All rows in order; empty where they are more than 512.")
    before_url: str = Field(description="The row before; empty for the first.")
    after_url: str = Field(description="The next row; empty for the last.")


def chosen_row(model: Model, apart: np.ndarray[Any, Any], row: int | None) -> int:
    """The row that is looked at.

    Args:
        model: whose rows they are.
        apart: ``[rows]`` gaps.
        row: that was asked for; None for the one with the smallest gap.

    Raises:
        BadQuery: the task has no such row.
    """
    if row is None:
        return int(np.argmin(apart))
    if row >= len(model.rows):
        n = len(model.rows)
        raise BadQuery(f"row {row}", f"is beyond the {n:,} rows of the task", f"use 0 to {n - 1}", "row")
    return row


def look_view(model: Model, inside: Inside, row: int, url: Callable[[int], str]) -> LookView | None:
    """One row as pages show it; None where the kind of model has nothing to show.

    Args:
        model: whose row it is.
        inside: what happens in the circuit.
        row: its number.
        url: number of a row → the page that looks at it.
    """
    if inside.look is None:
        return None
    look, n = inside.look(row), len(model.rows)
    return LookView(
        row=row,
        positions=list(look.positions),
        answer=model.outputs[model.answers[row]],
        given=model.outputs[look.given],
        gap=look.gap,
        patterns=[_pattern_view(model, look, one) for one in look.patterns],
        n_rows=n,
        choices=list(model.rows) if n <= MAX_CHOICES else [],
        before_url=url(row - 1) if row else "",
        after_url=url(row + 1) if row + 1 < n else "",
    )


def _pattern_view(model: Model, look: RowLook, pattern: Pattern) -> PatternView:
    shares = None if pattern.shares is None else [[_number(share) for share in some] for some in pattern.shares]
    return PatternView(
        label=pattern.label,
        shares=shares,
        given=model.outputs[pattern.given],
        gap=pattern.gap,
        moved=pattern.gap - look.gap,
    )


def table_views(tables: Sequence[Table], row: int | None) -> list[TableView]:
    """Tables as pages show them.

    Args:
        tables: of the model or circuit.
        row: that is looked at, None for none.
    """
    return [
        TableView.showing(
            one,
            rows=[list(cells) for cells in one.rows],
            spreads=[] if one.by_row is None else _spreads(one, one.by_row, row),
        )
        for one in tables
    ]


def _spreads(table: Table, by_row: np.ndarray[Any, Any], row: int | None) -> list[SpreadView]:
    found = []
    for cells, numbers in zip(table.rows, by_row, strict=True):
        label = str(cells[0])
        if np.isnan(numbers).any():
            found.append(SpreadView(label=label, least=None, mean=None, most=None, here=None))
            continue
        here = None if row is None else float(numbers[row])
        least, most = float(numbers.min()), float(numbers.max())
        found.append(SpreadView(label=label, least=least, mean=float(mean(numbers)), most=most, here=here))
    return found


def _number(value: float) -> float | None:
    return None if np.isnan(value) else float(value)
