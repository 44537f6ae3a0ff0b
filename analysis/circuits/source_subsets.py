"""The last hidden layer's combinations on top of one state of the layers below: how many are right, without listing.

Given the state, neuron j of the last hidden layer adds one of 2^a independent terms to the output's pre-activation (one
for each set of its a active sources; the empty set: the neuron is inactive). A combination is one set for each neuron.

1. Split. The neurons are a *head* (the first ones) and a *tail* (the last ones). The search sums from the left, so the
   sum over the head, from the bias on, is exactly the float that the search has at that point.
2. Turn the tail round. The final sum is right on a row if it lies in that row's box
   (:mod:`analysis.circuits.decision_intervals`). For one combination of the tail's neurons, the head sums that end in
   the box are an interval of floats, found exactly. So head and tail fit if on every row
   ``low[tail] ≤ sum[head] ≤ high[tail]``: comparisons of floats, with no
   further rounding. The verdict is the search's own, bit for bit, ties on a box's edge included; nothing needs a
   tolerance.
3. Count pairs. With the tails sorted by one row's threshold, those that fit a head are a prefix of that order, whose
   length is a binary search. The prefixes are kept as bit sets; each head's tails are the AND over all rows and ends.
4. Use every source. A head that leaves the sources M unused needs tails that use all of M: one more AND with a set
   fixed beforehand, which also holds the protocol's filter on the number of active neurons.
5. Distributions. Population counts by head, and by tail and class of heads (edges, neurons), give the number of valid
   circuits by edges, by neurons and by each neuron's sources. No circuit is listed.

Where a layer has few combinations, heads and tails are compared directly, for many states at once.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from itertools import groupby
from typing import Final

import numpy as np
from numpy.typing import NDArray

from analysis.circuits.bitsets import Words, members_of, n_words, packed, sizes_of, times_included
from analysis.circuits.decision_intervals import Box, greatest_addend, least_addend
from analysis.circuits.suffix_sums import End, Tails

MAX_TAILS: Final = 4096
MAX_LOG2_COMBINATIONS: Final = 52  # so that a state's counts are exact in float64 and int64 alike
MAX_SOURCES: Final = 12  # one neuron's sets of sources are at most 4,096
_COMPARED_DIRECTLY: Final = 1 << 13  # combinations on top of one state
_COMPARED_AT_ONCE: Final = 1 << 20
_WORDS_AT_ONCE: Final = 1 << 19  # 4 MiB of bit sets
_FEW_LEFT: Final = 0.7  # once a smaller share of heads is alive the others are dropped
_PROBED: Final = 16  # one of so many heads tells whether to look for dead ones
_STATES_AT_ONCE: Final = 1 << 24  # combinations


@dataclass(eq=False)
class Tally:
    """Valid combinations on top of some states.

    Args:
        units: ``[states, units]`` valid ones in each unit, in the order in which they are numbered.
        by_class: (state's edges, edges added, neurons added) → number.
        by_neuron: ``[neurons, 2^sources]`` how many have that neuron choose that set.
    """

    units: NDArray[np.int64]
    by_class: dict[tuple[int, int, int], int] = field(default_factory=dict)
    by_neuron: NDArray[np.object_] = field(default_factory=lambda: np.zeros((0, 0), dtype=object))

    def add_class(self, edges_below: int, n_edges: int, n_active: int, number: int) -> None:
        key = (edges_below, n_edges, n_active)
        self.by_class[key] = self.by_class.get(key, 0) + number


@dataclass(frozen=True, eq=False)
class Combinations:
    """The combinations of the last hidden layer over one set of active sources.

    Args:
        n_sources: active sources a, each of which must be used.
        width: neurons k of the last hidden layer.
        n_active: numbers of active neurons that the protocol admits.
        bias: the output's.
        boxes: for each row, the right pre-activations of the output.
    """

    n_sources: int
    width: int
    n_active: frozenset[int]
    bias: float
    boxes: tuple[Box, ...]

    @cached_property
    def parts(self) -> tuple[Choices, Choices, Choices]:
        """The neurons that lead (fixed for one unit), the rest of the head, and the tail."""
        n_tail = 1
        while n_tail + 1 <= self.width // 2 and 1 << self.n_sources * (n_tail + 1) <= MAX_TAILS:
            n_tail += 1
        tail = choices_of(self.n_sources, n_tail)
        n_middle = self.width - n_tail
        if not self.direct:
            room = _WORDS_AT_ONCE // n_words(len(tail))
            while n_middle > 1 and 1 << self.n_sources * n_middle > room:
                n_middle -= 1
        return choices_of(self.n_sources, self.width - n_tail - n_middle), choices_of(self.n_sources, n_middle), tail

    @property
    def direct(self) -> bool:
        """Whether heads and tails are compared one by one."""
        return 1 << self.n_sources * self.width <= _COMPARED_DIRECTLY

    @property
    def n_units(self) -> int:
        """Units into which the combinations on top of one state are divided."""
        return len(self.parts[0])

    @property
    def n_ends(self) -> int:
        """Ends of boxes that a sum can fall beyond."""
        return sum((box.low > -np.inf) + (box.high < np.inf) for box in self.boxes)

    @property
    def n_operations(self) -> int:
        """At most so many operations on top of one state: comparisons of floats, or ANDs of words."""
        if self.direct:
            return self.n_ends << self.n_sources * self.width
        lead, middle, tail = self.parts
        return len(lead) * len(middle) * n_words(len(tail)) * self.n_ends

    @property
    def n_ranked(self) -> int:
        """Heads sorted on top of one state, once for each end; 0 where heads and tails are compared directly."""
        if self.direct:
            return 0
        lead, middle, _ = self.parts
        return len(lead) * len(middle) * self.n_ends

    @property
    def n_bytes(self) -> int:
        """Memory that counting on top of one state takes, about."""
        if self.direct:
            return 2 * _COMPARED_AT_ONCE
        _, middle, tail = self.parts
        words = n_words(len(tail))
        tables = self.n_ends * (len(tail) + 1) * (words + 2)
        heads = len(middle) * (3 * words + len(self.boxes) + 3)
        allowed = (1 << self.n_sources) * self.width * (words + len(tail) // 8)
        return 8 * (tables + heads + allowed)

    @property
    def states_at_once(self) -> int:
        n_combinations = 1 << self.n_sources * self.width
        return max(1, (_COMPARED_AT_ONCE if self.direct else _STATES_AT_ONCE) // n_combinations)

    @cached_property
    def _allowed(self) -> NDArray[np.bool_]:
        """``[sources missing, head's active neurons, tails]``: which tails make the combination a circuit."""
        lead, middle, tail = self.parts
        missing = np.arange(2**self.n_sources)[:, None]
        uses = np.equal(missing & ~tail.used, 0)
        n_total = np.arange(lead.n_neurons + middle.n_neurons + 1)[:, None] + tail.n_active
        admitted = np.isin(n_total, sorted(self.n_active))
        allowed: NDArray[np.bool_] = uses[:, None, :] & admitted[None, :, :]
        return allowed

    @cached_property
    def _allowed_sets(self) -> Words:
        """The same as bit sets, ``[missing · (head's neurons + 1), words]``."""
        return packed(self._allowed.reshape(-1, len(self.parts[2])))

    def _key(self, used: NDArray[np.int64], n_active: NDArray[np.int64]) -> NDArray[np.int64]:
        """Row of :attr:`_allowed_sets` for heads that use these sources and have so many active neurons."""
        lead, middle, _ = self.parts
        missing = ~used & (2**self.n_sources - 1)
        key: NDArray[np.int64] = missing * (lead.n_neurons + middle.n_neurons + 1) + n_active
        return key

    @cached_property
    def _is_circuit(self) -> NDArray[np.bool_]:
        """``[heads, tails]``, where heads and tails are compared directly."""
        head = self.parts[1]
        return self._allowed.reshape(-1, len(self.parts[2]))[self._key(head.used, head.n_active)]

    @cached_property
    def n_circuits(self) -> int:
        """Circuits on top of each state."""
        lead, middle, _ = self.parts
        sizes = self._allowed.sum(axis=2).reshape(-1)
        return sum(
            int(sizes[self._key(middle.used | used, middle.n_active + n)].sum())
            for used, n in zip(lead.used.tolist(), lead.n_active.tolist(), strict=True)
        )

    def tally(self, terms: NDArray[np.float64], edges_below: NDArray[np.int64]) -> Tally:
        """Count the valid combinations on top of each state.

        Args:
            terms: ``[states, width, 2^sources, rows]`` what each neuron adds for each set of sources.
            edges_below: ``[states]`` edges of each state, only passed on into the classes.
        """
        units = np.zeros((len(terms), self.n_units), dtype=np.int64)
        tally = Tally(units, by_neuron=np.zeros((self.width, 2**self.n_sources), dtype=object))
        hopeful = np.flatnonzero(self._hopeful(terms))
        if not len(hopeful):
            return tally
        if self.direct:
            self._tally_directly(terms[hopeful], hopeful, edges_below, tally)
        else:
            for state in hopeful.tolist():
                tails = self.tails_of(terms[state])
                if tails is not None:
                    self._tally_state(terms[state], tails, state, int(edges_below[state]), tally)
        return tally

    def numbered(
        self, terms: NDArray[np.float64], unit: int, numbers: Sequence[int], tails: Tails | None
    ) -> Iterator[NDArray[np.int64]]:
        """The valid combinations with these numbers in one unit on top of one state.

        Args:
            terms: ``[width, 2^sources, rows]``.
            unit: which unit.
            numbers: each from 0 up to the unit's count.
            tails: from :meth:`tails_of`, the same for all units of a state.

        Yields:
            ``[width]`` each neuron's set of sources.
        """
        lead, middle, tail = self.parts
        if tails is None:
            places = np.divmod(np.flatnonzero(self._compared(terms[None])[0])[list(numbers)], len(tail))
            pairs = zip(*(place.tolist() for place in places), strict=True)
        else:
            heads, sets, sizes = self._fitting(terms, unit, tails)
            ends = np.cumsum(sizes)
            which = np.searchsorted(ends, np.array(numbers), side="right")
            within = np.array(numbers) - np.where(which > 0, ends[which - 1], 0)
            tail_numbers = [members_of(sets[i], len(tail))[n] for i, n in zip(which, within, strict=True)]
            pairs = zip(heads[which].tolist(), tail_numbers, strict=True)
        for head_number, tail_number in pairs:
            yield np.concatenate([lead.choices[unit], middle.choices[head_number], tail.choices[tail_number]])

    def tails_of(self, terms: NDArray[np.float64]) -> Tails | None:
        """What the tails on top of one state ask of a head; None where heads and tails are compared directly."""
        if self.direct:
            return None
        ends = []
        low, high = self._tail_ends(terms[None])
        for row, box in enumerate(self.boxes):
            if box.low > -np.inf:
                ends.append(End(row, True, low[row, 0]))
            if box.high < np.inf:
                ends.append(End(row, False, high[row, 0]))
        start = np.full(1, self.bias)
        rows = range(terms.shape[2])
        lead_sums = [self._head_sums(terms[None, :, :, row], start, 0, self.parts[0])[0] for row in rows]
        return Tails(tuple(ends), np.array(lead_sums))

    def _hopeful(self, terms: NDArray[np.float64]) -> NDArray[np.bool_]:
        """States in which no row rules every combination out; rounded sums of the extremes bound all sums."""
        least = greatest = np.full((len(terms), terms.shape[3]), self.bias)
        for neuron in range(self.width):
            least = least + terms[:, neuron].min(axis=1)
            greatest = greatest + terms[:, neuron].max(axis=1)
        lows, highs = (np.array([getattr(box, end) for box in self.boxes]) for end in ("low", "high"))
        hopeful: NDArray[np.bool_] = np.all((greatest >= lows) & (least <= highs), axis=1)
        return hopeful

    def _tail_ends(self, terms: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Least and greatest head sum with which each tail ends in each row's box, ``[rows, states, tails]`` each."""
        n_states, by_row = len(terms), terms.transpose(3, 0, 1, 2)
        low, high = (
            np.broadcast_to(
                np.array([getattr(box, end) for box in self.boxes])[:, None, None], (len(by_row), n_states, 1)
            )
            for end in ("low", "high")
        )
        for neuron in reversed(range(self.width - self.parts[2].n_neurons, self.width)):
            term = by_row[:, :, neuron, :, None]
            low = least_addend(low[:, :, None, :], term).reshape(len(by_row), n_states, -1)
            high = greatest_addend(high[:, :, None, :], term).reshape(len(by_row), n_states, -1)
        return low, high

    def _head_sums(
        self, terms: NDArray[np.float64], start: NDArray[np.float64], first: int, part: Choices
    ) -> NDArray[np.float64]:
        """Sums of a part's choices in the search's order, ``[states, choices]``, for one row.

        Args:
            terms: ``[states, width, 2^sources]`` on that row.
            start: ``[states]`` the sum so far.
            first: the part's first neuron.
            part: which choices.
        """
        sums = start[:, None]
        for neuron in range(first, first + part.n_neurons):
            sums = (sums[:, :, None] + terms[:, neuron, None, :]).reshape(len(terms), -1)
        return sums

    def _compared(self, terms: NDArray[np.float64]) -> NDArray[np.bool_]:
        """``[states, heads, tails]``: which combinations are circuits and right on every row."""
        fits = np.broadcast_to(self._is_circuit, (len(terms), *self._is_circuit.shape)).copy()
        low, high = self._tail_ends(terms)
        for row, box in enumerate(self.boxes):
            heads = self._head_sums(terms[..., row], np.full(len(terms), self.bias), 0, self.parts[1])[:, :, None]
            if box.low > -np.inf:
                fits &= heads >= low[row, :, None, :]
            if box.high < np.inf:
                fits &= heads <= high[row, :, None, :]
        return fits

    def _tally_directly(
        self, terms: NDArray[np.float64], states: NDArray[np.int64], edges_below: NDArray[np.int64], tally: Tally
    ) -> None:
        fits = self._compared(terms)
        tally.units[states, 0] = fits.sum(axis=(1, 2))
        head, tail = self.parts[1:]
        below = edges_below[states]
        for edges in np.unique(below).tolist():
            times = fits[below == edges].sum(axis=0, dtype=np.int64)
            tally.by_neuron += np.concatenate(
                [head.by_neuron(times.sum(axis=1)), tail.by_neuron(times.sum(axis=0))]
            ).astype(object)
            by_head = np.add.reduceat(times[head.by_class], head.class_starts[:-1], axis=0)
            self._add_classes(tally, edges, 0, 0, by_head)

    def _add_classes(self, tally: Tally, below: int, n_edges: int, n_active: int, times: NDArray[np.int64]) -> None:
        """Add counts by class of head and by tail, on top of a lead with so many edges and active neurons."""
        head, tail = self.parts[1:]
        by_both = np.add.reduceat(times[:, tail.by_class], tail.class_starts[:-1], axis=1)
        # sizes as one number; a state's counts are exact in float64, so their sums by size are too
        base = self.width + 1
        sizes = (head.classes @ [base, 1])[:, None] + tail.classes @ [base, 1]
        by_size = np.bincount(sizes.ravel(), weights=by_both.ravel())
        for size in np.flatnonzero(by_size).tolist():
            edges, active = divmod(size, base)
            tally.add_class(below, n_edges + edges, n_active + active, int(by_size[size]))

    def _tally_state(self, terms: NDArray[np.float64], tails: Tails, state: int, below: int, tally: Tally) -> None:
        lead, middle, tail = self.parts
        by_lead, by_middle = np.zeros(len(lead), dtype=np.int64), np.zeros(len(middle), dtype=np.int64)
        by_tail = np.zeros(len(tail), dtype=np.int64)
        # a lead's class shifts those of its heads, so units of one class of leads are added up before
        by_lead_class: dict[int, NDArray[np.int64]] = {}
        for unit in self._hopeful_units(terms, tails):
            heads, sets, sizes = self._fitting(terms, unit, tails)
            if not len(heads):
                continue
            by_lead[unit] = sizes.sum()
            by_middle[heads] += sizes
            starts = np.searchsorted(middle.class_of[heads], np.arange(len(middle.classes) + 1))
            times = times_included(sets, starts, len(tail))
            by_tail += times.sum(axis=0)
            lead_class = int(lead.class_of[unit])
            known = by_lead_class.get(lead_class)
            by_lead_class[lead_class] = times if known is None else known + times
        tally.units[state] = by_lead
        parts = ((lead, by_lead), (middle, by_middle), (tail, by_tail))
        tally.by_neuron += np.concatenate([part.by_neuron(counts) for part, counts in parts]).astype(object)
        for lead_class, times in by_lead_class.items():
            n_edges, n_active = lead.classes[lead_class].tolist()
            self._add_classes(tally, below, n_edges, n_active, times)

    def _hopeful_units(self, terms: NDArray[np.float64], tails: Tails) -> list[int]:
        """Units that no row rules out altogether."""
        lead, middle, _ = self.parts
        least = greatest = tails.lead_sums
        for neuron in range(lead.n_neurons, lead.n_neurons + middle.n_neurons):
            least = least + terms[neuron].min(axis=0)[:, None]
            greatest = greatest + terms[neuron].max(axis=0)[:, None]
        # the tails that the kindest sum of each row admits: where no tail is left, no head of the unit fits any
        admitted = np.full((len(lead), n_words(len(self.parts[2]))), ~np.uint64(0))
        for end in tails.ends:
            admitted &= end.sets[end.rank(greatest[end.row] if end.is_low else least[end.row])]
        return np.flatnonzero(admitted.any(axis=1)).tolist()

    def _fitting(
        self, terms: NDArray[np.float64], unit: int, tails: Tails
    ) -> tuple[NDArray[np.int64], Words, NDArray[np.int64]]:
        """The heads of one unit that fit at least one tail, sorted by class.

        Returns:
            The heads, the set of tails that each fits, and how many those are.
        """
        lead, middle, _ = self.parts
        by_row = [(row, list(ends)) for row, ends in groupby(tails.ends, key=lambda end: end.row)]
        sums: dict[int, NDArray[np.float64]] = {}
        alive = np.ones(len(middle), dtype=np.bool_)
        for row, ends in by_row:
            start = tails.lead_sums[row, unit : unit + 1]
            sums[row] = self._head_sums(terms[None, :, :, row], start, lead.n_neurons, middle)[0]
            for end in ends:
                alive &= sums[row] >= end.sorted[0] if end.is_low else sums[row] <= end.sorted[-1]
        heads = middle.by_class[alive[middle.by_class]]
        key = self._key(middle.used[heads] | lead.used[unit], middle.n_active[heads] + lead.n_active[unit])
        sets = np.take(self._allowed_sets, key, axis=0)
        admitted = np.empty_like(sets)  # one array for all ends: new memory is slower than the work on it
        for row, ends in by_row:
            here = sums[row][heads]
            binding = [end for end in ends if not end.admits_all(here)]
            if not binding:
                continue
            order = np.argsort(here)
            for end in binding:
                ranks = end.ranks(here, order)
                if len(heads):
                    sets &= np.take(end.sets, ranks, axis=0, out=admitted[: len(heads)], mode="clip")
            if np.count_nonzero(np.any(sets[::_PROBED] != 0, axis=1)) < _FEW_LEFT * len(sets[::_PROBED]):
                live: NDArray[np.bool_] = np.any(sets != 0, axis=1)
                heads, sets = heads[live], sets[live]
        sizes = sizes_of(sets)
        fitting = sizes > 0
        return heads[fitting], sets[fitting], sizes[fitting]


# --- choices of sources by some neurons of a layer, numbered, with what each uses and how large it is


@dataclass(frozen=True)
class Choices:
    """All choices of some neurons, one set of sources each (none: inactive); the first neuron is most significant.

    Args:
        n_sources: active sources.
        n_neurons: neurons that choose.
    """

    n_sources: int
    n_neurons: int

    @property
    def shape(self) -> tuple[int, ...]:
        return (2**self.n_sources,) * self.n_neurons

    def __len__(self) -> int:
        return int(2 ** (self.n_sources * self.n_neurons))

    @cached_property
    def choices(self) -> NDArray[np.int64]:
        """``[choices, neurons]`` bit sets over the sources."""
        axes = np.unravel_index(np.arange(len(self)), self.shape) if self.n_neurons else ()
        return np.array(axes, dtype=np.int64).reshape(self.n_neurons, len(self)).T

    @cached_property
    def used(self) -> NDArray[np.int64]:
        """Sources used by each choice."""
        used: NDArray[np.int64] = np.bitwise_or.reduce(self.choices, axis=1)
        return used

    @cached_property
    def n_active(self) -> NDArray[np.int64]:
        """Active neurons of each choice."""
        n_active: NDArray[np.int64] = (self.choices > 0).sum(axis=1, dtype=np.int64)
        return n_active

    @cached_property
    def n_edges(self) -> NDArray[np.int64]:
        """Edges of each choice: those into its neurons, and one from each active neuron to the output."""
        into: NDArray[np.int64] = np.bitwise_count(self.choices).sum(axis=1, dtype=np.int64)
        return into + self.n_active

    @cached_property
    def classes(self) -> NDArray[np.int64]:
        """``[classes, 2]`` the pairs (edges, active neurons) that occur, ascending."""
        return np.unique(np.stack([self.n_edges, self.n_active], axis=1), axis=0)

    @cached_property
    def class_of(self) -> NDArray[np.int64]:
        """Class of each choice."""
        pairs = np.stack([self.n_edges, self.n_active], axis=1)
        return np.unique(pairs, axis=0, return_inverse=True)[1].reshape(-1).astype(np.int64)

    @cached_property
    def by_class(self) -> NDArray[np.int64]:
        """The choices sorted by class."""
        return np.argsort(self.class_of, kind="stable")

    @cached_property
    def class_starts(self) -> NDArray[np.int64]:
        """Where each class starts in :attr:`by_class`, and the number of choices last."""
        return np.searchsorted(self.class_of[self.by_class], np.arange(len(self.classes) + 1))

    def by_neuron(self, counts: NDArray[np.int64]) -> NDArray[np.int64]:
        """Counts by choice as counts by neuron and its set of sources, ``[neurons, 2^sources]``."""
        cube = counts.reshape(self.shape)
        axes = range(self.n_neurons)
        sums = [cube.sum(axis=tuple(other for other in axes if other != axis)) for axis in axes]
        return np.array(sums, dtype=np.int64).reshape(self.n_neurons, 2**self.n_sources)


@lru_cache(maxsize=64)
def choices_of(n_sources: int, n_neurons: int) -> Choices:
    """The choices of so many neurons among so many sources, shared."""
    return Choices(n_sources, n_neurons)
