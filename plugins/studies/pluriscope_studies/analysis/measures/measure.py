"""Measures: each a registered record, what it is computed from, and the value that it gives.

A value is exact unless it says otherwise: an estimate carries its interval, a search that stopped its limit.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable
from dataclasses import dataclass, field, replace
from typing import Any, Literal, NamedTuple, TypeVar, cast

from pluriscope.analysis.errors import BeyondLimits
from pluriscope.analysis.results.result import OutputAnalysis
from pluriscope.analysis.subjects.perceptron.question import Question

T = TypeVar("T")
Kind = Literal["count", "number", "share", "yes-no", "category", "set"]
Need = Literal["circuits", "interpretations", "algorithms", "answers"]
Value = int | float | bool | str | tuple[str, ...] | None


class Measured(NamedTuple):
    """A measure's value for one output of one network; a study's results hold a million, so it is quick to make.

    Args:
        value: None where the measure does not apply, with ``note`` saying why.
        low, high: interval of an estimate, None for an exact value.
        truncated_at: where a search stopped, so that ``value`` is a lower bound; None if it was exhaustive.
        note: one clause for people, "" if there is nothing to say.
    """

    value: Value
    low: float | None = None
    high: float | None = None
    truncated_at: int | None = None
    note: str = ""

    @property
    def exact(self) -> bool:
        return self.low is None and self.truncated_at is None


@dataclass(frozen=True, eq=False)
class Studied:
    """Output of a network of a study, of which measures are computed.

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
        """Question with the rules under which it is measured."""
        return self.analysis.question

    def once(self, key: Hashable, compute: Callable[[], T]) -> T:
        """A value that several measures need, computed by whichever asks first."""
        if key not in self.shared:
            self.shared[key] = compute()
        return cast(T, self.shared[key])


def answer_key(measure: str, method: str) -> str:
    """The key under which a measure of one method's answer is stored."""
    return f"{measure}:{method}"


@dataclass(frozen=True)
class Measure:
    """Measure that a study reads off each network.

    Args:
        key: stable; designs and addresses name it.
        label: for axes and table heads, e.g. "valid circuits".
        kind: "count" (exact integer), "number", "share" (0 to 1), "yes-no", "category" (one word), "set" (several
            words, e.g. formulas).
        function: from a studied output to a value, or to a :class:`Measured` where more is to be said; pure, and
            without torch on import.
        definition: one sentence.
        log: whether its axis is logarithmic.
        needs: what must have been searched; circuits are not searched where no measure of a study needs them.
        of_answer: whether it is measured of the answer of each of the study's methods, see :meth:`of_method`.
    """

    key: str
    label: str
    kind: Kind
    function: Callable[[Studied], Measured | Value]
    definition: str
    log: bool = False
    needs: tuple[Need, ...] = ()
    of_answer: bool = False

    def of(self, studied: Studied) -> Measured:
        """Measure an output; a refusal for size is a note, never a number."""
        try:
            found = self.function(studied)
        except BeyondLimits as problem:
            return Measured(None, note=f"{problem.item} {problem.cause}")
        return found if isinstance(found, Measured) else Measured(found)

    def of_method(self, method: str) -> Measure:
        """Measure of the answer of one method, such as "acdc(tau=0.1)", under a key of its own."""
        return replace(
            self,
            key=answer_key(self.key, method),
            label=f"{self.label}: {method}",
            function=lambda studied: self.function(replace(studied, method=method)),
        )

    @property
    def numeric(self) -> bool:
        """Whether values can be ranked: medians, quartiles and rank tests make sense."""
        return self.kind in ("count", "number", "share")


def unknown_measure(key: str, kind: Kind) -> Measure:
    """Measure that tables may have and nothing here takes: its values are shown, and no network gets any."""
    return Measure(key, key.replace("-", " "), kind, lambda _: None, "")
