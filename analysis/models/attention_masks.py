"""How many masks mean one circuit of a transformer: what edges heads that are off may have without coming on.

Circuits are alike here if as many heads of each layer are off, and, where that matters, as many are uniform: on without
a query and a key.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product
from math import comb, prod


def n_masks_idle(off: Sequence[int], n_heads: int, n_given: int, slots: int) -> int:
    """Masks of one circuit where a head is off without an edge in or without an edge out, in any number of layers.

    Every head that is off is *fed* (a path of edges leads to it from something that is there), or *read* (a path leads
    from it to something that is there), or neither. The counts of each, layer by layer, say which edges there may be,
    and which a head needs one of.

    Args:
        off: for each layer how many heads are off.
        n_heads: of each layer.
        n_given: sources that the model is given.
        slots: of each head.
    """
    on = [n_heads - one for one in off]
    layers = range(len(off))
    total = 0
    for kinds in product(*([(fed, read) for fed in range(one + 1) for read in range(one - fed + 1)] for one in off)):
        feds, reads = zip(*kinds, strict=True)
        neither = [one - fed - read for one, fed, read in zip(off, feds, reads, strict=True)]
        ways = prod(comb(off[at], feds[at]) * comb(off[at] - feds[at], reads[at]) for at in layers)
        for at in layers:
            feeding = n_given + sum(on[:at]) + sum(feds[:at])
            reading = sum(on[at + 1 :]) + sum(reads[at + 1 :])
            ways *= ((1 << slots * feeding) - 1) ** feds[at] * ((2 << slots * reading) - 1) ** reads[at]
            free = (reads[at] + neither[at]) * (sum(feds[at + 1 :]) + sum(neither[at + 1 :]))
            ways <<= slots * free
        total += ways
    return total


def n_masks_pruned(off: Sequence[int], uniform: Sequence[int], n_heads: int, n_given: int) -> int:
    """Masks of one circuit where a head also is off without an edge into its value, and uniform without a query or
    without a key; in one or two layers.

    A head of the first layer that is off is *fed* if its value is; then nothing may read it but a slot that counts for
    nothing itself.

    Args:
        off: for each layer how many heads are off.
        uniform: for each layer how many are uniform.
        n_heads: of each layer.
        n_given: sources that the model is given.
    """
    idle, idle_last = [0, *off][-2:]
    flat, flat_last = [0, *uniform][-2:]
    sources = n_given + (n_heads - idle if len(off) > 1 else 0)
    total = 0
    for fed in range(idle + 1):
        unfed = idle - fed
        ways = comb(idle, fed) * ((1 << n_given) - 1) ** fed << 2 * n_given * idle + unfed
        ways <<= 3 * unfed * (n_heads - idle_last)
        ways *= ((1 << 3 * (sources + idle)) + (1 << 2 * (sources + idle) + unfed)) ** idle_last
        total += ways * ((2 << sources + fed) - 1) ** flat_last
    return total * int(((2 << n_given) - 1) ** flat)
