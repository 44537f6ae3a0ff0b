"""Spaces with too many circuits to run all: how many are valid by uniform draws, and small ones found."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from math import comb
from types import SimpleNamespace
from typing import Any, Final

import numpy as np

from pluriscope.analysis.circuit_sets.strata import StrataCount, count_by_strata, smallest_found
from pluriscope.analysis.running.work import Work
from pluriscope.objects.counts import Count, count_of
from pluriscope_live.space import Masks, Space

MOST_DRAWN: Final = 1 << 13


class _Question:
    """A space as the engine's estimates know one: every mask is a circuit."""

    def __init__(self, space: Space) -> None:
        self._space, self.space, self.graph, self.cut = space, self, self, "nodes"
        self.subject, self.kind = space, SimpleNamespace(plural="live spaces")
        self.sizes_drawn = range(space.n_units + 1)

    @property
    def possible_by_bits(self) -> dict[int, int]:
        return {size: comb(self._space.n_units, size) for size in self.sizes_drawn}

    def draw(self, sizes: Any, chance: np.random.Generator) -> Masks:
        """A circuit of each size, uniform among those."""
        order = chance.random((len(sizes), self._space.n_units)).argsort(1).argsort(1)
        return np.asarray(order < sizes[:, None])

    def reduce(self, masks: Masks) -> Masks:
        return masks

    def are_valid(self, masks: Masks) -> Masks:
        return self._space.valid(masks)[0]

    def number(self, mask: Masks) -> int:
        return sum(1 << int(bit) for bit in np.flatnonzero(mask))

    def bits(self, numbers: Sequence[int]) -> Masks:
        return self._space.bits(list(numbers)) if len(numbers) else np.empty((0, self._space.n_units), np.bool_)


@dataclass(frozen=True, eq=False, repr=False)
class Drawn:
    """What uniform draws say of a space that is too large to run all of it.

    Args:
        space: what was drawn from.
        count: draws by size, with intervals that hold together.
        least: mask of the smallest valid circuit that was found, which need not be the smallest; None for none.
    """

    space: Space
    count: StrataCount
    least: int | None

    complete = False

    @property
    def possible(self) -> int:
        return 1 << self.space.n_units

    @property
    def numbers(self) -> list[int]:
        """Masks of the valid circuits that were found, those with the fewest units first."""
        found = {*self.count.masks, *([] if self.least is None else [self.least])}
        return sorted(found, key=lambda one: (one.bit_count(), one))

    @property
    def counts(self) -> dict[str, Count]:
        """Numbers of circuits, with how sure each is."""
        known = replace(self.count.known, masks=(*{*self.numbers, self.possible - 1},))  # the whole is valid
        return {"possible circuits": Count(self.possible), "valid circuits": count_of(known)}

    @property
    def sizes(self) -> dict[int, tuple[int, int]]:
        """The fewest and the most valid circuits by their number of units."""
        return self.count.by_size

    @cached_property
    def verdict(self) -> str:
        """In one sentence, what is known."""
        found = f"{self.counts['valid circuits']} of {Count(self.possible)} circuits are valid by {self.space.protocol}"
        least = f"; the smallest found has {self.least.bit_count()} of {self.space.n_units} units" if self.least else ""
        found = f"{self.space.doubt} {found}".lstrip()
        return f"{found}, with {self.count.confidence:.0%} confidence from {self.count.drawn:,} uniform draws{least}."

    def __repr__(self) -> str:
        return f"{self.verdict}\n<Drawn: {len(self.numbers):,} valid circuits found>"


def drawn(space: Space, work: Work) -> Drawn:
    """Draw circuits of a space uniformly by size, as long as there is time, and search for a small valid one."""
    question: Any = _Question(space)
    count = count_by_strata(question, work, most=MOST_DRAWN)
    return Drawn(space, count, smallest_found(question, count, work) if count.masks else None)
