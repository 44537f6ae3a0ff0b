"""How many explanations are left after each criterion of a sequence, kind by kind, as pages and programs are told."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from analysis.circuits.result import CircuitSearch
from analysis.criteria.criterion import KINDS, Kind
from analysis.criteria.funnel import (
    DEFAULT_PRESET,
    CountedRow,
    FunnelRow,
    counted_rows,
    funnel_rows,
    scaled_to_all,
)
from analysis.criteria.interpretation_tallies import Reading
from analysis.criteria.steps import CriterionStep
from analysis.explanations.registry import KIND_OF
from analysis.report import Analysed, Exact, Part, Report, Settings
from analysis.work import DEFAULT_WORK, Work

MAX_SUMMED: Final = 50_000
"""Circuits whose interpretations are summed up one by one."""
_LONG: Final = 10
Wanted = tuple[Kind, CriterionStep]


@dataclass(frozen=True, eq=False)
class Judged:
    """What criteria say of everything that is stored of one analysis.

    Args:
        n: stored explanations by kind; of interpretations the circuits, of alignments the valid ones.
        outcomes: kinds and steps → ``[explanations]`` outcomes of those that are stored, but of interpretations.
        readings: likewise, of interpretations what each says circuit by circuit.
        interpretations: ``[circuits]`` of each circuit.
        observed: ``[circuits]`` observed classes of these.
        algorithm_of: ``[alignments]`` place of each one's algorithm among the stored ones.
        candidates: algorithms in all, listed or not.
        notes: why some explanations are undecided.
        kinds: those that have a record and were searched, behind the four of every network.
    """

    n: Mapping[Kind, int]
    outcomes: Callable[[Iterable[Wanted]], Mapping[Wanted, NDArray[np.uint8]]]
    readings: Callable[[Iterable[CriterionStep]], Mapping[CriterionStep, Sequence[Reading]]]
    interpretations: Sequence[int]
    observed: Sequence[int]
    algorithm_of: NDArray[np.int64]
    candidates: int
    notes: Mapping[tuple[Kind, CriterionStep], str]
    kinds: tuple[Kind, ...] = ()


class ScaledFound(Part):
    """See :class:`analysis.criteria.funnel.ScaledCount`."""

    guess: Exact
    low: Exact
    high: Exact
    confidence: float


class StepFound(Part):
    """One criterion of the sequence on one kind of explanation."""

    criterion: str = Field(description="As addresses write it.")
    known: bool = Field(description="Whether its verdicts are stored.")
    before: Exact = Field(description="Explanations left before it.")
    passed: Exact | None = Field(description="Of those; of interpretations of all those of the circuits left.")
    failed: Exact | None
    undecided: Exact | None
    not_applicable: Exact | None
    left_least: Exact = Field(description="Left after it; of interpretations the fewest that can be.")
    left: Exact = Field(description="The same; of interpretations the most that can be, as only numbers are known.")
    open: Exact = Field(description="Not left only because a step so far could not decide about them.")
    whole: bool = Field(description="Whether every step so far has verdicts; if not, left is an upper bound.")
    interpretations: Exact | None = Field(description="Of the circuits left; null of other kinds.")
    observed: Exact | None = Field(description="Observed classes of those; null of other kinds.")
    scaled: ScaledFound | None = Field(description="Left among all, where the stored ones are uniform draws.")
    note: str = Field(description="Why some are undecided.")

    @property
    def step(self) -> CriterionStep:
        """The criterion with its settings."""
        return CriterionStep.parse(self.criterion)


class KindFound(Part):
    """The sequence on one kind of explanation."""

    kind: str
    begin: Exact = Field(description="Explanations at the beginning.")
    begin_words: str = Field(description="What those are.")
    rows: list[StepFound] = Field(description="The steps that are about this kind, in order.")
    carriers: int | None = Field(description="Of the algorithms left, those with an alignment left; null of others.")

    @property
    def left(self) -> int:
        """At the end; of interpretations the most that can be."""
        return int(self.rows[-1].left if self.rows else self.begin)

    @property
    def whole(self) -> bool:
        """Whether every step has verdicts."""
        return all(row.whole for row in self.rows)

    def verdict(self) -> str:
        """What it means that so many are left."""
        word, begin, left = KIND_OF[self.kind].noun, int(self.begin), self.left
        n_open = int(self.rows[-1].open) if self.rows else 0
        if not begin:
            return f"There is no {word} to begin with."
        if not self.rows:
            return f"No criterion of this sequence is about {KIND_OF[self.kind].plural}: all stay."
        if not self.whole and left:
            return f"Some verdicts are not computed yet; at most {counted(left, self.kind)} can be left."
        more = f"; {brief(n_open)} more would be, were everything undecided to pass" if n_open else ""
        if left:
            least = int(self.rows[-1].left_least)
            some = counted(left, self.kind) if least == left else f"{brief(least)} to {counted(left, self.kind)}"
            return f"{some} of {brief(begin)} left{more}."
        if n_open:
            return f"No {word} is known to be left{more}."
        fatal = next(row for row in self.rows if not int(row.left))
        smallest = ""
        if fatal.criterion.startswith("minimal-") and self.kind == "circuit":
            smallest = " Minimality compares a circuit with every valid one, not only with those left."
        finding = f"no {word} has all these properties at once"
        scaled = self.rows[-1].scaled
        if scaled is not None:
            sure = f"with {scaled.confidence:.0%} confidence at most {brief(int(scaled.high))} of all valid ones"
            finding = f"none of the {brief(begin)} drawn has all these properties at once, and {sure}"
        last = counted(int(fatal.before), self.kind)
        return f"None survives: “{fatal.step.criterion.label}” removes the last {last}.{smallest} So {finding}."


class FunnelReport(Report):
    """What is left of each kind of explanation after each criterion of a sequence."""

    criteria: list[str] = Field(description="The sequence as addresses write it.")
    kinds: list[KindFound]
    note: str = Field(description="What the numbers are of, where the stored circuits are not all.")

    @property
    def known(self) -> bool:
        """Whether the verdicts of any step are stored."""
        return any(row.known for kind in self.kinds for row in kind.rows)

    @property
    def missing(self) -> list[str]:
        """Steps of which some verdicts are not stored, in order."""
        without = {row.criterion for kind in self.kinds for row in kind.rows if not row.known}
        return [one for one in self.criteria if one in without]

    def of(self, kind: Kind) -> KindFound:
        """The sequence on one kind."""
        return next(one for one in self.kinds if one.kind == kind)

    def findings(self, question: Any = None, part: str = "edge") -> list[str]:
        return [self.of("circuit").verdict(), self.of("alignment").verdict()]


def brief(number: int) -> str:
    """A count as running text has it: all digits up to a billion, then a power of ten."""
    digits = str(number)
    return f"{number:,}" if len(digits) < _LONG else f"{digits[0]}.{digits[1:3]} × 10^{len(digits) - 1}"


def counted(number: int, kind: str) -> str:
    """A count of explanations of a kind."""
    return f"{brief(number)} {_noun(kind, number)}"


def _noun(kind: str, number: int, which: str = "") -> str:
    return f"{which} {KIND_OF[kind].noun if number == 1 else KIND_OF[kind].plural}".strip()


def find(of: Analysed, _: Settings, work: Work = DEFAULT_WORK) -> FunnelReport:  # noqa: ARG001  # sums take no time
    """The recommended sequence."""
    return funnel_of(of, DEFAULT_PRESET.steps)


def funnel_of(of: Analysed, steps: tuple[CriterionStep, ...]) -> FunnelReport:
    """What is left after each step of a sequence; nothing is judged, only summed."""
    if of.judged is None:
        raise ValueError("the funnel sums up verdicts, which were not read")
    made = _Funnel(of.circuits, of.judged, steps)
    kinds = [made.circuits(), made.interpretations(), made.algorithms(), made.alignments()]
    kinds += [made.others(kind) for kind in of.judged.kinds]
    return FunnelReport(criteria=[str(step) for step in steps], kinds=kinds, note=_note(of.circuits))


def _note(search: CircuitSearch) -> str:
    if search.truncated_at is None:
        return ""
    listed = f"{len(search.masks):,} circuit{'' if len(search.masks) == 1 else 's'}"
    if search.method == "listed":
        return f"The search stopped at {listed}; others may survive too."
    how = "counted exactly" if search.method == "counted" else "estimated"
    return (
        f"{listed} of {'' if search.method == 'counted' else '≈ '}{brief(search.n_valid)} valid ones, {how}: the "
        "smallest, and uniform draws. Shares are those of the draws, with Clopper and Pearson’s exact 99% interval, "
        "scaled to all valid circuits."
    )


class _Funnel:
    """One sequence on everything that is stored of one analysis."""

    def __init__(self, search: CircuitSearch, judged: Judged, steps: tuple[CriterionStep, ...]) -> None:
        self.search, self.judged, self.steps = search, judged, steps
        kinds = [kind for kind in (*KINDS, *judged.kinds) if kind != "interpretation"]
        self.said = judged.outcomes((kind, step) for kind in kinds for step in self.about(kind))
        self.circuit_rows = self._rows("circuit", self._every("circuit"))
        self.circuits_left = self._left(self.circuit_rows, "circuit")
        self.algorithm_rows = self._rows("algorithm", self._every("algorithm"))
        self.algorithms_left = self._left(self.algorithm_rows, "algorithm")

    def about(self, kind: Kind) -> tuple[CriterionStep, ...]:
        """The steps that are about a kind."""
        return tuple(step for step in self.steps if step.criterion.applies_to(kind))

    def _every(self, kind: Kind) -> NDArray[np.bool_]:
        return np.ones(self.judged.n[kind], dtype=np.bool_)

    def _rows(self, kind: Kind, begin: NDArray[np.bool_]) -> tuple[FunnelRow, ...]:
        return funnel_rows([self.said.get((kind, step)) for step in self.about(kind)], begin)

    def _left(self, rows: Sequence[FunnelRow], kind: Kind) -> NDArray[np.bool_]:
        return rows[-1].left if rows else self._every(kind)

    def _kind(
        self,
        kind: Kind,
        begin: int,
        words: str,
        rows: Sequence[FunnelRow],
        *,
        sure: bool = True,
        more: Callable[[int], Mapping[str, Any]] = lambda _: {},
        carriers: int | None = None,
    ) -> KindFound:
        found = []
        for number, (step, row) in enumerate(zip(self.about(kind), rows, strict=True)):
            told = more(number) if row.tally is not None else {}
            found.append(self._step(kind, step, row.before, row, row.n_left, whole=row.whole and sure, **told))
        return KindFound(kind=kind, begin=str(begin), begin_words=words, rows=found, carriers=carriers)

    def _step(
        self,
        kind: Kind,
        step: CriterionStep,
        before: int,
        row: FunnelRow | CountedRow,
        left: int,
        *,
        least: int | None = None,
        whole: bool,
        **more: Any,
    ) -> StepFound:
        tally = row.tally if isinstance(row, FunnelRow) else row.alone
        names = ("passed", "failed", "undecided", "not_applicable")
        told = {name: None if tally is None else str(getattr(tally, name)) for name in names}
        ends = {"left": str(left), "left_least": str(left if least is None else least), "open": str(row.n_open)}
        note = self.judged.notes.get((kind, step), "")
        beside = {"interpretations": None, "observed": None, "scaled": None} | more
        return StepFound(
            criterion=str(step), known=tally is not None, before=str(before), whole=whole, note=note,
            **told, **ends, **beside,
        )  # fmt: skip

    def circuits(self) -> KindFound:
        search, n = self.search, self.judged.n["circuit"]
        drawn = np.ones(n, dtype=np.bool_)
        if search.smallest is not None:
            drawn[np.searchsorted(search.masks, np.array(search.smallest.undrawn, search.masks.dtype))] = False
        sampled = search.method != "listed" and search.truncated_at is not None and bool(drawn.any())
        of_draws = self._rows("circuit", drawn) if sampled else ()

        def more(number: int) -> dict[str, Any]:
            places = np.flatnonzero(self.circuit_rows[number].left).tolist()
            told: dict[str, Any] = {
                "interpretations": str(sum(int(self.judged.interpretations[place]) for place in places)),
                "observed": str(sum(int(self.judged.observed[place]) for place in places)),
            }
            if sampled:
                told["scaled"] = self._scaled(of_draws[number], int(np.count_nonzero(drawn)))
            return told

        words = f"{_noun('circuit', n, 'valid')} of {brief(search.possible)} possible"
        if sampled:
            words = f"listed of {brief(search.n_valid)} valid circuits, of {brief(search.possible)} possible"
        return self._kind("circuit", n, words, self.circuit_rows, more=more)

    def _scaled(self, row: FunnelRow, n_drawn: int) -> ScaledFound:
        """What drawn circuits left say about all; those that could not be decided count for the upper end alone."""
        search = self.search

        def of_all(n: int) -> Any:
            return scaled_to_all(n, n_drawn, search.n_valid, search.interval, search.confidence or 1.0)

        found, most = of_all(row.n_left), of_all(row.n_left + row.n_open)
        ends = {"guess": str(found.guess), "low": str(found.low), "high": str(most.high)}
        return ScaledFound(**ends, confidence=found.confidence)

    def interpretations(self) -> KindFound:
        """Those of the circuits left: numbers only, each step also by itself."""
        steps, kept = self.about("interpretation"), np.flatnonzero(self.circuits_left)
        total = sum(int(self.judged.interpretations[place]) for place in kept.tolist())
        sure = all(row.whole for row in self.circuit_rows)
        rows: Sequence[CountedRow] = [CountedRow(None, 0, total, 0, False) for _ in steps]
        if len(self.search.masks) <= MAX_SUMMED:
            readings = self.judged.readings(steps)
            said = [(step.key, readings.get(step)) for step in steps]
            rows = counted_rows(said, self.judged.interpretations, self.circuits_left)
        found, before = [], total
        for step, row in zip(steps, rows, strict=True):
            whole = row.whole and sure
            found.append(self._step("interpretation", step, before, row, row.most, least=row.least, whole=whole))
            before = row.most
        words = f"{_noun('interpretation', total)} of the {counted(len(kept), 'circuit')} left"
        return KindFound(kind="interpretation", begin=str(total), begin_words=words, rows=found, carriers=None)

    def algorithms(self) -> KindFound:
        n, candidates = self.judged.n["algorithm"], self.judged.candidates
        words = (
            _noun("algorithm", n, "candidate") if n == candidates else f"listed of {candidates:,} candidate algorithms"
        )
        left = self._left(self._aligned(), "alignment") if self.judged.n["alignment"] else np.zeros(0, np.bool_)
        carriers = len(np.unique(self.judged.algorithm_of[left]))
        return self._kind("algorithm", n, words, self.algorithm_rows, carriers=carriers)

    def _aligned(self) -> tuple[FunnelRow, ...]:
        return self._rows("alignment", self.algorithms_left[self.judged.algorithm_of])

    def alignments(self) -> KindFound:
        """The kept valid alignments of the algorithms left."""
        begin, n = int(np.count_nonzero(self.algorithms_left[self.judged.algorithm_of])), self.judged.n["alignment"]
        sure = all(row.whole for row in self.algorithm_rows)
        words = _noun("alignment", begin, "valid") + ("" if begin == n else f" of the algorithms left, of {n:,} in all")
        return self._kind("alignment", begin, words, self._aligned(), sure=sure)

    def others(self, kind: Kind) -> KindFound:
        """Explanations of a kind that has a record."""
        return self._kind(
            kind, self.judged.n[kind], _noun(kind, self.judged.n[kind]), self._rows(kind, self._every(kind))
        )
