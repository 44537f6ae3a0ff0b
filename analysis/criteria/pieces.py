"""The pieces in which criteria are judged, as they are kept for whoever begins the same work again."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, fields
from typing import Any

from analysis.criteria.budget import Budget, Spent
from analysis.criteria.judged import JudgedBlock
from analysis.criteria.steps import CriterionStep


@dataclass(frozen=True, eq=False)
class Piece:
    """What one piece of the work found, and all that later ones need of it.

    Args:
        blocks: at least one; of the first's kind and criterion is the time.
        used: seconds of the budget used by then.
        counted: of interpretations, for each circuit how many there are and in how many classes; whether a limit has
            ended the group's work; and why.
    """

    blocks: tuple[JudgedBlock, ...]
    used: float
    counted: tuple[tuple[int, ...], tuple[int, ...], bool, str] | None = None

    @classmethod
    def of(cls, blocks: Iterable[JudgedBlock], budget: Budget) -> Piece:
        """What has just been judged within a budget."""
        found = tuple(blocks)
        return cls(found, budget.used[found[0].kind, found[0].step])

    def plain(self) -> tuple[Any, ...]:
        """Of values that can be kept: criteria hold functions, their text says the same."""
        blocks = tuple({**_columns(block), "step": str(block.step)} for block in self.blocks)
        return blocks, self.used, self.counted

    @classmethod
    def of_plain(cls, told: tuple[Any, ...]) -> Piece:
        """Read back what :meth:`plain` made."""
        blocks, used, counted = told
        steps = {text: CriterionStep.parse(text) for text in {block["step"] for block in blocks}}
        return cls(tuple(JudgedBlock(**{**block, "step": steps[block["step"]]}) for block in blocks), used, counted)


def _columns(block: JudgedBlock) -> dict[str, Any]:
    return {one.name: getattr(block, one.name) for one in fields(block)}


@dataclass
class Counted:
    """What is known of the circuits' interpretations on the way.

    Args:
        totals: ``[circuits]`` interpretations, 0 where not counted.
        observed: ``[circuits]`` observed classes, likewise.
        stopped: whether and why a limit has ended the work of the present group of criteria.
    """

    totals: list[int]
    observed: list[int]
    stopped: Spent = field(default_factory=Spent)

    def take(self, start: int, counted: tuple[tuple[int, ...], tuple[int, ...], bool, str]) -> None:
        """Take in what a piece has counted."""
        totals, observed, stopped, note = counted
        part = slice(start, start + len(totals))
        self.totals[part], self.observed[part] = totals, observed
        self.stopped = Spent(note, stopped=stopped)
