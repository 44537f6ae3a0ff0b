"""Selection of a mask by scores of edges: edges are taken one by one until the masked network is faithful enough."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from pluriscope.analysis.errors import InvalidMethod
from pluriscope.analysis.methods.settings import Setting, Value

KEY_DECIMALS: Final = 9
UNDEFINED: Final = 1e-9
"""Below this difference between the whole network's metric and the empty mask's there is no share of it."""
FRAGILE: Final = 1e-6
"""Within which of a threshold faithfulness passes or misses it narrowly."""

SELECTION: Final = (
    Setting("pick", "top", "whether edges are taken by score alone or from the output back", ("top", "greedy")),
    Setting("signed", False, "whether edges that help come first, or those with any large effect"),
    Setting("threshold", 0.95, "the faithfulness at which to stop", low=-1e6, high=1e6),
    Setting("k", 1, "edges to take", low=1, high=10_000),
)


def choose_stop(settings: dict[str, Value], values: Mapping[str, object], item: str) -> None:
    """Keep in ``settings`` the one of k and threshold that ``values`` has, threshold if neither; none with after=cut.

    Raises:
        InvalidMethod: more than one of these was given.
    """
    answer = [name for name in ("k", "threshold") if name in values]
    answer += ["after=cut"] if settings.get("after") == "cut" else []
    if len(answer) > 1:
        raise InvalidMethod(item, f"has {' together with '.join(answer)}", "give one of them")
    for name in {"k", "threshold"}.difference(answer or ["threshold"]):
        settings.pop(name)


@dataclass(frozen=True, eq=False)
class Scores:
    """A number for each bit: the change of the metric when it is cut, so that helpful ones are negative.

    Args:
        values: ``[bits]``.
        says_nothing: whether no order of bits follows from them.
    """

    values: NDArray[np.float64]
    says_nothing: bool = False


def strengths(scores: NDArray[np.float64], *, signed: bool) -> NDArray[np.float64]:
    """Return the strengths by which edges are taken, larger first: |S|, or −S where signed, as shares of the largest
    |S|.

    Args:
        scores: ``[edges]``; a helpful edge has a negative score.
        signed: whether only helpful edges come first.
    """
    largest = float(np.abs(scores).max(initial=0.0))
    if largest == 0.0:
        return np.zeros(len(scores))
    shares: NDArray[np.float64] = (-scores if signed else np.abs(scores)) / largest
    return shares


def outputs_of(ends: Sequence[tuple[int, int]]) -> set[int]:
    """The nodes that no edge leads from."""
    return {target for _, target in ends} - {source for source, _ in ends}


def sequence(keys: NDArray[np.float64], ends: Sequence[tuple[int, int]], pick: str) -> list[int]:
    """Every edge in the order in which it is taken; by lower index those whose keys are equal to 9 decimals.

    Args:
        keys: ``[edges]``.
        ends: source and target of each.
        pick: "top" by key alone, "greedy" from the outputs back.
    """
    keys = np.round(keys, KEY_DECIMALS)
    if pick == "top":
        return sorted(range(len(ends)), key=lambda edge: (-keys[edge], edge))
    reached = outputs_of(ends)
    rest = set(range(len(ends)))
    taken: list[int] = []
    while rest:
        open_ = [edge for edge in rest if ends[edge][1] in reached]
        best = min(open_, key=lambda edge: (-keys[edge], edge))
        taken.append(best)
        rest.remove(best)
        reached.add(ends[best][0])
    return taken


def shares_between(values: Sequence[float]) -> list[float] | None:
    """Return each value's share of the way from the last but one, the empty mask's, to the last, the whole network's;
    None where these two are less than 1e-9 apart.
    """
    empty, whole = values[-2:]
    if not abs(whole - empty) >= UNDEFINED:
        return None
    return [(value - empty) / (whole - empty) for value in values[:-2]]
