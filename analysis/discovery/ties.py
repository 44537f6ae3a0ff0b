"""Ties: answers that a method chose from among equals by the number of an edge, or by the last digits of a sum.

Scores are *tied* where they are nearer to one another than 1e-9 of the largest. A score is a mean over at most 20,000
rows of products through some layers; sums of so many numbers are wrong by some 1e-12 of the sum of their absolute
values, so that what is 1e-9 apart is different, and what is nearer may be rounding. The other *ways* of an answer take
as many edges as it does, none in place of one that scores higher. With a threshold a method may stop earlier or later
on another way; that is another answer than those counted here.

Tied are also decisions of ACDC that change the loss by tau to within 1e-9. Other methods have no ties: a random order
and deletion in a random order are drawn, what deletion leaves is valid whichever way it went, and the gates of pruning
end at numbers that were learned from a drawn start, of which ``fragile`` says where one is within 1e-3 of its edge.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import reduce
from itertools import combinations
from math import ceil, comb, floor
from operator import and_, or_
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from pluriscope.analysis.circuits.estimating import share_interval
from pluriscope.analysis.discovery.masked_subject import MaskedSubject
from pluriscope.analysis.discovery.selection import outputs_of
from pluriscope.analysis.values.exact import exact

TOLERANCE: Final = 1e-9
"""As a share of the largest score, or in the loss of ACDC."""
MOST: Final = 4_096
"""Ways up to which each is judged, and up to which ways that depend on one another are followed."""
DRAWN: Final = 1_000
CONFIDENCE: Final = 0.95


@dataclass(frozen=True)
class Ways:
    """The raw masks that ties allow, the answer among them.

    Args:
        number: how many there are; None where they depend on one another and are too many to be followed.
        masks: all of them; 1,000 drawn uniformly where there are more than 4,096; none where they were not followed.
        tied: the bits that some of them have and others do not; 0 where that is not known.
    """

    number: int | None
    masks: tuple[int, ...]
    tied: int


def ways_of_scores(values: NDArray[np.float64], ends: Sequence[tuple[int, int]], pick: str, raw: int) -> Ways | None:
    """The ways to take as many edges by scores as an answer has; None where there is no other.

    Args:
        values: ``[edges]`` shares of the largest score, larger first.
        ends: source and target of each.
        pick: "top" by score alone, "greedy" from the outputs back.
        raw: the answer.
    """
    n_taken = raw.bit_count()
    if not np.isfinite(values).all():
        return None
    if pick == "greedy":
        return followed(0, range(n_taken), lambda masks, _: _taken_next(masks, values, ends))
    order = np.argsort(-values, kind="stable")
    # scores in a row of which each is tied with the next
    group_of = np.cumsum(np.diff(values[order], prepend=values[order[:1]]) < -TOLERANCE)
    split = order[group_of == group_of[n_taken - 1]].tolist() if n_taken else []
    group = sum(1 << bit for bit in split)
    n_tied, n_kept = len(split), (raw & group).bit_count()
    number = comb(n_tied, n_kept)
    if number == 1:
        return None
    if number <= MOST:
        chosen: Any = combinations(split, n_kept)
    else:
        random = np.random.default_rng(0)
        chosen = (random.permutation(split)[:n_kept].tolist() for _ in range(DRAWN))
    return Ways(number, tuple((raw & ~group) | sum(1 << bit for bit in some) for some in chosen), group)


def _taken_next(masks: Sequence[int], values: NDArray[np.float64], ends: Sequence[tuple[int, int]]) -> set[int]:
    """Add an edge to each mask: any whose score is tied with the best that leads to what the mask reaches."""
    found, outputs = set[int](), outputs_of(ends)
    for mask in masks:
        reached = {*outputs, *(source for bit, (source, _) in enumerate(ends) if mask >> bit & 1)}
        open_ = [bit for bit, (_, to) in enumerate(ends) if to in reached and not mask >> bit & 1]
        best = max(values[bit] for bit in open_)
        found |= {mask | 1 << bit for bit in open_ if values[bit] >= best - TOLERANCE}
    return found


def followed(
    start: int, steps: Sequence[int], after: Callable[[Sequence[int], int], set[int]], most: int = MOST
) -> Ways | None:
    """The ways to which steps lead from one mask, each from every mask to one or several; None where it is only one.

    Args:
        start: the mask before the first step.
        steps: what is done.
        after: masks and a step → the masks that it leads to.
        most: masks after one step up to which all are followed.
    """
    masks = [start]
    for step in steps:
        masks = sorted(after(masks, step))
        if len(masks) > most:
            return Ways(None, (), 0)
    tied = reduce(or_, masks) & ~reduce(and_, masks)
    return Ways(len(masks), tuple(masks), tied) if tied else None


def ties_json(ways: Ways, raw: int, masked: MaskedSubject) -> dict[str, Any] | None:
    """Write the circuits to which the ways of an answer lead, as audit files have it; None where all lead to one
    circuit.

    Args:
        ways: of the answer.
        raw: its mask.
        masked: what it is about.

    Returns:
        ``tied`` bits, of which the answer has ``kept``, in ``ways`` that lead to so many ``circuits``, so many of them
        ``valid``; numbers that are not known are null. Of ways that were drawn ``drawn`` and ``drawn_valid``, with
        Clopper and Pearson's interval for all of them.
    """
    answer: dict[str, Any] = dict.fromkeys(("tied", "kept", "ways", "circuits", "valid"))
    if ways.number is None:
        return answer
    answer |= {"tied": ways.tied.bit_count(), "kept": (ways.tied & raw).bit_count(), "ways": exact(ways.number)}
    left = [masked.left(mask) for mask in ways.masks]
    circuits = list({one.mask: one for one in left}.values())
    valid = dict(zip((one.mask for one in circuits), masked.are_valid(circuits), strict=True))
    if ways.number > MOST:
        hits = sum(valid[one.mask] for one in left)
        low, high = (end * ways.number for end in share_interval(hits, DRAWN, CONFIDENCE))
        interval = [exact(floor(low)), exact(ceil(high))]
        return answer | {"drawn": DRAWN, "drawn_valid": hits, "interval": interval, "confidence": CONFIDENCE}
    answer |= {"circuits": len(circuits), "valid": sum(valid.values())}
    return answer if len(circuits) > 1 else None


def decide(answer: Mapping[str, Any]) -> bool:
    """Whether an answer is valid only in some ways of its ties, as far as these were judged."""
    valid, of = (answer["drawn_valid"], answer["drawn"]) if "drawn" in answer else (answer["valid"], answer["circuits"])
    return bool(valid) and valid < of
