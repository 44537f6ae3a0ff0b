"""Four meanings of "no smaller circuit would do", decided among all valid circuits of the protocol.

Components are edges, and Φ(C) is "C is a valid circuit of the protocol's family". Zero ablation is not monotone: a
circuit may be valid although a larger one is not. So greedy deletion proves nothing, and every valid circuit is looked
at. A removal that leaves something that is no circuit of the family (a neuron without an edge in or out) leaves
nothing valid.

Source: Hadad, Katz and Bassan, ICLR 2026 (arXiv:2602.16823), where the four are defined for certified predicates.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from analysis.criteria.circuit_context import CircuitCriteriaContext
from analysis.criteria.criterion import Criterion, Settings
from analysis.criteria.verdict import Verdicts, Witness, verdicts_of
from analysis.progress import Progress

_SOURCE: Final = "Hadad, Katz and Bassan, ICLR 2026 (arXiv:2602.16823)"
_METHOD: Final = (
    "Components are edges, Φ(C) is that C is a valid circuit of the protocol's family. Decided over all of them, "
    "because zero ablation is not monotone. Where the search of circuits stopped at a limit, a circuit that no known "
    "one makes fail is undecided."
)
_NOT_ALL: Final = "The search of circuits stopped at a limit, so that a smaller one may have been missed."


def _valid_without_one_edge(context: CircuitCriteriaContext) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """``[circuits]``: single-edge removals that leave a valid circuit, and one such edge (−1 if there is none)."""
    masks = context.masks
    n_valid, edge_of = np.zeros(len(masks), dtype=np.int64), np.full(len(masks), -1, dtype=np.int64)
    for edge in reversed(range(context.layout.n_edges)):
        bit = np.uint64(1 << edge)
        smaller = masks & ~bit
        place = np.searchsorted(masks, smaller).clip(0, max(len(masks) - 1, 0))
        left = ((masks & bit) != 0) & (masks[place] == smaller) if len(masks) else np.empty(0, dtype=bool)
        n_valid += left
        edge_of[left] = edge
    return n_valid, edge_of


def _single_removals(context: CircuitCriteriaContext, *, every: bool) -> Verdicts:
    n_valid, edge_of = _valid_without_one_edge(context)
    n_edges = np.bitwise_count(context.masks).astype(np.int64)
    breaking = n_edges - n_valid
    passed = breaking == n_edges if every else breaking > 0

    def explain(position: int) -> tuple[str, Witness]:
        reason = f"{breaking[position]} of {n_edges[position]} single-edge removals leave no valid circuit."
        if not context.exhaustive and passed[position]:
            reason += f" {_NOT_ALL}"
        edge = int(edge_of[position])
        if edge < 0:
            return reason, {}
        smaller = context.layout.to_hex(int(context.masks[position]) & ~(1 << edge))
        return reason, {"edge": edge, "mask": smaller}

    undecided = None if context.exhaustive else passed
    return verdicts_of(passed, explain, numerators=breaking, denominators=n_edges, undecided=undecided)


def _quasi(context: CircuitCriteriaContext, _: Settings) -> Verdicts:
    return _single_removals(context, every=False)


def _local(context: CircuitCriteriaContext, _: Settings) -> Verdicts:
    return _single_removals(context, every=True)


def minimal_masks(context: CircuitCriteriaContext) -> NDArray[np.uint64]:
    """The valid circuits that contain no other valid circuit, fewest edges first.

    Whatever is left once all supersets of smaller minimal circuits are gone is minimal itself if it has the fewest
    edges: of two circuits with equally many edges neither contains the other.
    """
    left, sizes = context.masks, np.bitwise_count(context.masks)
    minimal: list[NDArray[np.uint64]] = [np.empty(0, dtype=np.uint64)]
    while len(left):
        context.report(Progress("criteria", len(context) - len(left), len(context), "minimal circuits"))
        fewest = left[sizes == sizes.min()]
        minimal.append(fewest)
        for mask in fewest:
            rest = (left & mask) != mask
            left, sizes = left[rest], sizes[rest]
    return np.concatenate(minimal)


def _subset(context: CircuitCriteriaContext, _: Settings) -> Verdicts:
    minimal = minimal_masks(context)
    passed = np.isin(context.masks, minimal)

    def explain(position: int) -> tuple[str, Witness]:
        mask = context.masks[position]
        if passed[position]:
            return f"No valid circuit is a proper subset.{'' if context.exhaustive else ' ' + _NOT_ALL}", {}
        inside = minimal[(minimal & mask) == minimal][0]
        n_more = int(mask).bit_count() - int(inside).bit_count()
        edges = "one edge" if n_more == 1 else f"{n_more} edges"
        return f"A valid circuit is left without {edges}.", {"mask": context.layout.to_hex(int(inside))}

    return verdicts_of(passed, explain, undecided=None if context.exhaustive else passed)


def _cardinal(context: CircuitCriteriaContext, _: Settings) -> Verdicts:
    n_edges = np.bitwise_count(context.masks).astype(np.int64)
    fewest = int(n_edges.min()) if len(n_edges) else 0
    passed = n_edges == fewest

    def explain(position: int) -> tuple[str, Witness]:
        reason = f"It has {n_edges[position]} edges; the fewest of any valid circuit are {fewest}."
        if passed[position]:
            return reason + ("" if context.exhaustive else f" {_NOT_ALL}"), {}
        return reason, {"mask": context.layout.to_hex(int(context.masks[np.argmin(n_edges)]))}

    return verdicts_of(passed, explain, scores=n_edges, undecided=None if context.exhaustive else passed)


MINIMAL_QUASI: Final = Criterion(
    key="minimal-quasi",
    label="Quasi-minimal",
    definition="The removal of some single edge leaves no valid circuit.",
    formula="there is e in C with not Φ(C∖{e})",
    source=_SOURCE,
    judges={"circuit": _quasi},
    method=_METHOD,
    direction="higher",
    score="share of single-edge removals that leave no valid circuit",
)
MINIMAL_LOCAL: Final = Criterion(
    key="minimal-local",
    label="Locally minimal",
    definition="The removal of any single edge leaves no valid circuit.",
    formula="for every e in C: not Φ(C∖{e})",
    source=_SOURCE,
    judges={"circuit": _local},
    method=_METHOD,
    direction="higher",
    score="share of single-edge removals that leave no valid circuit",
)
MINIMAL_SUBSET: Final = Criterion(
    key="minimal-subset",
    label="Subset-minimal",
    definition="No valid circuit is a proper subset.",
    formula="for every non-empty S ⊆ C: not Φ(C∖S)",
    source=_SOURCE,
    judges={"circuit": _subset},
    method=_METHOD,
)
MINIMAL_CARDINAL: Final = Criterion(
    key="minimal-cardinal",
    label="Cardinally minimal",
    definition="No valid circuit has fewer edges.",
    formula="|C| = min of |C'| over all C' with Φ(C')",
    source=_SOURCE,
    judges={"circuit": _cardinal},
    method=_METHOD,
    direction="lower",
    score="edges",
)
