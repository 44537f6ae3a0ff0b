"""From a score for each edge to a mask: edges are taken one by one until the masked network is faithful enough."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from analysis.method_settings import Setting, Settings
from analysis.networks.circuit import EdgeLayout, kept_edges, mask_array

MAX_K: Final = 10_000
KEY_DECIMALS: Final = 9
UNDEFINED: Final = 1e-9
"""Below this difference between the whole network's metric and the empty mask's no share of it can be told."""
FRAGILE: Final = 1e-6

PICK: Final = Setting(
    "pick", "top", "whether edges are taken by score alone or from the output back", ("top", "greedy")
)
SIGNED: Final = Setting("signed", False, "whether edges that help come first, or those with any large effect")
THRESHOLD: Final = Setting("threshold", 0.95, "the faithfulness at which to stop", low=-1e6, high=1e6)
K: Final = Setting("k", 1, "edges to take", low=1, high=MAX_K)
SELECTION: Final = (PICK, SIGNED, THRESHOLD, K)


@dataclass(frozen=True)
class Picked:
    """A mask taken by scores.

    Args:
        mask: the raw mask; None where faithfulness is undefined.
        faithfulness: of that mask under the answer's own ablation; None with k.
        fragile: whether a threshold was passed or missed by less than 1e-6.
    """

    mask: int | None
    faithfulness: float | None
    fragile: bool = False


def order_of(scores: NDArray[np.float64], *, signed: bool) -> NDArray[np.float64]:
    """Keys of edges, larger first: |S|, or −S where signed, as shares of the largest |S|, to 9 decimals.

    Args:
        scores: ``[edges]``; a helpful edge has a negative score.
        signed: whether only helpful edges come first.
    """
    largest = float(np.abs(scores).max(initial=0.0))
    if largest == 0.0:
        return np.zeros(len(scores))
    return np.round((-scores if signed else np.abs(scores)) / largest, KEY_DECIMALS)


def sequence(keys: NDArray[np.float64], ends: Sequence[tuple[Hashable, Hashable]], pick: str) -> list[int]:
    """Every edge in the order in which it is taken; ties by lower edge index.

    Args:
        keys: ``[edges]``.
        ends: source and target of each; the last edge's target is the output.
        pick: "top" by key alone, "greedy" from the output back.
    """
    if pick == "top":
        return sorted(range(len(ends)), key=lambda edge: (-keys[edge], edge))
    reached = {ends[-1][1]}
    rest = set(range(len(ends)))
    taken: list[int] = []
    while rest:
        open_ = [edge for edge in rest if ends[edge][1] in reached]
        best = min(open_, key=lambda edge: (-keys[edge], edge))
        taken.append(best)
        rest.remove(best)
        reached.add(ends[best][0])
    return taken


def edge_ends(layout: EdgeLayout) -> list[tuple[tuple[int, int], tuple[int, int]]]:
    """Source and target of every edge, each as (layer, neuron)."""
    return [
        ((layer - 1, source), (layer, out))
        for layer in range(1, len(layout.sizes))
        for out in range(layout.sizes[layer])
        for source in range(layout.sizes[layer - 1])
    ]


def pick_by_scores(
    scores: NDArray[np.float64],
    ends: Sequence[tuple[Hashable, Hashable]],
    settings: Settings,
    shares_of: Callable[[Sequence[int], Settings], list[float] | None],
) -> Picked:
    """The raw mask that scores lead to.

    Args:
        scores: ``[edges]``.
        ends: of each edge, see :func:`sequence`.
        settings: of :data:`SELECTION`; ``k`` or ``threshold``.
        shares_of: raw masks and settings → their faithfulness; None where it is undefined.
    """
    taken = sequence(order_of(scores, signed=bool(settings["signed"])), ends, str(settings["pick"]))
    if "k" in settings:
        return Picked(sum(1 << edge for edge in taken[: int(settings["k"])]), None)
    masks = [0]
    for edge in taken:
        masks.append(masks[-1] | 1 << edge)
    shares = shares_of(masks, settings)
    if shares is None:
        return Picked(None, None)
    threshold = float(settings["threshold"])
    number = next((n for n in range(1, len(masks)) if shares[n] >= threshold), len(masks) - 1)
    fragile = any(abs(shares[n] - threshold) < FRAGILE for n in range(1, number + 1))
    return Picked(masks[number], float(shares[number]), fragile)


def shares_between(values: Sequence[float]) -> list[float] | None:
    """How far each value is from the last but one, the empty mask's, towards the last, the whole network's; None where
    these two are less than 1e-9 apart.
    """
    empty, whole = values[-2:]
    if not abs(whole - empty) >= UNDEFINED:
        return None
    return [(value - empty) / (whole - empty) for value in values[:-2]]


def edges_of(mask: int, layout: EdgeLayout) -> list[int]:
    """The edges of a mask, ascending."""
    return np.flatnonzero(kept_edges(mask_array([mask], layout), layout)[0]).tolist()
