"""What is stored about a sequence of criteria on one analysis, read once and put in a row."""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass
from functools import cached_property
from typing import Final

import numpy as np
from numpy.typing import NDArray
from sqlalchemy.orm import Session

from analysis.criteria.criterion import KINDS, Kind
from analysis.criteria.funnel import FunnelRow, ScaledCount, funnel_rows, scaled_to_all
from analysis.criteria.steps import CriterionStep
from app.addressing import Addresses
from app.db.distributions import smallest_in
from app.db.reads import funnel as reads
from app.db.reads.circuits import masks_of
from app.db.reads.verdicts import VerdictSet, count_of, verdict_sets
from app.db.recorded import stored_searches
from app.db.tables import AnalysisRow
from app.db.verdicts import StoredColumns
from app.pages.formulas import IRREDUNDANT_LABELS
from app.pages.funnel.model import RowState, ScaledView
from app.pages.place import Place
from app.pages.shared import Counts

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
        underway: steps as text that a job will compute.
        kinds: of which outcomes are wanted.
    """

    session: Session
    place: Place
    analysis: AnalysisRow
    counts: Counts
    steps: tuple[CriterionStep, ...]
    sets: Mapping[reads.Wanted, VerdictSet]
    underway: Set[str]
    kinds: tuple[Kind, ...]

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
        sets = {(one.kind, one.step): one for one in verdict_sets(session, analysis)}
        return cls(session, place, analysis, counts, steps, sets, underway, tuple(kinds))

    @cached_property
    def columns(self) -> Mapping[reads.Wanted, StoredColumns]:
        """Of the steps that have verdicts, on the kinds that are wanted."""
        asked = [kind for kind in self.kinds if self.summed or kind != "interpretation"]
        wanted = [
            (kind, step) for step in self.steps for kind in self.kinds_of(step) if kind in (*asked, *self.recorded)
        ]
        return reads.columns_of_steps(self.session, self.analysis, [one for one in wanted if one in self.sets])

    @cached_property
    def n(self) -> Mapping[Kind, int]:
        """Stored explanations of each kind; of interpretations the circuits."""
        return {kind: count_of(self.session, self.analysis, kind) for kind in (*KINDS, *self.recorded)}

    @cached_property
    def recorded(self) -> tuple[Kind, ...]:
        """The kinds with a record that were searched and found; none where some kinds alone are wanted."""
        if self.kinds != KINDS:
            return ()
        return tuple(kind for kind, one in stored_searches(self.session, self.analysis.id).items() if one.n)

    def kinds_of(self, step: CriterionStep) -> tuple[Kind, ...]:
        """The kinds that a step is asked of here."""
        return (*step.kinds, *(kind for kind in step.recorded_kinds if kind in self.recorded))

    def of(self, kind: Kind) -> tuple[CriterionStep, ...]:
        """The steps that apply to a kind."""
        return tuple(step for step in self.steps if step.criterion.applies_to(kind))

    def state(self, kind: Kind, step: CriterionStep) -> RowState:
        if (kind, step) in self.sets:
            return "stored"
        return "computing" if str(step) in self.underway else "not_computed"

    def states(self) -> dict[CriterionStep, RowState]:
        """Of each step over all its kinds."""
        return {
            step: min((self.state(kind, step) for kind in self.kinds_of(step)), key=_WORST.index, default="stored")
            for step in self.steps
        }

    def missing(self) -> tuple[CriterionStep, ...]:
        """Steps of which some verdicts are not stored, in order."""
        return tuple(step for step, state in self.states().items() if state != "stored")

    def outcomes(self, kind: Kind, step: CriterionStep) -> NDArray[np.uint8] | None:
        found = self.columns.get((kind, step))
        return None if found is None else found.outcomes

    def recorded_rows(self, kind: Kind) -> tuple[FunnelRow, ...]:
        """The steps on a kind stored as columns."""
        every = np.ones(self.n[kind], dtype=np.bool_)
        return funnel_rows([self.outcomes(kind, step) for step in self.of(kind)], every)

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

    @property
    def narrowing_algorithms(self) -> list[str]:
        """Keys of the steps that remove algorithms."""
        before, keys = self.n["algorithm"], []
        for step, row in zip(self.of("algorithm"), self.algorithm_rows, strict=True):
            if row.n_left < before:
                keys.append(step.key)
            before = row.n_left
        return keys

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

    @cached_property
    def drawn_begin(self) -> NDArray[np.bool_]:
        """``[circuits]`` which were drawn uniformly; the others are listed for being small."""
        drawn = np.ones(self.n["circuit"], dtype=np.bool_)
        smallest = smallest_in(self.analysis.distributions)
        if smallest is not None:
            masks = masks_of(self.session, self.analysis)
            drawn[np.searchsorted(masks, np.array(smallest.undrawn, masks.dtype))] = False
        return drawn

    @cached_property
    def drawn_rows(self) -> tuple[FunnelRow, ...]:
        """The steps for the circuits that were drawn uniformly."""
        return funnel_rows([self.outcomes("circuit", step) for step in self.of("circuit")], self.drawn_begin)

    def scaled(self, number: int) -> ScaledView | None:
        """What drawn circuits left after a step say about all, None where all are stored and where none was drawn.

        Those that could not be decided count for the upper end alone.
        """
        counts = self.counts
        if not counts.drawn:
            return None
        n_drawn = int(np.count_nonzero(self.drawn_begin))
        if not n_drawn:
            return None
        row = self.drawn_rows[number]
        n_left, n_open = row.n_left, row.n_open
        interval = None
        if counts.circuits_low is not None and counts.circuits_high is not None:
            interval = (counts.circuits_low, counts.circuits_high)

        def all_of(n: int) -> ScaledCount:
            unsure = counts.circuits_confidence or 1.0
            return scaled_to_all(n, n_drawn, counts.circuits_valid, interval, unsure)

        found, most = all_of(n_left), all_of(n_left + n_open)
        return ScaledView(guess=found.guess, low=found.low, high=most.high, confidence=found.confidence)


_WORST: Final[tuple[RowState, ...]] = ("not_computed", "computing", "stored")


class Lists:
    """Addresses of lists of explanations that have as many as the page says.

    Args:
        addresses: builds them.
        place: the analysis.
        verdicts: what is stored about the sequence. A step without verdicts removes nobody, so lists leave it out.
    """

    def __init__(self, addresses: Addresses, place: Place, verdicts: Verdicts) -> None:
        self._addresses, self._slug, self._scope, self._verdicts = addresses, place.row.slug, place.scope, verdicts

    def passing(self, kind: Kind, steps: Sequence[CriterionStep]) -> str:
        """Those that pass all of these steps that apply to the kind; of alignments valid ones."""
        return self._url(kind, steps)

    def readings(self, steps: Sequence[CriterionStep]) -> str:
        """Interpretations that pass these steps of circuits that pass all steps for circuits, circuit by circuit."""
        circuits = [step for step in self._verdicts.of("circuit") if ("circuit", step) in self._verdicts.sets]
        own = [step for step in steps if ("interpretation", step) in self._verdicts.sets]
        return self._addresses.explanations(
            self._slug,
            self._scope,
            kind="interpretation",
            criteria=list(dict.fromkeys(str(step) for step in (*circuits, *own))),
        )

    def failing(self, kind: Kind, before: Sequence[CriterionStep], step: CriterionStep) -> str | None:
        """Those that pass the steps before and fail this one; None if no list can name those."""
        irredundant: Sequence[str] = ()
        if kind == "alignment":
            irredundant = self._verdicts.narrowing_algorithms
            if not set(irredundant) <= set(IRREDUNDANT_LABELS):
                return None
        return self._url(kind, before, irredundant, failed=(step,))

    def aligned(self, steps: Sequence[CriterionStep]) -> str | None:
        """Valid alignments that pass these steps, of the algorithms that are left; None if no list can name those."""
        narrowing = self._verdicts.narrowing_algorithms
        if not set(narrowing) <= set(IRREDUNDANT_LABELS):
            return None
        return self._url("alignment", steps, irredundant=narrowing)

    def _url(
        self,
        kind: Kind,
        steps: Sequence[CriterionStep],
        irredundant: Sequence[str] = (),
        failed: Sequence[CriterionStep] = (),
    ) -> str:
        return self._addresses.explanations(
            self._slug,
            self._scope,
            kind=kind,
            # criteria judge valid alignments, but algorithms whether they have one or not
            standing="any" if kind == "algorithm" else None,
            irredundant=irredundant,
            criteria=[str(step) for step in steps if (kind, step) in self._verdicts.sets],
            failed=[str(step) for step in failed],
        )
