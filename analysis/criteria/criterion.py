"""The record of one criterion: what it asks, where it comes from, what may be set, and the functions that judge."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Literal

from pluriscope.analysis.criteria.population import PopulationOf
from pluriscope.analysis.criteria.verdict import Verdicts, same_for_all
from pluriscope.analysis.errors import InvalidCriterion
from pluriscope.analysis.running.progress import LATE, OutOfTime
from pluriscope.analysis.values.described import Described

Kind = str
"""Key of a kind of explanation, such as one of :data:`KINDS`."""
KINDS: Final[tuple[Kind, ...]] = ("circuit", "interpretation", "algorithm", "alignment")
ASKED_AS: Final[Mapping[Kind, Kind]] = {"direction": "alignment"}
"""Kinds that are judged by the same functions as another."""
Direction = Literal["higher", "lower"]
Cost = Literal["quick", "bounded", "slow"]
Over = Literal["each", "population"]

Settings = Mapping[str, float | int]
"""A value for each parameter of a criterion."""

Judge = Callable[[Any, Settings], Verdicts]
"""From a :class:`~pluriscope.analysis.criteria.population.PopulationOf` and settings to a verdict on each of its
explanations.
"""


@dataclass(frozen=True)
class Parameter:
    """A parameter of a criterion.

    Args:
        name: as it stands in addresses, lower case with underscores.
        default: its value if nothing is said.
        low: least value allowed.
        high: largest value allowed.
        meaning: one clause for people.
        unit: what it counts or measures, "" for a bare number.
        whole: only whole numbers are allowed.
    """

    name: str
    default: float | int
    low: float | int
    high: float | int
    meaning: str
    unit: str = ""
    whole: bool = False

    @property
    def range(self) -> str:
        """The values allowed, in words."""
        return f"{'a whole number' if self.whole else 'a number'} from {self.low:.10g} to {self.high:.10g}"

    def checked(self, value: object, key: str) -> float | int:
        """The value, if it is allowed.

        Raises:
            InvalidCriterion: no number, or out of range.
        """
        if isinstance(value, (int, float)) and not isinstance(value, bool) and self.low <= value <= self.high:
            if not self.whole:
                return float(value)
            if value == int(value):
                return int(value)
        raise InvalidCriterion(
            f"{self.name} of criterion {key}", f"{str(value)[:40]!r} is not allowed", f"use {self.range}"
        )


VACUOUS: Final = (
    "none of the 12,820 valid circuits of the authors' golden networks fails it, nor any of the 26,955 of 88 trained "
    "ones."
)
"""Said of criteria that remove nothing: :attr:`Criterion.vacuous`; tests count anew."""


@dataclass(frozen=True)
class Change:
    """A change in the meaning of a key, for those who come with a link or a file from before.

    Args:
        before: what differed until then, one clause.
        now: what is so since, one clause.
        key: of the criterion that asks the former question still, "" if none does.
    """

    before: str
    now: str
    key: str = ""


@dataclass(frozen=True, repr=False)
class Criterion(Described):
    """A criterion; everything but the judges is for people and for files.

    Args:
        key: stable name, as in spec §6.
        label: short name for people.
        definition: one sentence: what passes.
        formula: the same in plain text symbols.
        source: where it comes from.
        judges: the function that judges each kind of explanation that it applies to; circuits of models of any kind by
            that for "cut".
        of_models: what circuits of models must fulfil, where that is not word for word the definition, as a sentence.
        direction: whether a higher or a lower score is better; None if the score is no scale.
        parameters: what may be set.
        score: what the score is, one clause; "" if there is none.
        method: how it is decided and how exactly, whole sentences; "" if the formula is simply computed.
        cost: "quick" for any number at once; "bounded" where many take long but one alone does not; "slow" where even
            one may take seconds, so that no page judges it by itself.
        over: "each" explanation by itself, or the whole "population" of those that the analysis found.
        implies: keys of criteria for the same kind that whatever passes this one passes too, on every network.
        term: anchor of the glossary's word for what it asks; "" if that is its key.
        idle: kinds that it may judge although its question never arises there, each with the reason as a
            sentence; they are no :attr:`kinds`, so that sequences of criteria do not lose them.
        changes: of what the key means, the oldest first. Verdicts from before a change are not taken for present ones.
        vacuous: why it removes next to nothing here, one sentence with the count that shows it; "" if it removes some.
    """

    key: str
    label: str
    definition: str
    formula: str
    source: str
    judges: Mapping[Kind, Judge]
    direction: Direction | None = None
    parameters: tuple[Parameter, ...] = ()
    score: str = ""
    method: str = ""
    cost: Cost = "quick"
    over: Over = "each"
    implies: tuple[str, ...] = ()
    term: str = ""
    of_models: str = ""
    idle: Mapping[Kind, str] = field(default_factory=dict)
    changes: tuple[Change, ...] = ()
    vacuous: str = ""

    @property
    def version(self) -> int:
        """The version of the key's meaning, from 1."""
        return 1 + len(self.changes)

    @property
    def kinds(self) -> tuple[Kind, ...]:
        """The kinds of explanation that it applies to."""
        return tuple(kind for kind in KINDS if kind in self.judges)

    def applies_to(self, kind: Kind) -> bool:
        """Whether a kind of explanation is judged."""
        return self._judge_of(kind) is not None

    def _judge_of(self, kind: Kind) -> Judge | None:
        return self.judges.get(ASKED_AS.get(kind, kind))

    @property
    def defaults(self) -> dict[str, float | int]:
        return {parameter.name: parameter.default for parameter in self.parameters}

    def settings(self, values: Mapping[str, object] | None = None) -> dict[str, float | int]:
        """A value for every parameter, the default where none is given.

        Raises:
            InvalidCriterion: an unknown parameter, or a value out of range.
        """
        values = values or {}
        known = [parameter.name for parameter in self.parameters]
        for name in values:
            if name not in known:
                cure = f"use {', '.join(known)}" if known else "leave it out: this criterion has none"
                raise InvalidCriterion(f"parameter {name[:40]!r} of criterion {self.key}", "is unknown", cure)
        return {p.name: p.checked(values.get(p.name, p.default), self.key) for p in self.parameters}

    def judge(self, population: PopulationOf[Any], values: Mapping[str, object] | None = None) -> Verdicts:
        """Judge each explanation of a population.

        Args:
            population: explanations of one kind.
            values: values of parameters; the default for the others.

        Raises:
            InvalidCriterion: parameters, or a kind that it does not apply to.
            Cancelled: the population's work was stopped.
            OutOfTime: the time of the population's work is up.
        """
        kind, settings = population.kind, self.settings(values)
        if kind in self.idle:
            return same_for_all(len(population), "not_applicable", self.idle[kind])
        judge = self._judge_of(kind)
        if judge is None:
            known = " or ".join(self.kinds)
            raise InvalidCriterion(f"criterion {self.key}", f"does not apply to kind {kind!r}", f"use it for {known}")
        return judge(population, settings)

    def judge_in_time(self, population: PopulationOf[Any]) -> Verdicts:
        """Judge as :meth:`judge` does under usual settings; all are undecided if its time is up before, so that what
        others say stands.
        """
        try:
            population.work.check()  # not every criterion looks at the time itself
            return self.judge(population)
        except OutOfTime:
            return same_for_all(len(population), "undecided", LATE)
