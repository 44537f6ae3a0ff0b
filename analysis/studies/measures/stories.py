"""Which algorithms the valid circuits of one network carry, beside those of the network (:mod:`analysis.stories`).

These measures search the circuits for themselves, so that interpretations, which take longest and which they do not
need, are not counted. Where there are more than :data:`MAX_ASKED` valid circuits, as many are drawn uniformly.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from analysis.circuits.result import CircuitSearch
from analysis.circuits.smallest import find_smallest
from analysis.circuits.strategy import find_circuits
from analysis.criteria.minimality import minimal_masks
from analysis.criteria.population import Population
from analysis.errors import BeyondLimits
from analysis.limits import Limits
from analysis.networks.circuit import mask_array
from analysis.stories.relation import RELATIONS, Relation
from analysis.stories.search import Stories, Unasked, all_stories, uniform_sample
from analysis.studies.measures.measure import Measured, measure
from analysis.studies.subject import Studied
from analysis.work import Work

MAX_ASKED: Final = 20_000
LIMITS: Final = Limits(max_possible=5_000_000, max_seconds=10.0, n_draws=2_000, n_smallest=0)
"""Circuits are listed up to 5 million possible ones; beyond, counted with 2,000 uniform draws where that takes seconds,
else drawn from a uniform sample of possible ones.
"""
_NOT_COUNTED: Final = Measured(None, note="circuits were not all listed or counted")
_WORDS: Final[dict[Relation, str]] = {
    "same": "carry the same irredundant algorithms as the whole network",
    "narrower": "carry some of the whole network's irredundant algorithms and no others",
    "wider": "carry all of the whole network's irredundant algorithms and others",
    "opposite": "carry irredundant algorithms, none of which the whole network carries, which carries others",
    "none": "carry no irredundant algorithm, although the whole network does",
    "overlapping": "carry some of the whole network's irredundant algorithms and others",
}


def circuits_of(studied: Studied) -> CircuitSearch:
    """The valid circuits, without their interpretations; searched once for all measures that need no more.

    Raises:
        BeyondLimits: every way to find them is barred.
    """
    return studied.once("story circuits", lambda: find_circuits(studied.question, Work(limits=LIMITS)))


def _stories(studied: Studied) -> Stories | Unasked:
    """Those of all valid circuits, or of uniform draws."""

    def compute() -> Stories | Unasked:
        try:
            circuits = circuits_of(studied)
        except BeyondLimits as problem:
            return Unasked(True, f"{problem.item} {problem.cause}")
        masks = uniform_sample(circuits.masks, MAX_ASKED)
        found = all_stories(studied.question, masks)
        if isinstance(found, Unasked):
            return found
        return found.among(np.ones(len(masks), dtype=bool), circuits.n_valid)

    return studied.once("stories", compute)


def _asked(studied: Studied) -> Stories | Measured:
    """The stories; why there are none where no circuit is valid, none that was drawn is, or none can be asked."""
    found = _stories(studied)
    if isinstance(found, Unasked):
        return Measured(None, note=found.reason)
    if not found.n_asked:
        return Measured(None, note="no circuit that was drawn is valid" if found.of else "no circuit is valid")
    return found


@measure(
    "stories-asked",
    "circuits asked for their story",
    "count",
    "circuits",
    log=True,
    definition=f"Valid circuits whose story was asked: all, or up to {MAX_ASKED:,} uniform draws.",
)
def _n_asked(studied: Studied) -> Measured | int:
    found = _asked(studied)
    return found if isinstance(found, Measured) else found.n_asked


def _share(studied: Studied, *, relation: Relation) -> Measured:
    found = _asked(studied)
    return found if isinstance(found, Measured) else _share_of(found, relation)


def _share_of(found: Stories, relation: Relation) -> Measured:
    share = found.counts[relation] / found.n_asked
    if not found.sampled:
        return Measured(share)
    low, high = found.interval(relation)
    return Measured(share, float(low), float(high))


SHARES: Final = tuple(
    measure(
        f"story-{relation}",
        f"circuits with story: {relation}",
        "share",
        definition=f"Share of valid circuits that {_WORDS[relation]}.",
    )(partial(_share, relation=relation))
    for relation in RELATIONS
)


def _smallest(studied: Studied) -> NDArray[Any] | Measured:
    circuits, sizes = circuits_of(studied), circuits_of(studied).distribution.by_edges
    if circuits.method == "estimated":
        return _NOT_COUNTED
    n = sizes[min(sizes)]
    found = find_smallest(studied.question, by_edges=sizes, n_smallest=n).masks
    return mask_array(sorted(found), circuits.layout) if len(found) == n else Measured(None, note="too many to try")


def _subset_minimal(studied: Studied) -> NDArray[Any] | Measured:
    circuits = circuits_of(studied)
    if circuits.truncated_at is not None:
        return Measured(None, note="circuits were not all listed")
    return np.sort(minimal_masks(Population("circuit", studied.question, circuits.masks), circuits.masks))


def _share_same(studied: Studied, *, chosen: Callable[[Studied], NDArray[Any] | Measured]) -> Measured:
    asked = _asked(studied)
    masks = asked if isinstance(asked, Measured) else chosen(studied)
    if isinstance(masks, Measured):
        return masks
    some = uniform_sample(masks, MAX_ASKED)
    found = all_stories(studied.question, some)
    if isinstance(found, Unasked):
        return Measured(None, note=found.reason)
    return _share_of(found.among(np.ones(len(some), dtype=bool), len(masks)), "same")


SAME_OF: Final = (
    measure(
        "story-same-smallest",
        "smallest circuits with story: same",
        "share",
        definition=f"Share of the valid circuits with the fewest edges that {_WORDS['same']}.",
    )(partial(_share_same, chosen=_smallest)),
    measure(
        "story-same-minimal",
        "minimal circuits with story: same",
        "share",
        definition=f"Share of the valid circuits that contain no other valid one that {_WORDS['same']}.",
    )(partial(_share_same, chosen=_subset_minimal)),
)


@measure("story-any-opposite", "some circuit tells the opposite story", "yes-no")
def _any_opposite(studied: Studied) -> Measured:
    """Whether any valid circuit that was asked carries irredundant algorithms none of which the whole network carries,
    which carries others.
    """
    found = _asked(studied)
    if isinstance(found, Measured):
        return found
    seen = found.counts["opposite"] > 0
    if seen or not found.sampled:
        return Measured(seen)
    return Measured(False, note=f"none of {found.n_asked:,} draws from {found.of:,} circuits")


@measure("story-all-same", "every circuit tells the network's story", "yes-no")
def _all_same(studied: Studied) -> Measured | bool:
    """Whether every valid circuit that was asked carries the same irredundant algorithms as the whole network."""
    found = _asked(studied)
    return found if isinstance(found, Measured) else found.counts["same"] == found.n_asked


@measure("story-count", "distinct stories", "count", "stories")
def _distinct(studied: Studied) -> Measured:
    """Different sets of irredundant algorithms that valid circuits carry."""
    found = _asked(studied)
    if isinstance(found, Measured):
        return found
    return Measured(len(found.stories), truncated_at=found.n_asked if found.sampled else None)


@measure("backbone-edges", "edges in every valid circuit", "count", "edges")
def _backbone(studied: Studied) -> Measured:
    """Edges that all valid circuits keep."""
    circuits = circuits_of(studied)
    use = circuits.distribution
    if circuits.method == "estimated" or not use.of:
        return Measured(None, note="no circuit is valid") if not use.of else _NOT_COUNTED
    return Measured(sum(number == use.of for number in use.edge_use))
