"""Searches for circuits of which nothing can be spared, that share as little as possible with those found."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Generator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar, Final, Protocol

import numpy as np
from numpy.typing import NDArray

Bits = NDArray[np.bool_]
Asks = Generator[Bits, Bits, Bits]
"""Asks for the verdicts on masks ``[masks, units]``, is sent which are valid, and ends with a mask."""
_BLOCKS: Final = 32
"""Into which an order of units is divided at first: of more units several are removed at once, and fewer if that fails.
"""
_NOISE: Final = 0.3
_AT_ONCE: Final = 3


class Target(Protocol):
    """What searches ask: a live space, or anything else with units.

    Attributes:
        n_units: bits of a mask.
        n_rows: rows of the model's inputs.
        runs: masks that were asked about until now.
    """

    n_units: int
    n_rows: int
    runs: int

    def valid(self, bits: Bits) -> Bits:
        """Which masks are valid."""

    def distance(self, bits: Bits) -> NDArray[np.float64]:
        """How far what masks give is from what the whole gives."""

    def gaps(self, gates: Any, at: Any) -> Any:
        """Gaps ``[masks, rows]`` of some rows between the answer and what it is compared with, from gates."""


@dataclass(frozen=True)
class Start:
    """Where a search starts.

    Args:
        bits: a mask, valid or not.
        order: of all units, those first that are removed first.
        label: what it was found for, such as a group of rows.
    """

    bits: Bits
    order: Sequence[int] | NDArray[Any]
    label: str = ""


Way = Callable[[Target, Sequence[Bits], int, np.random.Generator], Start]
"""Gives the start of a search, from what is asked, the circuits found before, the number of the search from 0, and
random numbers. Its attribute ``at_once`` says how many searches do not wait for what the others of them find.
"""


def deletion(target: Target, _found: Sequence[Bits], _number: int, rng: np.random.Generator) -> Start:
    """Units are removed in a random order."""
    return Start(np.ones(target.n_units, dtype=np.bool_), rng.permutation(target.n_units))


def used_first(target: Target, found: Sequence[Bits], _number: int, rng: np.random.Generator) -> Start:
    """Units that most of the found circuits have are removed first."""
    return Start(np.ones(target.n_units, dtype=np.bool_), by_use(target, found, rng))


def regrowth(target: Target, _found: Sequence[Bits], _number: int, rng: np.random.Generator) -> Start:
    """A random half of the units grows until it is valid, and then units are removed in a random order."""
    return Start(rng.random(target.n_units) < 0.5, rng.permutation(target.n_units))


def mixed(target: Target, found: Sequence[Bits], number: int, rng: np.random.Generator) -> Start:
    """Deletion, used first and regrowth by turns."""
    return (deletion, used_first, regrowth)[number % 3](target, found, number, rng)


@dataclass(frozen=True)
class Acdc:
    """Units are removed where that takes outputs farther from the whole's by less than a threshold: ACDC, in another
    order each time.

    Args:
        tau: the threshold, in the unit of :meth:`Target.distance`.
    """

    tau: float = 0.03
    name: ClassVar[str] = "ACDC"
    at_once: ClassVar[int] = 1

    def __call__(self, target: Target, found: Sequence[Bits], number: int, rng: np.random.Generator) -> Start:
        """Units from the last to the first, as they are named, and afterwards in random orders."""
        bits = np.ones(target.n_units, dtype=np.bool_)
        order = rng.permutation(target.n_units) if number else np.arange(target.n_units)[::-1]
        (last,) = target.distance(bits[None])
        for unit in order:
            without = bits.copy()
            without[unit] = False
            (distance,) = target.distance(without[None])
            if distance - last < self.tau:
                bits, last = without, distance
        return Start(bits, by_use(target, found, rng))


def by_use(target: Target, found: Sequence[Bits], rng: np.random.Generator, noise: float = _NOISE) -> NDArray[Any]:
    """All units, those first that most of the found circuits have.

    Args:
        noise: standard deviation of what is added to the share of circuits that have a unit.
    """
    share = np.mean(found, axis=0) if len(found) else np.zeros(target.n_units)
    return np.argsort(-(share + rng.normal(0, noise, target.n_units)), kind="stable")


# ------------------------------------------------------------ one search


def grown(bits: Bits, order: Sequence[int] | NDArray[Any]) -> Asks:
    """A mask with as many units added, in an order, as make it valid; the whole is valid."""
    missing = [unit for unit in order if not bits[unit]]
    low, high = 0, len(missing)  # so many do not suffice, so many do
    while high - low > 1:
        more = bits.copy()
        more[missing[: (low + high) // 2]] = True
        (valid,) = yield more[None]
        low, high = (low, (low + high) // 2) if valid else ((low + high) // 2, high)
    found = bits.copy()
    found[missing[:high]] = True
    return found


def reduced(bits: Bits, order: Sequence[int] | NDArray[Any]) -> Asks:
    """A valid mask with units removed in an order while it stays valid, until no single one can be."""
    size = max(1, len(order) // _BLOCKS)
    left = deque([unit for unit in order[start : start + size] if bits[unit]] for start in range(0, len(order), size))
    while True:
        while left:
            block = left.popleft()
            if not block:
                continue
            without = bits.copy()
            without[block] = False
            (valid,) = yield without[None]
            if valid:
                bits = without
            elif len(block) > 1:
                left.extendleft((block[len(block) // 2 :], block[: len(block) // 2]))
        kept = [unit for unit in order if bits[unit]]
        each = np.repeat(bits[None], len(kept), axis=0)
        each[np.arange(len(kept)), kept] = False
        spare = yield each
        if not spare.any():
            return bits
        if size > 1:
            left.append([unit for unit, one in zip(kept, spare, strict=True) if one])
        else:
            bits = each[int(np.argmax(spare))]


@dataclass
class Search:
    """A search from its start to a circuit of which nothing can be spared.

    Args:
        start: where it starts.
        runs: masks that were asked about, those for its start included.
        valid: whether the start is.
        bits: the circuit.
    """

    start: Start
    runs: int = 0
    valid: bool = False
    bits: Bits = field(default_factory=lambda: np.empty(0, np.bool_))

    def asks(self) -> Asks:
        bits = self.start.bits
        (self.valid,) = map(bool, (yield bits[None]))
        if not self.valid:
            bits = yield from grown(bits, self.start.order[::-1])
        self.bits = yield from reduced(bits, self.start.order)
        return self.bits


def together(
    asking: Sequence[Asks], valid: Callable[[Bits], Bits], asked: Callable[[int, int], None] = lambda _search, _n: None
) -> list[Bits]:
    """What several searches end with, whose questions are asked at once; ``asked`` is told which asks how many."""
    ends: dict[int, Bits] = {}
    waiting = {number: next(one) for number, one in enumerate(asking)}
    while waiting:
        for number, bits in waiting.items():
            asked(number, len(bits))
        verdicts = np.split(
            valid(np.concatenate([*waiting.values()])), np.cumsum([len(one) for one in waiting.values()])[:-1]
        )
        for number, own in zip([*waiting], verdicts, strict=True):
            try:
                waiting[number] = asking[number].send(own)
            except StopIteration as end:
                ends[number] = end.value
                del waiting[number]
    return [ends[number] for number in range(len(asking))]


def round_of(way: Way, target: Target, found: Sequence[Bits], number: int, most: int, seed: int) -> list[Search]:
    """Some searches at once, at most so many, from a number on to the end of its round.

    Each has its own random numbers, and knows what was found before its round, which begins at a multiple of how many
    searches it has: so it is the same one whether or not something came between.
    """
    size = getattr(way, "at_once", _AT_ONCE)
    begin = number - number % size
    searches = list[Search]()
    for each in range(number, min(number + most, begin + size)):
        before = target.runs
        start = way(target, found[:begin], each, np.random.default_rng((seed, each)))
        searches.append(Search(start, target.runs - before))

    def asked(search: int, n: int) -> None:
        searches[search].runs += n

    together([one.asks() for one in searches], target.valid, asked)
    return searches


# ------------------------------------------------------------ what is found


def dispensable(target: Target, kept: Bits, most: int = 200) -> Bits:
    """Units that some valid mask lacks: one of those found, the whole without one unit, or without two.

    Args:
        kept: units that all found have.
        most: pairs of units that are tried.
    """
    kept = kept.copy()
    without = np.ones((kept.sum(), target.n_units), dtype=np.bool_)
    without[np.arange(len(without)), np.flatnonzero(kept)] = False
    if len(without):
        kept[kept] = ~target.valid(without)
    pairs = [(one, other) for one in np.flatnonzero(kept) for other in range(target.n_units) if other != one]
    if 0 < len(pairs) <= most:
        without = np.ones((len(pairs), target.n_units), dtype=np.bool_)
        without[np.arange(len(pairs))[:, None], np.array(pairs)] = False
        kept &= without[target.valid(without)].all(0)
    return np.logical_not(kept)


def jaccard(bits: Bits) -> NDArray[np.float64]:
    """Units that two masks share as a share of those that either has, ``[masks, masks]``."""
    numbers = bits.astype(np.int64)
    shared, sizes = numbers @ numbers.T, numbers.sum(1)
    either = sizes[:, None] + sizes - shared
    return np.where(either > 0, shared / np.maximum(either, 1), 1.0)


def least_alike(bits: Bits, count: int) -> list[int]:
    """Numbers of masks: the two that are least alike, and then one by one what is least like any of those chosen."""
    alike = jaccard(bits)
    np.fill_diagonal(alike, np.inf)
    if len(bits) < 2:
        return list(range(len(bits)))
    chosen = [int(one) for one in np.unravel_index(np.argmin(alike), alike.shape)]
    np.fill_diagonal(alike, 1.0)
    while len(chosen) < min(count, len(bits)):
        most = alike[:, chosen].max(1)
        most[chosen] = np.inf
        chosen.append(int(np.argmin(most)))
    return sorted(chosen[:count], key=lambda one: int(bits[one].sum()))


WAYS: Final[Mapping[str, Way]] = {
    "mixed": mixed,
    "deletion": deletion,
    "used first": used_first,
    "regrowth": regrowth,
    "ACDC": Acdc(),
}
