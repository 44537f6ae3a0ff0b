"""Everything that is found out about how different listed circuits are, and their interpretations."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from numpy.typing import NDArray

from analysis.circuit_sets.circuit_map import CircuitMap, map_circuits
from analysis.circuit_sets.contradicting import ContradictingPair, most_contradicting
from analysis.circuit_sets.most_different import DifferentPair, most_different
from analysis.circuit_sets.mutually_different import DifferentCircuits, mutually_different
from analysis.circuit_sets.overlap import sizes_of, words_of
from analysis.networks.circuit import EdgeLayout
from analysis.question import Question
from analysis.work import DEFAULT_WORK, Work


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
