"""What happens inside a network, or a circuit of it, as blocks: one row of its task, and what all rows sum up to.

Kinds of networks that have nothing to show there offer none of it (:class:`analysis.models.model.Inside`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, Field

from analysis.models.model import Inside, Model, Pattern, RowLook, Table
from app.errors import BadQuery
from app.figures.numbers import decimal
from app.figures.svg.inside import attention_heat
from app.pages.about_one import column, listed
from pluriscope.blocks import Action, Block, Figure, Form, Prose, Section, Side
from pluriscope.blocks import Table as Listed
from pluriscope.records import AnswerRecord
from pluriscope.tables import Row

ROW: Final = "Number of a row of the task, from 0 as its file counts; empty: the one with the smallest gap."
N_ROWS: Final = 24
"""Of a task that are shown."""
_BESIDE: Final = 4


class RowChoice(BaseModel):
    """The form that leads to another row."""

    row: int = Field(0, ge=0, title="Row")
    protocol: str = Field("", json_schema_extra={"control": "hidden"})


def chosen_row(model: Model, apart: NDArray[Any], row: int | None) -> int:
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


def answers_of(model: Model, outputs: NDArray[np.float64], apart: NDArray[np.float64]) -> list[AnswerRecord]:
    """What a model, or a circuit of it, answers on each row.

    Args:
        model: whose rows they are.
        outputs: ``[rows, outputs]``.
        apart: ``[rows]`` gaps.
    """
    told = zip(model.rows, model.answers.tolist(), outputs.argmax(axis=1).tolist(), apart.tolist(), strict=True)
    return [
        AnswerRecord(row=row, answer=model.outputs[answer], given=model.outputs[given], right=gap > 0, gap=gap)
        for row, answer, given, gap in told
    ]


def answers_table(answers: Sequence[AnswerRecord], url: Callable[[int], str], most: int = N_ROWS) -> Listed:
    """The rows with the smallest gaps, each leading to the page that looks at it."""
    columns = (
        column("row", "Row", "What the network is given.", "name", first=True),
        column("answer", "Answer", "The right output.", "name"),
        column("given", "Largest output", "What it answers.", "name"),
        column("right", "Right", "Whether the two are the same.", "bool"),
        column("gap", "Gap", "The right output less the largest other.", "float"),
    )
    by_gap = sorted(range(len(answers)), key=lambda at: answers[at].gap)[:most]
    return listed("row", columns, [Row(answers[n].model_dump(), url=url(n)) for n in by_gap], id="behaviour")


def inside_blocks(
    model: Model, inside: Inside, row: int, form_url: str, protocol: str, url: Callable[[int], str]
) -> Iterator[Block]:
    """Where each node looks on one row, and the tables.

    Args:
        model: with its task.
        inside: what there is to say.
        row: that is looked at.
        form_url: of the page, without options.
        protocol: as the page's address has it; "" for the usual rules.
        url: a row → the page that looks at it.
    """
    if inside.look is not None:
        yield from _on_one_row(model, inside.look(row), form_url, protocol, url)
    for table in inside.tables:
        yield from table_blocks(table, row if inside.look is not None else None)


def _on_one_row(
    model: Model, look: RowLook, form_url: str, protocol: str, url: Callable[[int], str]
) -> Iterator[Block]:
    row, n = look.row, len(model.rows)
    after = Action("The next row", f"{url(row + 1)}#row") if row + 1 < n else None
    answer = model.outputs[model.answers[row]]
    said = f"{' '.join(look.positions)}, answer {answer}; largest output {model.outputs[look.given]}, gap"
    yield Section(f"On row {row} of {n:,}", f"{said} {decimal(look.gap, 4)}", after, id="row")
    yield Form(RowChoice, form_url, "Show", {"row": row, "protocol": protocol}, changes=False, id="row-choice")
    shown = [one for one in look.patterns if one.shares is not None]
    figures = [_heat(model, look, one, one.shares.tolist()) for one in shown if one.shares is not None]
    yield from beside(figures, _BESIDE)
    off = [one.label for one in look.patterns if one.shares is None]
    without = f" No part of it: {', '.join(off)}." if off else ""
    yield Prose(
        "A row of a picture is one position, a column what it reads; the numbers of a row add up to 1. Only the last "
        f"position is read out. Without a node, its edges are cut as the rules say.{without}",
        glossary=False,
    )


def _heat(model: Model, look: RowLook, pattern: Pattern, shares: list[list[float]]) -> Figure:
    seen = [[None if share != share else share for share in some] for some in shares]
    moved = pattern.gap - look.gap
    words = f"{pattern.label[:1].upper()}{pattern.label[1:]}. Without it {model.outputs[pattern.given]}, gap "
    words += f"{decimal(pattern.gap, 3)} ({'+' if moved > 0 else ''}{decimal(moved, 3)}), "
    return Figure(
        attention_heat(seen, look.positions, title=pattern.label), words + ("right" if pattern.gap > 0 else "wrong")
    )


def beside(blocks: Sequence[Block], most: int) -> Iterator[Block]:
    """Some blocks beside each other, so many in a line."""
    for start in range(0, len(blocks), most):
        some = blocks[start : start + most]
        yield Side(some) if len(some) > 1 else some[0]


def table_blocks(table: Table, row: int | None) -> Iterator[Block]:
    """One table, with the numbers on the row that is looked at.

    Args:
        table: of a network or circuit.
        row: that is looked at; None for none.
    """
    yield Section(table.title, f"{table.meaning}.")
    rows, columns = [list(some) for some in table.rows], list(table.columns)
    if table.by_row is not None and row is not None:
        columns.append(f"Row {row}")
        for some, numbers in zip(rows, table.by_row, strict=True):
            some.append(None if np.isnan(numbers[row]) else float(numbers[row]))
    cells = [[f"{one:.3g}" if isinstance(one, float) else one for one in some] for some in rows]
    yield Listed.plain(columns, cells)
