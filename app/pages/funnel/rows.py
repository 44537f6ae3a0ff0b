"""The rows of the funnel, from stored verdicts: each kind of explanation by itself, nothing computed but sums."""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass
from functools import cached_property
from typing import Final

import numpy as np
from numpy.typing import NDArray
from sqlalchemy.orm import Session

from analysis.criteria.criterion import KINDS, Kind
from analysis.criteria.funnel import CountedRow, FunnelRow, ScaledCount, counted_rows, funnel_rows, scaled_to_all
from analysis.criteria.steps import CriterionStep
from analysis.result import CriterionTally
from app.addressing import Addresses
from app.db.reads import funnel as reads
from app.db.reads.verdicts import VerdictSet, count_of, verdict_sets
from app.db.tables import AnalysisRow
from app.figures.numbers import exact, noun
from app.pages.funnel.editing import settings_words
from app.pages.funnel.model import FunnelRowView, KindFunnel, Outcomes, RowState, ScaledView
from app.pages.shared import Counts, Place

NOUNS: Final[Mapping[Kind, str]] = {
    "circuit": "circuit",
    "interpretation": "interpretation",
    "algorithm": "algorithm",
    "alignment": "alignment",
}
MAX_SUMMED: Final = 50_000
"""Circuits whose interpretations are summed up one by one for a page."""


@dataclass(frozen=True)
class Verdicts:
    """What is stored about the sequence on one analysis.

    Args:
        session: the snapshot that more is read from when it is asked for.
        place: the analysis.
        analysis: its row.
        counts: its counts.
        steps: the sequence.
        sets: every stored tally.
        columns: of the steps that have verdicts.
        underway: steps as text that a job will compute.
    """

    session: Session
    place: Place
    analysis: AnalysisRow
    counts: Counts
    steps: tuple[CriterionStep, ...]
    sets: Mapping[reads.Wanted, VerdictSet]
    columns: Mapping[reads.Wanted, reads.StoredColumns]
    underway: Set[str]

    @classmethod
    def read(
        cls,
        session: Session,
        place: Place,
        counts: Counts,
        steps: tuple[CriterionStep, ...],
        underway: Set[str] = frozenset(),
        kinds: Sequence[Kind] = KINDS,
    ) -> Verdicts:
        """Everything about the sequence, in a handful of statements."""
        analysis = place.analysis
        if analysis is None:
            raise ValueError("nothing is stored about an analysis that is not")
        few = analysis.circuits_listed <= MAX_SUMMED
        asked = [kind for kind in kinds if few or kind != "interpretation"]
        sets = {(one.kind, one.step): one for one in verdict_sets(session, analysis)}
        wanted = [(kind, step) for step in steps for kind in step.kinds if kind in asked and (kind, step) in sets]
        columns = reads.columns_of_steps(session, analysis, wanted)
        return cls(session, place, analysis, counts, steps, sets, columns, underway)

    @cached_property
    def n(self) -> Mapping[Kind, int]:
        """Stored explanations of each kind; of interpretations the circuits."""
        return {kind: count_of(self.session, self.analysis, kind) for kind in KINDS}

    def of(self, kind: Kind) -> tuple[CriterionStep, ...]:
        """The steps that apply to a kind."""
        return tuple(step for step in self.steps if kind in step.kinds)

    def state(self, kind: Kind, step: CriterionStep) -> RowState:
        if (kind, step) in self.sets:
            return "stored"
        return "computing" if str(step) in self.underway else "not_computed"

    def states(self) -> dict[CriterionStep, RowState]:
        """Of each step over all its kinds."""
        return {step: min((self.state(kind, step) for kind in step.kinds), key=_WORST.index) for step in self.steps}

    def missing(self) -> tuple[CriterionStep, ...]:
        """Steps of which some verdicts are not stored, in order."""
        return tuple(step for step, state in self.states().items() if state != "stored")

    def outcomes(self, kind: Kind, step: CriterionStep) -> NDArray[np.uint8] | None:
        found = self.columns.get((kind, step))
        return None if found is None else found.outcomes

    @cached_property
    def circuit_rows(self) -> tuple[FunnelRow, ...]:
        steps = self.of("circuit")
        every = np.ones(self.n["circuit"], dtype=np.bool_)
        return funnel_rows([self.outcomes("circuit", step) for step in steps], every)

    @cached_property
    def circuits_left(self) -> NDArray[np.bool_]:
        """``[circuits]`` after all steps."""
        return self.circuit_rows[-1].left if self.circuit_rows else np.ones(self.n["circuit"], dtype=np.bool_)

    @cached_property
    def numbers(self) -> reads.CircuitNumbers:
        return reads.circuit_numbers(self.session, self.analysis)

    @cached_property
    def algorithm_rows(self) -> tuple[FunnelRow, ...]:
        steps = self.of("algorithm")
        every = np.ones(self.n["algorithm"], dtype=np.bool_)
        return funnel_rows([self.outcomes("algorithm", step) for step in steps], every)

    @cached_property
    def algorithms_left(self) -> NDArray[np.bool_]:
        """``[algorithms]`` after all steps."""
        return self.algorithm_rows[-1].left if self.algorithm_rows else np.ones(self.n["algorithm"], dtype=np.bool_)

    @cached_property
    def algorithm_of(self) -> NDArray[np.int64]:
        """``[alignments]`` the place of each one's algorithm among the stored ones."""
        positions = reads.algorithm_positions(self.session, self.analysis)
        return np.searchsorted(positions, reads.algorithms_of_alignments(self.session, self.analysis))

    @cached_property
    def alignment_rows(self) -> tuple[FunnelRow, ...]:
        steps = self.of("alignment")
        return funnel_rows([self.outcomes("alignment", step) for step in steps], self.aligned_left)

    @cached_property
    def aligned_left(self) -> NDArray[np.bool_]:
        """``[alignments]`` of algorithms that are left."""
        if self.algorithms_left.all():
            return np.ones(self.n["alignment"], dtype=np.bool_)
        return self.algorithms_left[self.algorithm_of]

    @cached_property
    def alignments_left(self) -> NDArray[np.bool_]:
        """``[alignments]`` after all steps."""
        return self.alignment_rows[-1].left if self.alignment_rows else self.aligned_left

    @property
    def summed(self) -> bool:
        """Whether interpretations are summed up over the circuits left."""
        return self.analysis.circuits_listed <= MAX_SUMMED

    def scaled(self, n_left: int) -> ScaledView | None:
        """What circuits left among uniform draws say about all, None where they are all stored."""
        counts = self.counts
        if not counts.drawn or not counts.circuits_listed:
            return None
        interval = None
        if counts.circuits_low is not None and counts.circuits_high is not None:
            interval = (counts.circuits_low, counts.circuits_high)
        found: ScaledCount = scaled_to_all(
            n_left, counts.circuits_listed, counts.circuits_valid, interval, counts.circuits_confidence or 1.0
        )
        return ScaledView(guess=found.guess, low=found.low, high=found.high, confidence=found.confidence)


_WORST: Final[tuple[RowState, ...]] = ("not_computed", "computing", "stored")


class Lists:
    """Addresses of lists of explanations.

    Args:
        addresses: builds them.
        place: the analysis.
    """

    def __init__(self, addresses: Addresses, place: Place) -> None:
        self._addresses, self._slug, self._scope = addresses, place.row.slug, place.scope

    def passing(self, kind: Kind, steps: Sequence[CriterionStep]) -> str:
        """Those that pass all of these steps that apply to the kind."""
        criteria = [str(step) for step in steps if kind in step.kinds]
        return self._addresses.explanations(self._slug, self._scope, kind=kind, criteria=criteria)


def circuit_funnel(verdicts: Verdicts, lists: Lists) -> KindFunnel:
    """The circuits, with the interpretations of those left."""
    steps, counts = verdicts.of("circuit"), verdicts.counts
    rows = []
    for number, (step, row) in enumerate(zip(steps, verdicts.circuit_rows, strict=True)):
        rows.append(
            _row(
                verdicts,
                "circuit",
                step,
                row,
                lists.passing("circuit", steps[: number + 1]),
                interpretations=verdicts.numbers.total("interpretations", row.left),
                observed=verdicts.numbers.total("observed", row.left),
                scaled=verdicts.scaled(row.n_left),
            )
        )
    n, left = verdicts.n["circuit"], verdicts.circuits_left
    begin = f"of {exact(counts.circuits_possible)} possible"
    if counts.drawn:
        begin = f"drawn uniformly from {counts.circuits_sign}{exact(counts.circuits_valid)} valid ones, {begin}"
    elif counts.circuits_kind == "truncated":
        begin = f"where the search stopped, {begin}"
    return _funnel(
        "circuit",
        n,
        f"valid circuits {begin}",
        rows,
        int(np.count_nonzero(left)),
        lists.passing("circuit", ()),
        lists.passing("circuit", steps),
        interpretations=verdicts.numbers.total("interpretations", left),
        observed=verdicts.numbers.total("observed", left),
        scaled=verdicts.scaled(int(np.count_nonzero(left))) if rows else None,
    )


def interpretation_funnel(verdicts: Verdicts, lists: Lists) -> KindFunnel:
    """The interpretations of the circuits left: numbers only, each step also by itself."""
    steps, left = verdicts.of("interpretation"), verdicts.circuits_left
    total = verdicts.numbers.total("interpretations", left)
    counted: Sequence[CountedRow]
    if verdicts.summed:
        found = [(step.key, verdicts.columns.get(("interpretation", step))) for step in steps]
        counted = counted_rows(found, verdicts.numbers.of_each("interpretations"), left)
    else:
        counted = [CountedRow(None, 0, total, 0, False) for _ in steps]
    rows, before = [], total
    for step, row in zip(steps, counted, strict=True):
        rows.append(
            FunnelRowView(
                position=verdicts.steps.index(step),
                key=step.key,
                label=step.criterion.label,
                settings=settings_words(step),
                state=verdicts.state("interpretation", step),
                before=before,
                outcomes=None if row.alone is None else outcomes_of(row.alone),
                left=row.most,
                left_least=row.least,
                open=row.n_open,
                whole=row.whole,
                interpretations=None,
                observed=None,
                scaled=None,
                left_url=None,
            )
        )
        before = row.most
    last = counted[-1] if counted else CountedRow(None, total, total, 0, True)
    circuits = int(np.count_nonzero(left))
    return _funnel(
        "interpretation",
        total,
        f"interpretations of the {noun(circuits, 'circuit')} left",
        rows,
        last.most,
        None,
        lists.passing("circuit", verdicts.of("circuit")),
        left_least=last.least,
    )


def algorithm_funnel(verdicts: Verdicts, lists: Lists) -> KindFunnel:
    """The candidate algorithms."""
    steps = verdicts.of("algorithm")
    rows = [
        _row(verdicts, "algorithm", step, row, lists.passing("algorithm", steps[: number + 1]))
        for number, (step, row) in enumerate(zip(steps, verdicts.algorithm_rows, strict=True))
    ]
    listed, candidates = verdicts.n["algorithm"], verdicts.counts.algorithms_candidates
    begin = "candidate algorithms" if listed >= candidates else f"listed of {exact(candidates)} candidate algorithms"
    aligned = len(np.unique(verdicts.algorithm_of[verdicts.alignments_left])) if verdicts.n["alignment"] else 0
    return _funnel(
        "algorithm",
        listed,
        begin,
        rows,
        int(np.count_nonzero(verdicts.algorithms_left)),
        lists.passing("algorithm", ()),
        lists.passing("algorithm", steps),
        algorithms=aligned,
    )


def alignment_funnel(verdicts: Verdicts, lists: Lists) -> KindFunnel:
    """The kept valid alignments of the algorithms left."""
    steps = verdicts.of("alignment")
    rows = [
        _row(verdicts, "alignment", step, row, lists.passing("alignment", steps[: number + 1]))
        for number, (step, row) in enumerate(zip(steps, verdicts.alignment_rows, strict=True))
    ]
    n, begin = verdicts.n["alignment"], int(np.count_nonzero(verdicts.aligned_left))
    words = "valid alignments" if begin == n else f"valid alignments of the algorithms left, of {exact(n)} in all"
    return _funnel(
        "alignment",
        begin,
        words,
        rows,
        int(np.count_nonzero(verdicts.alignments_left)),
        lists.passing("alignment", ()) if begin == n else None,
        lists.passing("alignment", steps) if begin == n else None,
    )


def outcomes_of(tally: CriterionTally) -> Outcomes:
    return Outcomes(
        passed=tally.passed, failed=tally.failed, undecided=tally.undecided, not_applicable=tally.not_applicable
    )


def _row(
    verdicts: Verdicts,
    kind: Kind,
    step: CriterionStep,
    row: FunnelRow,
    left_url: str | None,
    *,
    interpretations: int | None = None,
    observed: int | None = None,
    scaled: ScaledView | None = None,
) -> FunnelRowView:
    known = row.tally is not None
    return FunnelRowView(
        position=verdicts.steps.index(step),
        key=step.key,
        label=step.criterion.label,
        settings=settings_words(step),
        state=verdicts.state(kind, step),
        before=row.before,
        outcomes=None if row.tally is None else outcomes_of(row.tally),
        left=row.n_left,
        left_least=row.n_left,
        open=row.n_open,
        whole=row.whole,
        interpretations=interpretations if known else None,
        observed=observed if known else None,
        scaled=scaled if known else None,
        left_url=left_url if known else None,
    )


def _funnel(
    kind: Kind,
    begin: int,
    begin_words: str,
    rows: list[FunnelRowView],
    left: int,
    begin_url: str | None,
    left_url: str | None,
    *,
    left_least: int | None = None,
    interpretations: int | None = None,
    observed: int | None = None,
    algorithms: int | None = None,
    scaled: ScaledView | None = None,
) -> KindFunnel:
    whole = all(row.whole for row in rows)
    n_open = rows[-1].open if rows else 0
    fatal = next((place for place, row in enumerate(rows) if row.outcomes is not None and not row.left), None)
    last = None if fatal is None else rows[fatal - 1].left_url if fatal else begin_url
    return KindFunnel(
        kind=kind,
        noun=NOUNS[kind],
        begin=begin,
        begin_words=begin_words,
        begin_url=begin_url,
        rows=rows,
        left=left,
        left_least=left if left_least is None else left_least,
        open=n_open,
        whole=whole,
        interpretations=interpretations,
        observed=observed,
        algorithms=algorithms,
        scaled=scaled,
        left_url=left_url if left else None,
        last_url=last if begin else None,
        verdict=_verdict(kind, begin, left, n_open, whole=whole, drawn=scaled is not None, rows=rows),
    )


def _verdict(
    kind: Kind, begin: int, left: int, n_open: int, *, whole: bool, drawn: bool, rows: Sequence[FunnelRowView]
) -> str:
    """What it means that so many are left."""
    word = NOUNS[kind]
    if not begin:
        others = {"interpretation": "circuit", "alignment": "algorithm with an alignment"}.get(kind)
        return f"No {others} is left, so no {word} either." if others else f"There is no {word} to begin with."
    if not rows:
        return f"No criterion of this sequence is about {word}s: all stay."
    if not whole:
        return f"Some verdicts are not computed yet; at most {noun(left, word)} can be left."
    if left == 1 and not n_open:
        return f"One {word} is left under these criteria."
    if left:
        more = f"; {exact(n_open)} more would be, were everything undecided to pass" if n_open else ""
        return f"{noun(left, word)} of {exact(begin)} left{more}."
    if n_open:
        return f"None is known to be left; {exact(n_open)} would be, were everything undecided to pass."
    fatal = next(row for row in rows if not row.left)
    among = f" Among the {exact(begin)} drawn, that is: others may still have all these properties." if drawn else ""
    smallest = (
        " Minimality compares a circuit with every valid one, not only with those left."
        if fatal.key.startswith("minimal-") and kind == "circuit"
        else ""
    )
    return (
        f"None survives: “{fatal.label}” removes the last {noun(fatal.before, word)}.{smallest}{among} That is a "
        f"finding about these criteria, not a failure: no {word} has all these properties at once. Remove or loosen "
        "one to see which of them conflict."
    )
