"""Blocks of what a network, or a circuit of it, answers on the rows of its task, and of its tables of the inside."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from pluriscope.analysis.questions.answers import ANSWER_RULE
from pluriscope.analysis.questions.tasks import INPUT_NAMES
from pluriscope.analysis.subjects.perceptron.question import Question
from pluriscope.analysis.subjects.question import SubjectQuestion
from pluriscope.analysis.subjects.subject import Subject, Table
from pluriscope.app.errors import BadQuery
from pluriscope.app.pages.page import column, listed
from pluriscope.figures.numbers import decimal
from pluriscope.page_kit.blocks import Block, Section
from pluriscope.page_kit.blocks import Table as Listed
from pluriscope.tables.table import Row
from pluriscope.views.networks import Rows
from pluriscope.views.records import AnswerRecord, RowRecord

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
    check_row(row, len(model.rows))
    return int(np.argmin(apart)) if row is None else row


def check_row(row: int | None, n: int) -> None:
    """Refuse a row that is not among the n of a task."""
    if row is not None and row >= n:
        raise BadQuery(f"row {row}", f"is beyond the {n:,} rows of the task", f"use 0 to {n - 1}", "row")


def rows_blocks(question: SubjectQuestion, rows: Rows) -> Iterator[Block]:
    """Show what a circuit does on each row; of many the rows with the smallest gaps."""
    alone = "the circuit alone, everything else"
    if isinstance(question, Question):
        yield Section("On every input", f"{alone} ablated ({question.protocol.ablation})")
    else:
        yield Section("On the rows of the task", f"{alone} left out; {N_ROWS} with the smallest gaps")
    yield rows_table(question, rows)


def rows_table(question: SubjectQuestion, rows: Any) -> Listed:
    """The rows with what is done on each."""
    return behaviour_table(question, rows) if isinstance(question, Question) else answers_table(rows)


def behaviour_table(question: Question, rows: Sequence[RowRecord]) -> Listed:
    """Table of what a network, or a circuit of it, does on each Boolean input."""
    boolean = question.data.boolean
    names, task = INPUT_NAMES[: question.subject.n_inputs], question.task
    columns = (
        column("input", "".join(names) if boolean else "Row", "The inputs.", "name", first=True),
        column("output", "Output", "What it puts out.", "float", show=lambda row: decimal(row["output"], 4)),
        column("answers", "Answers", f"What it answers: {ANSWER_RULE}.", "text"),
        column("target", task.label, "What the task asks for.", "int"),
        column("right", "Right", "Whether the two are the same.", "bool"),
        column("margin", "Margin", "Distance from the nearest output that the protocol decides otherwise.", "float"),
        column("fragile", "Fragile", "A margin below 1e-6: another machine may round it the other way.", "bool"),
        *([column("note", "Note", "Where the protocol decides otherwise.")] if any(one.note for one in rows) else []),
    )
    lines = [
        Row(
            {
                "input": "".join(map(str, one.bits)) if boolean else ", ".join(decimal(value, 3) for value in one.row),
                "output": one.output,
                "answers": str(one.decision),
                "target": one.target,
                "right": one.right,
                "margin": one.margin,
                "fragile": True if one.fragile else None,
                "note": one.note or None,
            }
        )
        for one in rows
    ]
    return listed("input", columns, lines, id="behaviour")


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


def table_blocks(tables: Iterable[Table]) -> Iterator[Block]:
    """Show the tables that there are about a network or circuit."""
    for table in tables:
        yield Section(table.title, f"{table.meaning}.")
        cells = [
            [f"{one:.3g}".replace("-", "−") if isinstance(one, float) else one for one in some] for some in table.rows
        ]
        yield Listed.plain(list(table.columns), cells)
