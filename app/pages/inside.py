"""What a network, or a circuit of it, answers on the rows of its task, and what its tables say of the inside."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from analysis.answers import largest
from analysis.subjects.subject import Subject, Table
from app.errors import BadQuery
from app.pages.about_one import column, listed
from pluriscope.blocks import Block, Section, Side
from pluriscope.blocks import Table as Listed
from pluriscope.records import AnswerRecord
from pluriscope.tables import Row

ROW: Final = "Of earlier addresses, which looked at one row of the task; the network's page does."
N_ROWS: Final = 8
"""Of a task that are shown."""


def chosen_row(model: Subject, apart: NDArray[Any], row: int | None) -> int:
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


def answers_of(model: Subject, outputs: NDArray[np.float64], apart: NDArray[np.float64]) -> list[AnswerRecord]:
    """What a model, or a circuit of it, answers on each row.

    Args:
        model: whose rows they are.
        outputs: ``[rows, outputs]``.
        apart: ``[rows]`` gaps.
    """
    told = zip(model.rows, model.answers.tolist(), largest(outputs).tolist(), apart.tolist(), strict=True)
    return [
        AnswerRecord(
            row=row,
            answer=model.outputs[answer],
            given=model.outputs[given] if given >= 0 else "",
            right=gap > 0,
            gap=gap,
        )
        for row, answer, given, gap in told
    ]


def answers_table(answers: Sequence[AnswerRecord]) -> Listed:
    """The rows with the smallest gaps."""
    columns = (
        column("row", "Row", "What the network is given.", "name", first=True),
        column("answer", "Task", "What the task asks for.", "name"),
        column("given", "Answers", "Its output that is larger than every other.", "name"),
        column("right", "Right", "Whether the two are the same.", "bool"),
        column("gap", "Gap", "The right output less the largest other.", "float"),
    )
    by_gap = sorted(range(len(answers)), key=lambda at: answers[at].gap)[:N_ROWS]
    return listed("row", columns, [Row(answers[n].model_dump()) for n in by_gap], id="behaviour")


def beside(blocks: Sequence[Block], most: int) -> Iterator[Block]:
    """Some blocks beside each other, so many in a line."""
    for start in range(0, len(blocks), most):
        some = blocks[start : start + most]
        yield Side(some) if len(some) > 1 else some[0]


def table_blocks(tables: Iterable[Table]) -> Iterator[Block]:
    """What there is to say of a network or circuit in tables."""
    for table in tables:
        yield Section(table.title, f"{table.meaning}.")
        cells = [
            [f"{one:.3g}".replace("-", "−") if isinstance(one, float) else one for one in some] for some in table.rows
        ]
        yield Listed.plain(list(table.columns), cells)
