"""The valid circuits of a question as one value for every kind of subject, as far as a search found them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pluriscope.analysis.circuit_sets.backbone import Backbone, backbone_of
from pluriscope.analysis.circuit_sets.chance import KnownSizes, SizeChance, chance_at, chances, coverage_of
from pluriscope.analysis.circuit_sets.masks import MasksFound
from pluriscope.analysis.circuits.result import CircuitSearch
from pluriscope.analysis.subjects.subject import Space


@dataclass(frozen=True, eq=False)
class KnownCircuits:
    """The valid circuits of a question, as far as they are known.

    Args:
        possible: circuits there are, valid or not.
        n_valid: None where they were not searched.
        masks: the listed valid ones, ascending.
        complete: whether every valid circuit is listed.
        counted: whether their number and spread over sizes is exact.
        by_size: number of edges → valid circuits, as far as they are known.
        smallest: edges of the smallest valid circuit; None where there is none or it is not known.
        backbone: edges that every valid circuit keeps; None where none is known.
        chances: for each number of edges how many of the circuits are valid; None where the kind does not count these.
    """

    possible: int
    n_valid: int | None
    masks: NDArray[Any]
    complete: bool
    counted: bool
    by_size: Mapping[int, int]
    smallest: int | None
    backbone: Backbone | None
    chances: Mapping[int, SizeChance] | None


def some_circuits(possible: int, masks: NDArray[Any]) -> KnownCircuits:
    """Return a value that holds some valid circuits (ascending) and leaves their number open."""
    sizes = Counter(int(mask).bit_count() for mask in masks.tolist())
    return KnownCircuits(possible, None, masks, False, False, sizes, None, None, None)


def known_circuits(question: Any, found: CircuitSearch | MasksFound | KnownCircuits | None) -> KnownCircuits:
    """Convert the result of a search for circuits, of any kind of subject, to one form.

    Args:
        question: that it answers.
        found: None where there are too many circuits to search; what is known where none has ended.
    """
    if isinstance(found, KnownCircuits):
        return found
    if isinstance(found, CircuitSearch):
        return _of_search(question, found)
    space: Space = question.space
    if found is None:
        by_size = _chances(space, KnownSizes(space.possible, "truncated", {}, {}))
        return KnownCircuits(space.possible, None, np.empty(0, np.uint64), False, False, {}, None, None, by_size)
    coverage = coverage_of(found.method, None if found.exhaustive else len(found.masks))
    sizes = KnownSizes(space.possible, coverage, found.by_bits, found.by_bits)
    if (drawn := found.sample) is not None:
        sizes = replace(sizes, confidence=drawn.confidence, intervals=drawn.by_size)
    return KnownCircuits(
        possible=space.possible,
        n_valid=found.valid,
        masks=found.masks,
        complete=found.complete,
        counted=found.exhaustive,
        by_size=found.by_bits,
        smallest=min(found.by_bits, default=None) if found.exhaustive else None,
        backbone=backbone_of(found.distribution, coverage),
        chances=_chances(space, sizes),
    )


def _chances(space: Space, known: KnownSizes) -> dict[int, SizeChance] | None:
    if space.possible_by_bits is None:
        return None
    return {size: chance_at(known, size, number) for size, number in space.possible_by_bits.items()}


def _of_search(question: Any, found: CircuitSearch) -> KnownCircuits:
    counted, by_size = found.complete or found.method == "counted", found.distribution.by_edges
    smallest = min(by_size, default=None) if counted else None
    if not counted and found.smallest is not None and found.smallest.proved:
        smallest = found.smallest.n_edges
    return KnownCircuits(
        possible=found.possible,
        n_valid=found.n_valid,
        masks=found.masks,
        complete=found.complete,
        counted=counted,
        by_size=by_size,
        smallest=smallest,
        backbone=backbone_of(found.distribution, coverage_of(found.method, found.truncated_at), found.edge_use),
        chances=chances(found, question.protocol),
    )
