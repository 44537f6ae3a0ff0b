"""Rivals: how different listed circuits are, and their interpretations, as it is stored, told and shown."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from numpy.typing import NDArray
from pydantic import Field

from analysis.circuit_sets.circuit_map import CircuitMap, map_circuits
from analysis.circuit_sets.contradicting import ContradictingPair, most_contradicting
from analysis.circuit_sets.most_different import DifferentPair, most_different
from analysis.circuit_sets.mutually_different import DifferentCircuits, mutually_different
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


class ChoiceFound(Part):
    """See :class:`analysis.circuit_sets.mutually_different.DifferentCircuits`."""

    masks: list[Mask]
    distance: Exact
    exact: bool


class ContradictionFound(Part):
    """See :class:`analysis.circuit_sets.contradicting.ContradictingPair`; an interpretation is mask and index."""

    masks: tuple[Mask, Mask]
    indices: tuple[Exact, Exact]
    differ: int
    n_interventions: int
    of: int
    complete: bool


class MapFound(Part):
    """See :class:`analysis.circuit_sets.circuit_map.CircuitMap`."""

    masks: list[Mask]
    x: list[float]
    y: list[float]
    kept: float | None
    correlation: float | None
    n_landmarks: int


class RivalsReport(Report):
    """See :class:`Rivals`."""

    of: int = Field(description="Circuits that were looked at: those listed.")
    complete: bool = Field(description="Whether these are all valid ones.")
    pair: PairFound | None
    different: ChoiceFound | None
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


@dataclass(frozen=True)
class Rivals:
    """What was found; None where there are too few circuits or interpretations for it.

    Args:
        pair: the most different circuits.
        different: the mutually most different ones, from three on.
        contradicting: the interpretations that contradict each other most.
        map: every circuit, or some, in the plane.
        complete: whether all of it is over every valid circuit.
    """

    pair: DifferentPair | None
    different: DifferentCircuits | None
    contradicting: ContradictingPair | None
    map: CircuitMap | None
    complete: bool


def find_rivals(listed: ListedCircuits, work: Work = DEFAULT_WORK) -> Rivals:
    """Find the rivals among the listed circuits of an analysis.

    Args:
        listed: the circuits.
        work: told between steps; may raise Cancelled.
    """
    masks, layout = listed.masks, listed.layout
    if not len(masks):
        return Rivals(None, None, None, None, listed.complete)
    pair = most_different(masks, layout, work)
    different = None if pair is None else mutually_different(masks, layout, (pair.first, pair.second), work)
    placed = {int(masks[sizes_of(words_of(masks, layout)).argmin()])}
    if pair is not None:
        placed |= {pair.first, pair.second}
    if different is not None:
        placed |= set(different.masks)
    contradicting = None
    if listed.question is not None and len(listed.observed) == len(masks):
        contradicting = most_contradicting(listed.question, masks, listed.observed, work)
    return Rivals(
        pair,
        different,
        contradicting,
        map_circuits(masks, layout, sorted(placed), work),
        listed.complete,
    )


def find(of: Analysed, _: Settings, work: Work = DEFAULT_WORK) -> RivalsReport:
    """The rivals among the listed circuits of a network."""
    circuits = of.circuits
    complete = circuits.truncated_at is None
    return compare(ListedCircuits(of.question, circuits.layout, circuits.masks, of.observed, complete), work)


def compare(listed: ListedCircuits, work: Work = DEFAULT_WORK) -> RivalsReport:
    """What differs most, of a network or of a model."""
    return RivalsReport.showing(find_rivals(listed, work), listed.layout, of=len(listed.masks))
