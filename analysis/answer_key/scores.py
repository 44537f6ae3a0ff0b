"""The scores of the answer key: one record each, from which table, JSON, CSV, pages and glossary follow."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from analysis.answer_key.judging import CircuitJudge
from analysis.answer_key.submission import Submission
from analysis.answer_key.truth import Truth


@dataclass(frozen=True, eq=False)
class Case:
    """A method's answer about one network under one condition, beside the truth.

    Args:
        judge: of the network, under the condition of the truth.
        truth: all right answers.
        submission: what was answered; its outcome may be any.
        random_regret: mean regret of 20 drawn orders of the same network under the same condition.
        planted: mask of the planted circuit, where there is one.
        repeats: what the method answered with other seeds.
        seconds_ratio: its time by that of one random deletion of the same network; None without a clock.
    """

    judge: CircuitJudge
    truth: Truth
    submission: Submission
    random_regret: float
    planted: int | None = None
    repeats: tuple[Submission, ...] = ()
    seconds_ratio: float | None = None


@dataclass(frozen=True)
class Score:
    """A number for one answer about one network.

    Args:
        key: stable name, a column of every table.
        label: for people, at most three words.
        definition: with its range, in sentences; the glossary has it word for word.
        better: which way is better; "" where neither is.
        of: its value; None where it is not defined, such as precision of an answer without edges.
    """

    key: str
    label: str
    definition: str
    better: Literal["less", "more", ""]
    of: Callable[[Case], float | None]
