"""What a measure is: one registered record, and the value that it gives.

A value is exact unless it says otherwise: an estimate carries its interval, a search that stopped its limit.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Any, Literal, NamedTuple

from analysis.errors import BeyondLimits
from analysis.studies.subject import Studied

Kind = Literal["count", "number", "share", "yes-no", "category", "set"]
Need = Literal["circuits", "interpretations", "algorithms", "criteria", "answers"]
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

    def as_json(self) -> Any:
        """The bare value where it is exact and needs no words, else an object."""
        value = list(self.value) if isinstance(self.value, tuple) else self.value
        if self.exact and not self.note and self.high is None:
            return value
        said = {"low": self.low, "high": self.high, "truncated_at": self.truncated_at, "note": self.note or None}
        return {"value": value} | {key: entry for key, entry in said.items() if entry is not None}

    @classmethod
    def from_json(cls, told: Any) -> Measured:
        """Read back what :meth:`as_json` wrote."""
        if isinstance(told, dict):
            value = told.get("value")
            value = tuple(value) if isinstance(value, list) else value
            return cls(value, told.get("low"), told.get("high"), told.get("truncated_at"), told.get("note", ""))
        return cls(tuple(told) if isinstance(told, list) else told)


def answer_key(measure: str, method: str) -> str:
    """The key under which a measure of one method's answer is stored."""
    return f"{measure}:{method}"


@dataclass(frozen=True)
class Measure:
    """One thing that a study reads off each network.

    Args:
        key: stable; designs and addresses name it.
        label: for axes and table heads, e.g. "valid circuits".
        definition: one sentence.
        kind: "count" (exact integer), "number", "share" (0 to 1), "yes-no", "category" (one word), "set" (several
            words, e.g. formulas).
        unit: behind a value, e.g. "circuits"; "" for none.
        log: whether its axis is logarithmic.
        needs: what must have been searched; circuits are not searched where no measure of a study needs them.
        function: from a studied output to a value; pure, and without torch on import.
        of_answer: whether it is measured of the answer of each of the study's methods, see :meth:`of_method`.
    """

    key: str
    label: str
    definition: str
    kind: Kind
    function: Callable[[Studied], Measured]
    unit: str = ""
    log: bool = False
    needs: frozenset[Need] = frozenset()
    of_answer: bool = False

    def of_method(self, method: str) -> Measure:
        """The same of the answer of one method, such as "acdc(tau=0.1)", under a key of its own."""
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


def measure(
    key: str,
    label: str,
    kind: Kind,
    unit: str = "",
    *,
    log: bool = False,
    needs: Iterable[Need] = (),
    of_answer: bool = False,
    definition: str = "",
) -> Callable[[Callable[[Studied], Measured | Value]], Measure]:
    """Declare a function as a measure: it gives a value, or a :class:`Measured` where more is to be said.

    A refusal for size is said, never a number.

    Args:
        key, label, kind, unit, log, needs, of_answer: as of :class:`Measure`.
        definition: one sentence; the function's docstring if none is given.
    """

    def declared(function: Callable[[Studied], Measured | Value]) -> Measure:
        def measured(studied: Studied) -> Measured:
            try:
                found = function(studied)
            except BeyondLimits as problem:
                return Measured(None, note=f"{problem.item} {problem.cause}")
            return found if isinstance(found, Measured) else Measured(found)

        words = " ".join((definition or function.__doc__ or "").split())
        return Measure(key, label, words, kind, measured, unit, log, frozenset(needs), of_answer)

    return declared


def unknown_measure(key: str, kind: Kind = "category") -> Measure:
    """What tables may have and nothing here measures: its values are shown, and no network gets any."""
    return Measure(key, key.replace("-", " "), "", kind, lambda _: Measured(None, note="is not measured here"))
