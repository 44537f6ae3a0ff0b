"""Four meanings of "no smaller circuit would do", decided among all valid circuits of the protocol.

Components are edges, and Φ(C) is "C is a valid circuit of the protocol's family". Zero ablation is not monotone: a
circuit may be valid although a larger one is not. So greedy deletion proves nothing, and every valid circuit is looked
at. A removal that leaves something that is no circuit of the family (a neuron without an edge in or out) leaves
nothing valid.

Source: Hadad, Katz and Bassan, ICLR 2026 (arXiv:2602.16823), where the four are defined for certified predicates.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from analysis.circuits.space import in_space
from analysis.criteria.circuit_context import CircuitCriteriaContext
from analysis.criteria.criterion import Criterion, Settings
from analysis.criteria.verdict import Verdicts, Witness, verdicts_of
from analysis.networks.circuit import mask_array, one_mask
from analysis.networks.mlp import keep_matrices

_SOURCE: Final = "Hadad, Katz and Bassan, ICLR 2026 (arXiv:2602.16823)"
_DEFINED: Final = "Components are edges, Φ(C) is that C is a valid circuit of the protocol's family."
_REMOVALS_METHOD: Final = (
    f"{_DEFINED} Every removal is decided: looked up among all valid circuits, or run where not all are listed."
)
_SMALLER_METHOD: Final = (
    f"{_DEFINED} Decided over all of them, because zero ablation is not monotone. Where not all are listed, a circuit "
    "that can lose no single edge is undecided unless a listed one makes it fail."
)
_NOT_ALL: Final = "Not every valid circuit is listed, so a smaller one may have been missed."
MAX_REMOVALS: Final = 1 << 20  # run one by one where not every valid circuit is listed, some seconds


def _valid_without_one_edge(
    context: CircuitCriteriaContext, *, run: bool
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """``[circuits]``: single-edge removals that leave a valid circuit, and one such edge (−1 if there is none).

    Args:
        context: the circuits.
        run: whether removals that lead to no listed circuit are run.
    """
    masks = context.masks
    n_valid, edge_of = np.zeros(len(masks), dtype=np.int64), np.full(len(masks), -1, dtype=np.int64)
    for edge in reversed(range(context.question.layout.n_edges)):
        context.work.check()
        bit = one_mask(1 << edge, context.question.layout)
        smaller = masks & ~bit
        place = np.searchsorted(masks, smaller).clip(0, max(len(masks) - 1, 0))
        removed = (masks & bit) != 0
        left = removed & (masks[place] == smaller) if len(masks) else np.empty(0, dtype=bool)
        if run:
            unlisted = np.flatnonzero(removed & ~left)
            left[unlisted] = valid_by_running(context, smaller[unlisted])
        n_valid += left
        edge_of[left] = edge
    return n_valid, edge_of


def valid_by_running(context: CircuitCriteriaContext, masks: NDArray[Any]) -> NDArray[np.bool_]:
    """``[masks]``: which are valid circuits of the protocol's family, listed or not.

    Args:
        context: says what they are circuits of; its own circuits do not matter.
        masks: any sets of edges.
    """
    found = np.zeros(len(masks), dtype=np.bool_)
    places = np.flatnonzero(_in_family(context, masks))
    those = replace(context, masks=masks[places])
    found[places] = those.enough(those.n_right(context.question.protocol.ablation))
    return found


def _in_family(context: CircuitCriteriaContext, masks: NDArray[Any]) -> NDArray[np.bool_]:
    """``[masks]``: which are possible circuits, with as many active neurons as the protocol asks for."""
    sizes = context.question.cut.sizes
    fed: list[NDArray[np.bool_]] = []
    used: list[NDArray[np.bool_]] = []
    for layer in keep_matrices(masks, context.question.layout):
        fed.append(np.any(layer, axis=2))
        used.append(np.any(layer, axis=1))
    possible = np.logical_and(np.all(used[0], axis=1), np.all(fed[-1], axis=1))
    n_active = np.zeros(len(masks), dtype=np.int64)
    for into, out in zip(fed[:-1], used[1:], strict=True):
        possible &= np.all(into == out, axis=1)
        n_active += np.sum(into, axis=1)
    allowed = np.array(
        [in_space(n, sizes, context.question.protocol) for n in range(sum(sizes[1:-1]) + 1)], dtype=np.bool_
    )
    in_family: NDArray[np.bool_] = possible & allowed[n_active]
    return in_family


def _worth_running(context: CircuitCriteriaContext) -> bool:
    """Whether single-edge removals have to be run, and are few enough."""
    return not context.exhaustive and int(np.bitwise_count(context.masks).sum()) <= MAX_REMOVALS


def _smaller_by_running(context: CircuitCriteriaContext) -> NDArray[Any]:
    """``[circuits]``: a valid circuit with one edge less where not all are listed; 0 where none is known."""
    if not _worth_running(context):
        return mask_array([0] * len(context), context.question.layout)
    _, edge_of = _valid_without_one_edge(context, run=True)
    lost = mask_array((1 << edge if edge >= 0 else 0 for edge in edge_of.tolist()), context.question.layout)
    smaller: NDArray[Any] = np.where(edge_of < 0, one_mask(0, context.question.layout), context.masks & ~lost)
    return smaller


def _single_removals(context: CircuitCriteriaContext, *, every: bool) -> Verdicts:
    n_edges = np.bitwise_count(context.masks).astype(np.int64)
    run = _worth_running(context)
    n_valid, edge_of = _valid_without_one_edge(context, run=run)
    breaking = n_edges - n_valid
    passed = breaking == n_edges if every else breaking > 0
    settled = context.exhaustive or run

    def explain(position: int) -> tuple[str, Witness]:
        reason = f"{breaking[position]} of {n_edges[position]} single-edge removals leave no valid circuit."
        if not settled and passed[position]:
            return f"{_NOT_ALL} There are too many removals to run each.", {}
        edge = int(edge_of[position])
        if edge < 0:
            return reason, {}
        smaller = context.question.layout.to_hex(int(context.masks[position]) & ~(1 << edge))
        return reason, {"edge": edge, "mask": smaller}

    return verdicts_of(
        passed, explain, numerators=breaking, denominators=n_edges, undecided=None if settled else passed
    )


def _quasi(context: CircuitCriteriaContext, _: Settings) -> Verdicts:
    return _single_removals(context, every=False)


def _local(context: CircuitCriteriaContext, _: Settings) -> Verdicts:
    return _single_removals(context, every=True)


def minimal_masks(context: CircuitCriteriaContext) -> NDArray[Any]:
    """The valid circuits that contain no other valid circuit, fewest edges first.

    Whatever is left once all supersets of smaller minimal circuits are gone is minimal itself if it has the fewest
    edges: of two circuits with equally many edges neither contains the other.
    """
    left, sizes = context.masks, np.bitwise_count(context.masks)
    minimal: list[NDArray[Any]] = [left[:0]]
    while len(left):
        context.work.tell("criteria", len(context) - len(left), len(context), "minimal circuits")
        fewest = left[sizes == sizes.min()]
        minimal.append(fewest)
        for mask in fewest:
            context.work.check()
            rest = (left & mask) != mask
            left, sizes = left[rest], sizes[rest]
    return np.concatenate(minimal)


def _subset(context: CircuitCriteriaContext, _: Settings) -> Verdicts:
    minimal, smaller = minimal_masks(context), _smaller_by_running(context)
    passed = np.isin(context.masks, minimal) & (smaller == 0)

    def explain(position: int) -> tuple[str, Witness]:
        mask = context.masks[position]
        if passed[position]:
            return "No valid circuit is a proper subset." if context.exhaustive else _NOT_ALL, {}
        inside = smaller[position] or minimal[(minimal & mask) == minimal][0]
        n_more = int(mask).bit_count() - int(inside).bit_count()
        edges = "one edge" if n_more == 1 else f"{n_more} edges"
        return f"A valid circuit is left without {edges}.", {"mask": context.question.layout.to_hex(int(inside))}

    return verdicts_of(passed, explain, undecided=None if context.exhaustive else passed)


def _cardinal(context: CircuitCriteriaContext, _: Settings) -> Verdicts:
    n_edges, smaller = np.bitwise_count(context.masks).astype(np.int64), _smaller_by_running(context)
    fewest = int(n_edges.min()) if len(n_edges) else 0
    passed = (n_edges == fewest) & (smaller == 0)

    def explain(position: int) -> tuple[str, Witness]:
        n = n_edges[position]
        if passed[position]:
            reason = f"It has {n} edges; the fewest of any valid circuit are {fewest}."
            return reason if context.exhaustive else _NOT_ALL, {}
        least = context.masks[np.argmin(n_edges)] if n > fewest else smaller[position]
        has = (
            f"the fewest of any valid circuit are {fewest}"
            if context.exhaustive
            else f"another has {least.bit_count()}"
        )
        return f"It has {n} edges; {has}.", {"mask": context.question.layout.to_hex(int(least))}

    return verdicts_of(passed, explain, scores=n_edges, undecided=None if context.exhaustive else passed)


MINIMAL_QUASI: Final = Criterion(
    key="minimal-quasi",
    label="Quasi-minimal",
    definition="The removal of some single edge leaves no valid circuit.",
    formula="there is e in C with not Φ(C∖{e})",
    source=_SOURCE,
    judges={"circuit": _quasi},
    method=_REMOVALS_METHOD,
    direction="higher",
    score="share of single-edge removals that leave no valid circuit",
    over="population",
    term="minimality",
)
MINIMAL_LOCAL: Final = Criterion(
    key="minimal-local",
    label="Locally minimal",
    definition="The removal of any single edge leaves no valid circuit.",
    formula="for every e in C: not Φ(C∖{e})",
    source=_SOURCE,
    judges={"circuit": _local},
    method=_REMOVALS_METHOD,
    direction="higher",
    score="share of single-edge removals that leave no valid circuit",
    over="population",
    term="minimality",
)
MINIMAL_SUBSET: Final = Criterion(
    key="minimal-subset",
    label="Subset-minimal",
    definition="No valid circuit is a proper subset.",
    formula="for every non-empty S ⊆ C: not Φ(C∖S)",
    source=_SOURCE,
    judges={"circuit": _subset},
    method=_SMALLER_METHOD,
    over="population",
    term="minimality",
)
MINIMAL_CARDINAL: Final = Criterion(
    key="minimal-cardinal",
    label="Cardinally minimal",
    definition="No valid circuit has fewer edges.",
    formula="|C| = min of |C'| over all C' with Φ(C')",
    source=_SOURCE,
    judges={"circuit": _cardinal},
    method=_SMALLER_METHOD,
    direction="lower",
    score="edges",
    over="population",
    term="minimality",
)
