"""The tails of one state that some head may fit, in groups of nearby ones (:mod:`analysis.circuits.source_subsets`).

A tail asks of a head that its sum on every row lie between two floats, a box. Tails whose boxes nearly coincide form a
group: a head outside all of them fits none, a head inside all of them fits each, and only for the heads between is it
looked up which ones fit. Sums of a trained network lie in clumps, so those heads are few. Sets of tails are bits, 64 to
a word.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from analysis.circuits.decision_intervals import Box, greatest_addend, least_addend, rounding_slack

WORD = 64

Words = NDArray[np.uint64]


def n_words(n_items: int) -> int:
    """Words that a set over so many items takes."""
    return -(-n_items // WORD)


def times_included(sets: Words) -> NDArray[np.uint8]:
    """How many sets of each block hold each item.

    The sets of a block are added as whole words, by full adders: three planes of bits become a sum and a carry of twice
    the weight, a third of all planes at once. Only what is left, a plane for each power of two, is unpacked.

    Args:
        sets: ``[sets, blocks, words]``, at most 255 sets.

    Returns:
        ``[blocks, 64 · words]``.
    """
    times = np.zeros((sets.shape[1], WORD * sets.shape[2]), dtype=np.uint8)
    planes, weight = sets, 0
    while len(planes):
        carries = [planes[:0]]
        while len(planes) >= 3:
            third = len(planes) // 3
            a, b, c, left = np.split(planes, [third, 2 * third, 3 * third])
            either = a ^ b
            carries.append(a & b | either & c)
            planes = np.concatenate([left, either ^ c])
        for plane in planes:
            times += _unpacked(plane) << weight
        planes, weight = np.concatenate(carries), weight + 1
    return times


def _unpacked(plane: Words) -> NDArray[np.uint8]:
    """``[blocks, 64 · words]`` the bits of ``[blocks, words]``."""
    return np.unpackbits(plane.astype("<u8", copy=False).view(np.uint8), axis=1, bitorder="little")


@dataclass(frozen=True, eq=False)
class Tails:
    """Some choices of the tail's neurons, and what each asks of a head.

    Args:
        numbers: ``[tails]`` which choices.
        low: ``[rows, tails]`` the least head sum with which each ends in the row's box.
        high: ``[rows, tails]`` the greatest.
    """

    numbers: NDArray[np.int64]
    low: NDArray[np.float64]
    high: NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.numbers)

    def __getitem__(self, which: NDArray[np.int64]) -> Tails:
        return Tails(self.numbers[which], self.low[:, which], self.high[:, which])


@dataclass(frozen=True, eq=False)
class TailTerms:
    """What the tail's neurons add on top of one state, and which choices of them some heads may fit.

    Args:
        terms: ``[neurons, 2^sources, rows]`` what each neuron adds for each set of sources.
        boxes: for each row, the right pre-activations of the output.
        least: ``[rows]`` no head has a smaller sum.
        greatest: ``[rows]`` nor a greater one.
    """

    terms: NDArray[np.float64]
    boxes: Sequence[Box]
    least: NDArray[np.float64]
    greatest: NDArray[np.float64]

    @cached_property
    def _box_ends(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """``[rows, 1]`` each."""
        low, high = (np.array([getattr(box, end) for box in self.boxes])[:, None] for end in ("low", "high"))
        return low, high

    @cached_property
    def hopeful(self) -> tuple[NDArray[np.int64], NDArray[np.float64], NDArray[np.float64]]:
        """The choices that no row rules out at once, and about what they ask: ``[rows, choices]`` low and high.

        The true ends lie no further in than these.
        """
        n_sets, n_rows = self.terms.shape[1:]
        size = np.abs(self.terms).max(axis=1).sum(axis=0) + np.maximum(np.abs(self.least), np.abs(self.greatest))
        slack = rounding_slack(size[:, None], *self._box_ends)
        low, high = self._box_ends[0] - slack, self._box_ends[1] + slack
        numbers, sums = np.zeros(1, dtype=np.int64), np.zeros((n_rows, 1))
        for place, neuron in enumerate(self.terms, start=1):
            numbers = (numbers[:, None] * n_sets + np.arange(n_sets)).ravel()
            sums = (sums[:, :, None] + neuron.T[:, None, :]).reshape(n_rows, -1)
            # what the head and the neurons to come add at least and at most
            least = self.least + self.terms[place:].min(axis=1).sum(axis=0)
            greatest = self.greatest + self.terms[place:].max(axis=1).sum(axis=0)
            hopeful = ((sums >= low - greatest[:, None]) & (sums <= high - least[:, None])).all(axis=0)
            if not hopeful.all():
                numbers, sums = numbers[hopeful], sums[:, hopeful]
        return numbers, low - sums, high - sums

    def groups(self, size: int) -> list[tuple[NDArray[np.int64], NDArray[np.float64], NDArray[np.float64]]]:
        """The hopeful choices in groups of at most so many that ask nearly the same.

        Returns:
            For each group its choices, and ``[rows]`` two sums that no fitting head goes beyond.
        """
        numbers, low, high = self.hopeful
        if not len(numbers):
            return []
        # ends beyond every head's sum are alike: they rule out the same heads
        ends = np.clip(low, self.least[:, None], self.greatest[:, None])
        ends += np.clip(high, self.least[:, None], self.greatest[:, None])
        return [
            (numbers[members], low[:, members].min(axis=1), high[:, members].max(axis=1))
            for members in nearby(ends, size)
        ]

    @cached_property
    def _after_first(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Asked of the sum over the head and the tail's first neuron: ``[rows, choices of the others]`` each."""
        n_rows = self.terms.shape[2]
        low, high = self._box_ends
        for neuron in self.terms[:0:-1]:
            low = least_addend(low[:, None, :], neuron.T[:, :, None]).reshape(n_rows, -1)
            high = greatest_addend(high[:, None, :], neuron.T[:, :, None]).reshape(n_rows, -1)
        return low, high

    def tails(self, numbers: NDArray[np.int64]) -> Tails:
        """What some choices ask of a head, to the last bit; without those that none fits."""
        n_neurons, n_sets, _ = self.terms.shape
        first, rest = np.divmod(numbers, n_sets ** (n_neurons - 1))
        term = self.terms[0].T[:, first]
        low = least_addend(self._after_first[0][:, rest], term)
        high = greatest_addend(self._after_first[1][:, rest], term)
        fits = (low <= high) & (low <= self.greatest[:, None]) & (high >= self.least[:, None])
        return Tails(numbers, low, high)[np.flatnonzero(fits.all(axis=0))]


def nearby(points: NDArray[np.float64], size: int) -> list[NDArray[np.int64]]:
    """Points in groups of nearby ones: halved along the coordinate in which they are spread most, again and again.

    Args:
        points: ``[coordinates, points]``.
        size: of a group, at most; groups are as large as it, but for one on the way.

    Returns:
        The numbers of each group's points.
    """
    groups: list[NDArray[np.int64]] = []
    waiting = [(np.arange(points.shape[1]), points)]
    while waiting:
        members, here = waiting.pop()
        if len(members) <= size:
            groups.append(members)
            continue
        widest = here[int(np.argmax(here.max(axis=1) - here.min(axis=1)))]
        middle = -(-len(members) // (2 * size)) * size
        order = np.argpartition(widest, middle)  # where equal coordinates go makes no difference to any count
        # the points move along with their numbers, so that none is looked for far away
        waiting += [(members[half], here.take(half, axis=1)) for half in (order[middle:], order[:middle])]
    return groups


@dataclass(frozen=True, eq=False)
class TailGroup:
    """A group of tails, sorted by class, with the sets of those that fit a head sum.

    Args:
        tails: sorted by class.
        class_of: ``[tails]`` class of each, ascending.
    """

    tails: Tails
    class_of: NDArray[np.int64]

    @classmethod
    def of(cls, tails: Tails, class_of: NDArray[np.int64]) -> TailGroup:
        """The group of some tails.

        Args:
            tails: in any order.
            class_of: the class of every choice of the tail's neurons.
        """
        order = np.argsort(class_of[tails.numbers], kind="stable")
        return cls(tails[order], class_of[tails.numbers[order]])

    @cached_property
    def classes(self) -> NDArray[np.int64]:
        """The classes that occur, ascending."""
        return np.unique(self.class_of)

    @cached_property
    def starts(self) -> NDArray[np.int64]:
        """The first tail of each class that occurs."""
        return np.searchsorted(self.class_of, self.classes)

    @property
    def n_words(self) -> int:
        return n_words(len(self.tails))

    @cached_property
    def lows(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """On each row, the smallest and the largest of the lower ends."""
        return self.tails.low.min(axis=1), self.tails.low.max(axis=1)

    @cached_property
    def highs(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """On each row, the smallest and the largest of the upper ends."""
        return self.tails.high.min(axis=1), self.tails.high.max(axis=1)

    def packed(self, members: NDArray[np.bool_]) -> Words:
        """Bit sets of rows of Booleans over the tails, ``[sets, words]``."""
        padded = np.zeros((len(members), self.n_words * WORD), dtype=np.bool_)
        padded[:, : len(self.tails)] = members
        return np.packbits(padded, axis=1, bitorder="little").view("<u8").astype(np.uint64, copy=False)

    def sets_on(self, row: int, least: float, greatest: float) -> tuple[NDArray[np.float64], Words]:
        """The sets of tails that fit a sum on one row.

        Args:
            least: no sum that is asked about is smaller, so that what changes up to it need not be told apart.
            greatest: none is greater.

        Returns:
            The sums at which the set changes, ascending, and the set before the first and from each of them on.
        """
        low, high = self.tails.low[row], self.tails.high[row]
        # a tail comes in at its lower end and goes out at the float above its upper end
        coming = np.flatnonzero((low > least) & (low <= greatest))
        going = np.flatnonzero((high >= least) & (high < greatest))
        changes = np.concatenate([low[coming], np.nextafter(high[going], np.inf)])
        order = np.argsort(changes, kind="stable")
        which = np.concatenate([coming, going])[order]
        sets = np.zeros((len(which) + 1, self.n_words), dtype=np.uint64)
        sets[0] = self.packed(((low <= least) & (high >= least))[None])[0]
        sets[np.arange(1, len(sets)), which // WORD] = np.uint64(1) << (which % WORD).astype(np.uint64)
        np.bitwise_xor.accumulate(sets, axis=0, out=sets)
        return changes[order], sets
