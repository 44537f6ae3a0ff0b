"""What rules that change one row's answer are asked: the row, the answer, the layers that may change."""

from __future__ import annotations

from typing import Final

from analysis.answers import answers
from analysis.edits.edit import row_text
from analysis.errors import InvalidEdit
from analysis.method_settings import Setting, Settings, one_of
from analysis.question import Question
from analysis.subjects.perceptron.mlp import forward

ROW: Final = Setting(
    "row", "last", "the input asked about: its bits, its number from 0, or last", reads=str.strip, example="01"
)
TARGET: Final = Setting("target", "flip", "what it should answer; flip: other than now", choices=("flip", "0", "1"))


def asked_of(question: Question, settings: Settings) -> tuple[int, int]:
    """The number of the row asked for, from 0, and what it should answer; other than now unless the settings say it.

    Raises:
        InvalidEdit: there is no such row.
    """
    rows, text = question.method_rows[0], str(settings["row"])
    names = [row_text(question, row) for row in range(len(rows))]
    known = {str(row): row for row in range(len(rows))} | {name: row for row, name in enumerate(names)}
    row = len(rows) - 1 if text == "last" else known.get(text)
    if row is None:
        cure = f"use {names[0]} to {names[-1]}, or a number up to {len(rows) - 1}"
        raise InvalidEdit(f"row {text[:40]!r}", f"does not exist; there are {len(rows)}", cure)
    target = settings.get("target", "flip")
    now = int(answers(forward(question.cut, rows[row][None])[:, 0])[0])
    return row, 1 - now if target == "flip" else int(target)


def layers_of(question: Question, text: str, *more: str) -> tuple[int, ...]:
    """The layers that a text names, from 1: a number, last, or where "all" is allowed too, all.

    Raises:
        InvalidEdit: there is no such layer.
    """
    every = tuple(range(1, len(question.cut.weights) + 1))
    known = {str(layer): (layer,) for layer in every} | {"last": every[-1:]} | dict.fromkeys(more, every)
    if text not in known:
        raise InvalidEdit(f"layer {text[:40]!r}", "does not exist", one_of(text, list(known)))
    return known[text]
