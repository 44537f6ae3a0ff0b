"""Populations of explanations: those of one kind of one network, with what several criteria need of them all.

Circuits come as masks, ascending; interpretations and algorithms as values; alignments as pairs of algorithm and scored
alignment.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable
from dataclasses import dataclass, field, replace
from typing import Any, Generic, TypeAlias, TypeVar, cast

from pluriscope.analysis.running.work import DEFAULT_WORK, Work
from pluriscope.analysis.subjects.perceptron.question import Question
from pluriscope.analysis.values.described import Described

Asked = TypeVar("Asked")
T = TypeVar("T")


@dataclass(eq=False, repr=False)
class PopulationOf(Described, Generic[Asked]):
    """Explanations of one kind, to be judged.

    Args:
        kind: theirs; "cut" of circuits of models of any kind.
        question: what they explain; of circuits of models what is known of these and how any mask is run.
        items: the explanations, of circuits an array of masks ``[circuits]``.
        complete: whether these are all that there are.
        work: reports how far long criteria are; whoever judges by several gives each its own.
    """

    kind: str
    question: Asked
    items: Any
    complete: bool = True
    work: Work = DEFAULT_WORK
    _known: dict[Hashable, Any] = field(default_factory=dict, init=False, repr=False)

    def __len__(self) -> int:
        return len(self.items)

    def once(self, key: Hashable, compute: Callable[[], T]) -> T:
        """Return what several criteria need of all these explanations, computed by whichever needs it first."""
        if key not in self._known:
            self._known[key] = compute()
        return cast(T, self._known[key])

    def part(self, some: slice) -> PopulationOf[Asked]:
        """Return the population of a range of its explanations."""
        return replace(self, items=self.items[some])

    def alone(self, position: int) -> PopulationOf[Asked]:
        """Return a population of a single explanation, for a closer look."""
        return replace(self, items=self.items[position : position + 1], work=DEFAULT_WORK)


Population: TypeAlias = PopulationOf[Question]
"""Explanations of one output of a network."""
