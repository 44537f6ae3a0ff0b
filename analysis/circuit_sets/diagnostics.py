"""What other tools measure on a few circuits that a search returned, computed over all valid circuits.

ScrubID (Uyar 2026, "Identifiability-aware auditing for mechanistic interpretability", its specification 06) looks at
circuits that a search with given seeds returned, keeps the faithful ones with the smallest description, at most 20 of
them, and reports three numbers. CIRCUS (2603.00523) calls the edges that all circuits of an ensemble keep the core. No
search is run here, and every valid circuit is known, so each number is computed over a set of circuits instead:

- RR, redundancy: the largest Jaccard distance of two of the smallest circuits. ScrubID measures descriptions by
  weighted numbers of components; here a circuit's size is its number of edges, and none of the smallest is left out.
- CC, contradictions: the share of components that are necessary in one of these circuits and missing or not necessary
  in another. A component is necessary in a circuit if without it the circuit is not valid. In a smallest circuit every
  edge is, since no valid circuit has fewer, so CC is the share of the edges in any of them that are not in all.
- SSS, stability: ScrubID takes the mean Jaccard similarity of the circuits that five runs of one search return. Its
  exact counterpart is the mean over all pairs of different valid circuits: what two runs have in common of a search
  that may return any valid circuit and never the same one twice. The same among the smallest ones stands beside it.

The thresholds of the verdicts are ScrubID's own.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, Final, Literal

import numpy as np
from numpy.typing import NDArray

from analysis.circuit_sets.backbone import backbone_of_masks
from analysis.circuit_sets.most_different import most_different
from analysis.circuit_sets.overlap import shared_edges, sizes_of, words_of
from analysis.networks.circuit import EdgeLayout
from analysis.work import DEFAULT_WORK, Work

Judgement = Literal["pass", "warn", "fail"]
MAX_SIMILAR: Final = 10_000
STAGE: Final = "similarity of circuits"
_BLOCK: Final = 512


@dataclass(frozen=True)
class Diagnostics:
    """ScrubID's three numbers over a set of circuits.

    Args:
        n_edges: of the smallest circuits.
        n_smallest: how many there are.
        smallest_exact: whether these are all of that size and none is smaller; else ``redundancy`` is a lower bound
            and ``contradiction`` is of those known alone.
        redundancy: RR; 0 of a single circuit.
        contradiction: CC.
        similarity: SSS over all pairs of circuits; None of a single circuit, and of too many.
        similarity_smallest: SSS over all pairs of the smallest ones, likewise.
        similarity_exact: whether ``similarity`` is over all valid circuits, not over a sample or part of them.
    """

    n_edges: int
    n_smallest: int
    smallest_exact: bool
    redundancy: Fraction
    contradiction: Fraction
    similarity: Fraction | None
    similarity_smallest: Fraction | None
    similarity_exact: bool


@dataclass(frozen=True)
class Consensus:
    """The edges that all or most circuits of some set keep, held against the backbone.

    Args:
        edges: mask of the edges.
        of: circuits of the set.
        recall: share of the backbone's edges that are in the consensus; None where the backbone has no edge.
        precision: share of the consensus's edges that are in the backbone; None where the consensus has no edge.
    """

    edges: int
    of: int
    recall: Fraction | None
    precision: Fraction | None


def diagnose(
    masks: NDArray[Any],
    layout: EdgeLayout,
    work: Work = DEFAULT_WORK,
    *,
    complete: bool = True,
    smallest_complete: bool = True,
    max_similar: int = MAX_SIMILAR,
) -> Diagnostics | None:
    """ScrubID's three numbers over listed circuits; None of no circuit.

    Args:
        masks: ``[circuits]`` different ones, ascending.
        layout: their edge layout.
        work: told between steps; may raise Cancelled.
        complete: whether every valid circuit is listed.
        smallest_complete: whether every smallest valid circuit is.
        max_similar: of more circuits the mean similarity is not computed.
    """
    if not len(masks):
        return None
    smallest = smallest_of(masks, layout)
    pair = most_different(smallest, layout, work)
    in_all = int(np.bitwise_and.reduce(smallest)).bit_count()
    in_any = int(np.bitwise_or.reduce(smallest)).bit_count()
    return Diagnostics(
        int(smallest[0]).bit_count(),
        len(smallest),
        smallest_complete and (pair is None or pair.exact),
        Fraction(0) if pair is None else pair.distance,
        Fraction(in_any - in_all, max(1, in_any)),
        mean_similarity(masks, layout, work, most=max_similar),
        mean_similarity(smallest, layout, work, most=max_similar),
        complete,
    )


def smallest_of(masks: NDArray[Any], layout: EdgeLayout) -> NDArray[Any]:
    """The circuits with fewest edges, ascending."""
    sizes = sizes_of(words_of(masks, layout))
    smallest: NDArray[Any] = masks[sizes == sizes.min()]
    return smallest


def mean_similarity(
    masks: NDArray[Any], layout: EdgeLayout, work: Work = DEFAULT_WORK, *, most: int = MAX_SIMILAR
) -> Fraction | None:
    """The mean Jaccard similarity of two different circuits, exactly; None of fewer than two, and of too many.

    Args:
        masks: ``[circuits]`` different ones.
        layout: their edge layout.
        work: told between steps; may raise Cancelled.
        most: of more circuits the mean is not computed, since every pair is looked at.
    """
    n = len(masks)
    if not 2 <= n <= most:
        return None
    words = words_of(masks, layout)
    words = words[np.argsort(sizes_of(words), kind="stable")]
    sizes = sizes_of(words)
    width = 2 * layout.n_edges + 1
    counts: Counter[int] = Counter()  # shared edges · width + edges of both together → ordered pairs
    for start in range(0, n, _BLOCK):
        work.tell(STAGE, start, n)
        block = slice(start, start + _BLOCK)
        shared = shared_edges(words[block], words).astype(np.int64)
        codes = shared * width + sizes[block, None] + sizes
        occurring = np.bincount(codes.ravel())
        counts.update({int(code): int(occurring[code]) for code in np.flatnonzero(occurring)})
    work.tell(STAGE, n, n)
    total = Fraction(0)
    for code, number in counts.items():
        shared_by_both, together = divmod(code, width)
        total += number * (Fraction(shared_by_both, together - shared_by_both) if together else 1)
    return (total - n) / (n * (n - 1))  # every circuit was also compared with itself


def consensus(
    masks: NDArray[Any], layout: EdgeLayout, backbone: int, least_share: Fraction = Fraction(1)
) -> Consensus | None:
    """The edges that a set of circuits agrees on, and how well they tell the backbone; None of no circuit.

    Args:
        masks: ``[circuits]``, e.g. what several runs of a search returned.
        layout: their edge layout.
        backbone: mask of the edges that every valid circuit keeps.
        least_share: of the circuits that must keep an edge; 1 for CIRCUS's core.
    """
    found = backbone_of_masks(masks, layout)
    if found is None:
        return None
    edges = sum(1 << edge for edge, use in enumerate(found.edge_use) if use >= least_share * found.of)
    right = (edges & backbone).bit_count()
    return Consensus(
        edges,
        found.of,
        Fraction(right, backbone.bit_count()) if backbone else None,
        Fraction(right, edges.bit_count()) if edges else None,
    )


def redundancy_verdict(value: Fraction) -> Judgement:
    """ScrubID's verdict on RR: below 0.2 passes, from 0.5 on fails."""
    return "pass" if value < Fraction(1, 5) else "warn" if value < Fraction(1, 2) else "fail"


def contradiction_verdict(value: Fraction) -> Judgement:
    """ScrubID's verdict on CC: up to 0.2 passes, above 0.5 fails."""
    return "pass" if value <= Fraction(1, 5) else "warn" if value <= Fraction(1, 2) else "fail"


def similarity_verdict(value: Fraction) -> Judgement:
    """ScrubID's verdict on SSS: from 0.8 on passes, below 0.6 fails."""
    return "pass" if value >= Fraction(4, 5) else "warn" if value >= Fraction(3, 5) else "fail"
