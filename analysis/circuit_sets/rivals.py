"""Rivals: how different listed circuits are, as it is stored, told and shown."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

from numpy.typing import NDArray
from pydantic import Field

from analysis.circuit_sets.circuit_map import MapFound, map_circuits
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
    """The circuits that differ most, and a map of all; null where there are too few."""

    of: int = Field(description="Circuits that were looked at: those listed.")
    complete: bool = Field(description="Whether these are all valid ones.")
    pair: PairFound | None
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


def find(of: Analysed, _: Settings, work: Work = DEFAULT_WORK) -> RivalsReport:
    """The rivals among the listed circuits of a network."""
    circuits = of.circuits
    return compare(circuits.layout, circuits.masks, work, complete=circuits.truncated_at is None)


def compare(layout: EdgeLayout, masks: NDArray[Any], work: Work = DEFAULT_WORK, *, complete: bool) -> RivalsReport:
    """What differs most among the listed circuits of a network or of a model.

    Args:
        layout: of their edges; of a model any with as many edges as masks have bits.
        masks: ``[circuits]`` ascending.
        work: told between steps; may raise Cancelled.
        complete: whether every valid circuit is listed.
    """
    pair = most_different(masks, layout, work)
    placed = None
    if len(masks):
        smallest = int(masks[sizes_of(words_of(masks, layout)).argmin()])
        placed = map_circuits(masks, layout, {smallest, *(pair.masks if pair else ())}, work)
    return RivalsReport(
        of=len(masks),
        complete=complete,
        pair=None if pair is None else PairFound.showing(pair, layout),
        map=placed,
    )
