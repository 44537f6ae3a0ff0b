"""What criteria are given to judge explanations of a kind stored as columns."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

from analysis.explanations.explanation import Claim, Frame, RecordedKind
from analysis.question import Question
from analysis.work import DEFAULT_WORK, Work


@dataclass(eq=False)
class RecordedContext:
    """Explanations of one kind, to be judged.

    Args:
        kind: their kind.
        explanations: all that were found, in the order of the store.
        complete: whether these are all there are.
        work: told how far long criteria are.
    """

    question: Question
    kind: RecordedKind[Any]
    explanations: tuple[Any, ...]
    complete: bool
    work: Work = DEFAULT_WORK

    def __len__(self) -> int:
        return len(self.explanations)

    @cached_property
    def frame(self) -> Frame:
        """The figures of all of them, by column."""
        return self.kind.frame(self.explanations)

    @cached_property
    def claims(self) -> tuple[tuple[Claim, ...], ...]:
        """What each says of sites."""
        return tuple(self.kind.claims(item) for item in self.explanations)
