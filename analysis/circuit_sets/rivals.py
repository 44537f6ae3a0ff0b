"""Rivals: how different listed circuits are, and their interpretations, as it is stored, told and shown."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from numpy.typing import NDArray
from pydantic import Field

from analysis.circuit_sets.circuit_map import MapFound, map_circuits
from analysis.circuit_sets.contradicting import ContradictionFound, most_contradicting
from analysis.circuit_sets.most_different import most_different
from analysis.circuit_sets.overlap import sizes_of, words_of
from analysis.networks.circuit import EdgeLayout
from analysis.question import Question
from analysis.report import Analysed, Exact, Mask, Part, Report, Settings
from analysis.work import DEFAULT_WORK, Work


class PairFound(Part):
    """See :class:`analysis.circuit_sets.most_different.DifferentPair`."""

    masks: tuple[Mask, Mask]
    distance: Exact
    exact: bool


class RivalsReport(Report):
    """The circuits that differ most, and the interpretations that contradict most; null where there are too few."""

    of: int = Field(description="Circuits that were looked at: those listed.")
    complete: bool = Field(description="Whether these are all valid ones.")
    pair: PairFound | None
    contradicting: ContradictionFound | None
    map: MapFound | None

    def findings(self, question: Question | None = None, part: str = "edge") -> list[str]:
        which = "valid" if self.complete else "listed"
        if not self.of:
            return ["No circuit is valid, so there is none to compare." if self.complete else "No circuit is listed."]
        if self.pair is None:
            return [f"There is only one {which} circuit, so there is none to compare it with."]
        distance = Fraction(self.pair.distance)
        first, second = (int(mask, 16) for mask in self.pair.masks)
        shared, either = (first & second).bit_count(), (first | second).bit_count()
        farther = "no two are farther apart than" if self.pair.exact else "some are at least as far apart as"
        told = [
            f"Of the {self.of:,} {which} circuits {farther} {self.pair.masks[0]} and {self.pair.masks[1]}: they share "
            f"{shared} of the {either:,} {part}{'' if either == 1 else 's'} that either keeps, a Jaccard distance of "
            f"{distance} ({float(distance):.2f})."
        ]
        if distance == 1:
            told.append(f"So the task can be done on two circuits without a common {part}.")
        return told


@dataclass(frozen=True, eq=False)
class ListedCircuits:
    """The circuits of one analysis, or of a model, that are listed, and what is known of the others.

    Args:
        question: whose circuits; None of a model, whose circuits have no interpretations.
        layout: of their edges; of a model any with as many edges as masks have bits.
        masks: ``[circuits]`` ascending.
        observed: ``[circuits]`` observed classes of interpretations of each; empty where none were counted.
        complete: whether every valid circuit is listed.
    """

    question: Question | None
    layout: EdgeLayout
    masks: NDArray[Any]
    observed: Sequence[int]
    complete: bool


def find(of: Analysed, _: Settings, work: Work = DEFAULT_WORK) -> RivalsReport:
    """The rivals among the listed circuits of a network."""
    circuits = of.circuits
    complete = circuits.truncated_at is None
    return compare(ListedCircuits(of.question, circuits.layout, circuits.masks, of.observed, complete), work)


def compare(listed: ListedCircuits, work: Work = DEFAULT_WORK) -> RivalsReport:
    """What differs most among the listed circuits of a network or of a model.

    Args:
        listed: the circuits.
        work: told between steps; may raise Cancelled.
    """
    masks, layout = listed.masks, listed.layout
    pair = most_different(masks, layout, work)
    contradicting = None
    if listed.question is not None and len(listed.observed) == len(masks):
        contradicting = most_contradicting(listed.question, masks, listed.observed, work)
    placed = None
    if len(masks):
        smallest = int(masks[sizes_of(words_of(masks, layout)).argmin()])
        placed = map_circuits(masks, layout, {smallest, *(pair.masks if pair else ())}, work)
    return RivalsReport(
        of=len(masks),
        complete=listed.complete,
        pair=None if pair is None else PairFound.showing(pair, layout),
        contradicting=contradicting,
        map=placed,
    )
