"""Settings of rules that change one row's answer: the row, the answer, the parameters that may change."""

from __future__ import annotations

from typing import Final

from pluriscope.analysis.edits.edit import Editable
from pluriscope.analysis.errors import InvalidEdit, one_of
from pluriscope.analysis.methods.settings import Setting, Settings

ROW: Final = Setting(
    "row", "last", "the input asked about: its bits, its number from 0, or last", reads=str.strip, example="01"
)
TARGET: Final = Setting("target", "flip", "what it should answer; flip: other than now", choices=("flip", "0", "1"))
TOKENS: Final = Setting(
    "row", "last", "the row asked about: its tokens, its number from 0, or last", reads=str.strip, example="3"
)
TOKEN: Final = Setting(
    "target", "flip", "the token that it should answer; flip: the next likely", reads=str.strip, example="A"
)


def asked_of(one: Editable, settings: Settings) -> tuple[int, int]:
    """The number of the row asked for, from 0, and what it should answer; other than now unless the settings say it.

    Raises:
        InvalidEdit: there is no such row or answer.
    """
    names, text = one.names, str(settings["row"])
    known = {str(row): row for row in range(len(names))} | {name: row for row, name in enumerate(names)}
    row = len(names) - 1 if text == "last" else known.get(text)
    if row is None:
        cure = f"use {names[0]} to {names[-1]}, or a number up to {len(names) - 1}"
        raise InvalidEdit(f"row {text[:40]!r}", f"does not exist; there are {len(names)}", cure)
    target = str(settings.get("target", "flip"))
    return row, one.other_answer(row) if target == "flip" else one.answer_named(target)


def layers_of(one: Editable, text: str, *more: str) -> tuple[int, ...]:
    """The layers of a perceptron that a text names, from 1: a number, last, or where "all" is allowed too, all.

    Raises:
        InvalidEdit: there is no such layer.
    """
    every = tuple(range(1, len(one.parameters) // 2 + 1))
    known = {str(layer): (layer,) for layer in every} | {"last": every[-1:]} | dict.fromkeys(more, every)
    if text not in known:
        raise InvalidEdit(f"layer {text[:40]!r}", "does not exist", one_of(text, list(known)))
    return known[text]
