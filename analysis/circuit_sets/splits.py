"""The decision tree of a set of circuits: what all keep, then one edge after another that some keep and others do not.

Each set is split by the part (an edge, or a node where masks name nodes) that comes nearest to halving it; of several
that come as near, by the first in mask order. So a tree of depth d has at most 2^d leaves of about equal size, every
circuit lies on exactly one of them, and the tree is the same on every machine: only whole numbers are compared.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

DEPTH: Final = 3
"""Splits from all circuits to a leaf: up to eight leaves can be looked at together."""


@dataclass(frozen=True)
class Branch:
    """A set of circuits, and how it is split.

    Args:
        n: circuits in it, at least 1.
        kept: mask of what every one of them keeps.
        left_out: mask of what none of them keeps.
        split: the bit that divides it; None where it is not divided, because it is one circuit or at the last depth.
        branches: the circuits that keep this bit, and those that do not; () where it is not divided.
    """

    n: int
    kept: int
    left_out: int
    split: int | None = None
    branches: tuple[Branch, ...] = ()


def split_circuits(masks: NDArray[Any], n_bits: int, depth: int = DEPTH, towards: int | None = None) -> Branch:
    """The decision tree of a set of circuits.

    Args:
        masks: different ones, at least 1; uint64, or Python integers where they have more than 64 bits.
        n_bits: of a mask.
        depth: most splits from all circuits to a leaf.
        towards: a circuit whose branch is divided beyond this depth, until it is alone there; None for none.
    """
    counts = [int(np.count_nonzero(masks & _bit(masks, bit))) for bit in range(n_bits)]
    n = len(masks)
    kept = sum(1 << bit for bit, count in enumerate(counts) if count == n)
    left_out = sum(1 << bit for bit, count in enumerate(counts) if count == 0)
    if n == 1 or (depth <= 0 and towards is None):
        return Branch(n, kept, left_out)
    split = min(range(n_bits), key=lambda bit: (abs(2 * counts[bit] - n), bit))
    there = (masks & _bit(masks, split)) != 0
    branches = []
    for keeps, side in ((True, masks[there]), (False, masks[~there])):
        leads = towards is not None and (towards >> split & 1) == keeps
        branches.append(split_circuits(side, n_bits, depth - 1, towards if leads else None))
    return Branch(n, kept, left_out, split, tuple(branches))


def _bit(masks: NDArray[Any], bit: int) -> Any:
    return np.uint64(1 << bit) if masks.dtype == np.uint64 else 1 << bit
