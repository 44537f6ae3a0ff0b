"""A guaranteed interval of the number of valid circuits where there are too many to search: uniform draws by size.

1. How many circuits there are of each size is exact. Neighbouring sizes are a stratum; in it circuits are drawn
   uniformly and independently, so that the valid ones among them are binomial, and the interval of Clopper and Pearson
   (1934) for their share, scaled to circuits and rounded outwards, holds the truth with a confidence of its own. Sizes
   that cannot be drawn contribute anything from none to all.
2. Intervals of strata are added, with the error divided by their number (Bonferroni). As widths add up, few strata are
   better than many: a pilot, whose draws are in no interval, decides which partition into at most three strata, and
   which allocation, is expected to be narrowest. One stratum, which is a plain uniform sample, is among those.
3. The pilot fixes the draws of the first round, and each round doubles all of them, whatever was found. After round r
   the interval has the error e/(r(r + 1)), which adds up to e over all rounds. So the interval at which somebody stops
   is right with confidence 1 − e, and a record can be continued.
4. The draws of a block come from the seed, the stratum and the number of the block alone, so that neither processes nor
   stops change what is drawn.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction
from functools import cached_property, partial
from itertools import accumulate, combinations, pairwise
from math import ceil, floor, isqrt
from random import Random
from typing import Final

import numpy as np

from pluriscope.analysis.circuits.estimating import share_interval
from pluriscope.analysis.errors import NotOffered
from pluriscope.analysis.numerics.large_numbers import in_words
from pluriscope.analysis.running.progress import KnownCircuits, OutOfTime, Progress
from pluriscope.analysis.running.work import DEFAULT_WORK, Work
from pluriscope.analysis.subjects.enumeration import are_circuits
from pluriscope.analysis.subjects.question import GraphQuestion
from pluriscope.analysis.values.certainty import Certainty

BLOCK: Final = 128
"""Circuits that are drawn together."""
FIRST_ROUND: Final = 8 * BLOCK
"""Circuits of the first round, about."""
_PILOT: Final = 12, 64  # parts of the sizes, and circuits drawn of each
WIDE: Final = 10
"""From how many times the lower end on an interval is not enough to say."""
_MOST_STRATA, _EXPECTED_ROUNDS, _MOST_ROUNDS, _KEPT, _DESCENTS = 3, 4, 32, 1_000, 8
_MOST_TRIED: Final = 1 << 16


@dataclass(frozen=True)
class Tally:
    """Circuits drawn of some sizes.

    Args:
        drawn: how many, with repetition.
        by_size: size → valid ones among them.
        bit_use: for each bit the valid ones that keep it.
    """

    drawn: int = 0
    by_size: Mapping[int, int] = field(default_factory=dict)
    bit_use: tuple[int, ...] = ()

    @property
    def valid(self) -> int:
        return sum(self.by_size.values())

    def __add__(self, other: Tally) -> Tally:
        use = tuple(np.add(self.bit_use, other.bit_use).tolist()) if self.bit_use else other.bit_use
        return Tally(self.drawn + other.drawn, dict(Counter(self.by_size) + Counter(other.by_size)), use)


Block = tuple[Mapping[int, int], int, tuple[int, int]]
"""Sizes and how many circuits there are of each; how many to draw; the stratum from 1, 0 for the pilot, and the number
of the block."""
Found = tuple[Tally, set[int]]
"""What was found in a block, and the valid circuits as numbers."""
Mapped = Callable[[Callable[[Block], Found], Sequence[Block]], Iterable[Found]]


@dataclass(frozen=True)
class Stratum:
    """Circuits of some sizes.

    Args:
        sizes: size → circuits there are of it, valid or not.
        first: circuits drawn in the first round; 0 where none can be drawn.
        tally: of all rounds.
    """

    sizes: Mapping[int, int]
    first: int
    tally: Tally = Tally()

    @cached_property
    def possible(self) -> int:
        return sum(self.sizes.values())

    def interval(self, valid: int, confidence: float) -> tuple[int, int]:
        """The least and the most circuits that are of a sort of which so many were drawn."""
        if not self.tally.drawn:
            return 0, self.possible
        low, high = share_interval(valid, self.tally.drawn, confidence)
        return floor(low * self.possible), ceil(high * self.possible)

    def expected(self, rounds: int, share: Fraction) -> Stratum:
        """Predict the stratum after some rounds in which a share of the drawn circuits is valid."""
        drawn = self.first << rounds - 1
        return replace(self, tally=Tally(drawn, {0: floor(drawn * share)}))


@dataclass(frozen=True)
class StrataCount:
    """An interval of the number of valid circuits, from draws by stratum.

    Args:
        strata: by ascending size; the last one holds what cannot be drawn, if anything.
        confidence: with which ``low`` to ``high`` holds the truth, and so does each interval of ``by_size`` by itself.
        seed: of all draws.
        rounds: that are in the interval.
        piloted: circuits drawn for the pilot.
        masks: valid circuits that were drawn, as numbers, each once: the 1,000 with the fewest bits.
    """

    strata: tuple[Stratum, ...]
    confidence: float
    seed: int
    rounds: int = 0
    piloted: int = 0
    masks: tuple[int, ...] = ()
    how: Certainty = "guaranteed"

    @property
    def drawn(self) -> int:
        return sum(one.tally.drawn for one in self.strata)

    @property
    def valid(self) -> int:
        """Valid ones among the drawn."""
        return sum(one.tally.valid for one in self.strata)

    @cached_property
    def intervals(self) -> tuple[tuple[int, int], ...]:
        """The fewest and the most valid circuits of each stratum; all intervals hold together with the confidence."""
        return tuple(one.interval(one.tally.valid, self._of_each) for one in self.strata)

    @property
    def low(self) -> int:
        """Valid circuits, at least so many; those seen are certain."""
        return max(sum(low for low, _ in self.intervals), len(self.masks))

    @property
    def high(self) -> int:
        """Valid circuits, at most so many."""
        return sum(high for _, high in self.intervals)

    @property
    def by_size(self) -> dict[int, tuple[int, int]]:
        """Size → the fewest and the most valid circuits of it."""
        found = {}
        for one in self.strata:
            for size, possible in one.sizes.items():
                low, high = one.interval(one.tally.by_size.get(size, 0), self._of_each)
                found[size] = min(low, possible), min(high, possible)
        return dict(sorted(found.items()))

    @property
    def enough(self) -> bool:
        """Whether the upper end is at most ten times the lower one."""
        return self.high <= WIDE * self.low

    @property
    def enough_at(self) -> int | None:
        """The number of draws that would be enough if shares stay as they are; None where no valid circuit was drawn,
        or where more than 10¹² are needed.
        """
        for rounds in range(self.rounds + 1, _MOST_ROUNDS) if self.valid else ():
            shares = [Fraction(one.tally.valid, one.tally.drawn or 1) for one in self.strata]
            strata = [one.expected(rounds, share) for one, share in zip(self.strata, shares, strict=True)]
            later = replace(self, strata=tuple(strata), rounds=rounds)
            if later.enough:
                return later.drawn
        return None

    @property
    def why(self) -> str:
        """The reason why the interval is too wide, a sentence; "" where it is narrow enough."""
        if self.enough:
            return ""
        if not self.rounds:
            return f"Not enough to say: there was no time for the pilot and the first {FIRST_ROUND:,} draws."
        if not self.valid:
            share = f"so at most a share of {self.high / sum(one.possible for one in self.strata):.2g} is"
            rarer = "a sample without one says nothing of kinds of circuits that are rarer"
            return f"Not enough to say: none of {self.drawn:,} drawn circuits is valid, {share}; {rarer}."
        more = f"about {in_words(self.enough_at)}" if self.enough_at else "no number of draws up to 10¹²"
        return f"Not enough to say: {self.valid:,} of {self.drawn:,} drawn circuits are valid; {more} would be enough."

    @property
    def known(self) -> KnownCircuits:
        """The bounds of the number of valid circuits, and the smallest circuit drawn."""
        possible, ends = sum(one.possible for one in self.strata), (self.low, self.high)
        return KnownCircuits(possible, isqrt(self.low * self.high), *ends, self.confidence, "sampled", self.masks[:1])

    @property
    def _of_each(self) -> float:
        """The confidence of the interval of each stratum: the error of a round by the strata that are drawn from."""
        n = self.rounds * (self.rounds + 1) * sum(one.first > 0 for one in self.strata)
        return 1.0 - (1.0 - self.confidence) / max(n, 1)


def count_by_strata(
    question: GraphQuestion,
    work: Work = DEFAULT_WORK,
    *,
    width: float = 0.2,
    most: int = 1 << 17,
    confidence: float = 0.95,
    seed: int = 0,
    earlier: StrataCount | None = None,
    mapped: Mapped = map,
) -> StrataCount:
    """An interval for the number of valid circuits.

    Args:
        work: reports progress after each block; may raise Cancelled. A round that it has no time for is not started.
        width: it stops when the upper end is at most 1 + ``width`` times the lower one.
        most: circuits to draw, at most; the pilot's are not counted.
        confidence: of the interval, between 0 and 1.
        seed: at least 0.
        earlier: a record of the same question, to continue with its confidence and seed.
        mapped: as ``map``, which may do the work in several processes; in the order of what is given.

    Raises:
        NotOffered: how many circuits there are of each size is not known.
    """
    sizes = question.space.possible_by_bits
    if sizes is None:
        raise NotOffered(
            f"circuits of {question.subject.name} by strata",
            f"how many there are of each size is not known for {question.kind.plural}",
            "search all of them under coarser rules",
        )
    found = earlier
    with work.ending("circuits"):
        found = found or _planned(question, sizes, confidence, seed, mapped, work)
        while (n := sum(one.first for one in found.strata) << found.rounds) and n <= most:
            if found.high <= (1 + width) * found.low:
                break
            start = work.clock()
            found = _after_round(question, found, mapped, work)
            work.report(Progress("circuits", 0, 1, (known := found.known).words, known=known))
            if work.seconds_left < 2 * (work.clock() - start):  # what the next one takes
                raise OutOfTime
    return found or StrataCount((Stratum(sizes, 0),), confidence, seed)


def smallest_found(question: GraphQuestion, count: StrataCount, work: Work = DEFAULT_WORK) -> int | None:
    """A small valid circuit, which need not be the smallest; None where none was drawn.

    It is the smallest that descents lead to, from each of the smallest drawn ones: leave out edges, at first many
    at once, as long as what is left is valid.

    Args:
        work: checked after each batch; what is found until its time is up, or 65,536 circuits were tried, is the
            answer.
    """
    tried, least = 0, question.graph.bits(count.masks[:_DESCENTS])
    together = least.sum(axis=1) // 2
    with work.ending("smallest"):
        while together.any() and tried < _MOST_TRIED:
            work.check()
            below, of = [least[:0]], [together[:0]]
            for at in np.flatnonzero(together):  # all descents are tried together, since runs of many are quicker
                bits = np.flatnonzero(least[at])
                some = np.tile(least[at], (-(-len(bits) // int(together[at])), 1))
                some[np.arange(len(bits)) // together[at], bits] = False
                below.append(question.space.reduce(some))
                of.append(np.full(len(some), at))
            circuits, start = np.concatenate(below), np.concatenate(of)
            tried += len(circuits)
            possible = are_circuits(question.space, circuits)
            if possible.any():
                possible[possible] = question.are_valid(circuits[possible])
            for at in np.flatnonzero(together):
                if len(valid := circuits[possible & (start == at)]):
                    least[at] = min(valid, key=np.count_nonzero)
                else:
                    together[at] //= 2
    return question.graph.number(min(least, key=np.count_nonzero)) if len(least) else None


def _planned(
    question: GraphQuestion, sizes: Mapping[int, int], confidence: float, seed: int, mapped: Mapped, work: Work
) -> StrataCount:
    """Strata and what is drawn of them in the first round, by a pilot."""
    drawable, (n_parts, n_each) = sorted(question.space.sizes_drawn), _PILOT
    parts = [part.tolist() for part in np.array_split(drawable, min(len(drawable), n_parts) or 1)]
    numbers = [{size: sizes[size] for size in part} for part in parts if part]
    blocks = [(one, n_each, (0, at)) for at, one in enumerate(numbers)]
    found = zip(numbers, _tallies(question, seed, blocks, mapped, work), strict=True)
    valid = [Fraction(sum(part.values()) * tally.valid, n_each) for part, (tally, _) in found]
    plans = _plans(numbers, valid, confidence)
    strata = min(plans, key=lambda plan: Fraction(plan.high + 1, plan.low + 1)).strata if numbers else ()
    left = {size: n for size, n in sizes.items() if size not in drawable}
    strata = (*(replace(one, tally=Tally()) for one in strata), *([Stratum(left, 0)] if left else []))
    return StrataCount(strata, confidence, seed, piloted=n_each * len(blocks))


def _plans(parts: Sequence[Mapping[int, int]], valid: Sequence[Fraction], confidence: float) -> Iterator[StrataCount]:
    """Predict the count after some rounds for each way to divide neighbouring parts into strata and to share draws."""
    n_blocks = FIRST_ROUND // BLOCK
    for n_ends in range(min(_MOST_STRATA, len(parts))):
        for ends in combinations(range(1, len(parts)), n_ends):
            groups = [slice(*pair) for pair in pairwise((0, *ends, len(parts)))]
            sizes = [{size: n for part in parts[group] for size, n in part.items()} for group in groups]
            expected = [sum(valid[group], start=Fraction()) for group in groups]
            for shared in combinations(range(1, n_blocks), n_ends):
                first = [BLOCK * (end - start) for start, end in pairwise((0, *shared, n_blocks))]
                strata = [
                    Stratum(one, n).expected(_EXPECTED_ROUNDS, number / sum(one.values()))
                    for one, n, number in zip(sizes, first, expected, strict=True)
                ]
                yield StrataCount(tuple(strata), confidence, 0, _EXPECTED_ROUNDS)


def _after_round(question: GraphQuestion, found: StrataCount, mapped: Mapped, work: Work) -> StrataCount:
    """The record with one round more."""
    rounds = found.rounds + 1
    blocks = [
        (one.sizes, BLOCK, (at, number))
        for at, one in enumerate(found.strata, start=1)
        for number in range(one.tally.drawn // BLOCK, (one.first << rounds - 1) // BLOCK)
    ]
    tallies, masks = [one.tally for one in found.strata], set(found.masks)
    in_order = _tallies(question, found.seed, blocks, mapped, work)
    for (_, _, (at, _)), (tally, some) in zip(blocks, in_order, strict=True):
        tallies[at - 1] += tally
        masks |= some
    strata = tuple(replace(one, tally=tally) for one, tally in zip(found.strata, tallies, strict=True))
    kept = sorted(masks, key=lambda mask: (mask.bit_count(), mask))[:_KEPT]
    return replace(found, strata=strata, rounds=rounds, masks=tuple(kept))


def _tallies(
    question: GraphQuestion, seed: int, blocks: Sequence[Block], mapped: Mapped, work: Work
) -> Iterator[Found]:
    """Yield the tally of each block and the masks of its valid circuits, in the order of the blocks."""
    so_far = Tally()
    work.report_step("circuits", 0, len(blocks))
    for done, found in enumerate(mapped(partial(_block, question, seed), blocks), start=1):
        so_far += found[0]
        work.report_step("circuits", done, len(blocks), f"{so_far.valid:,} valid of {so_far.drawn:,} drawn")
        yield found


def _block(question: GraphQuestion, seed: int, block: Block) -> Found:
    """Circuits drawn uniformly among all of some sizes."""
    by_size, n, key = block
    chance, (sizes, ends) = np.random.default_rng([seed, *key]), (list(by_size), list(accumulate(by_size.values())))
    exact = Random(chance.bytes(16))  # noqa: S311  # a sample that anyone can draw again, not a secret
    drawn = [sizes[bisect_right(ends, exact.randrange(ends[-1]))] for _ in range(n)]
    circuits = question.space.draw(np.array(drawn), chance)
    valid = circuits[question.are_valid(circuits)]
    tally = Tally(n, Counter(valid.sum(axis=1).tolist()), tuple(valid.sum(axis=0).tolist()))
    return tally, set(map(question.graph.number, valid))
