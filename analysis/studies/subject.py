"""One output of one network of a study, as measures see it."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from typing import Any, TypeVar, cast

from analysis.question import Question
from analysis.result import OutputAnalysis

T = TypeVar("T")


@dataclass(frozen=True, eq=False)
class Studied:
    """What a measure is computed from.

    Args:
        analysis: what the engine found; its circuits are unsearched (``truncated_at`` 0) where no measure of the study
            needs them.
        methods: discovery methods of the study, each with its settings.
        method: the one whose answer is measured; "" for a measure of the network.
        draws: how many networks were drawn until it was accepted; None for one that was not drawn.
        shared: what several measures of this output need and compute once, see :meth:`once`.
    """

    analysis: OutputAnalysis
    methods: tuple[str, ...] = ()
    method: str = ""
    draws: int | None = None
    shared: dict[Hashable, Any] = field(default_factory=dict)

    @property
    def question(self) -> Question:
        """What is asked, under the rules under which it is measured."""
        return self.analysis.question

    def once(self, key: Hashable, compute: Callable[[], T]) -> T:
        """A value that several measures need, computed by whichever asks first."""
        if key not in self.shared:
            self.shared[key] = compute()
        return cast(T, self.shared[key])
