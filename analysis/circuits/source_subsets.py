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
3. Count pairs. Tails whose intervals nearly coincide form a group (:mod:`analysis.circuits.tail_groups`). A head
   outside all intervals of a group on some row fits none of its tails; one inside all of them on every row fits each,
   and such heads are counted by what they use, not one by one; only for the heads between is the set of tails looked
   up row by row, as bits, and joined by AND.
4. Use every source. A head that leaves the sources M unused needs tails that use all of M: one more set, fixed
   beforehand, which also holds the protocol's filter on the number of active neurons.
5. Distributions. Numbers of pairs by head, by tail, and by classes of both (edges, neurons) give the number of valid
   circuits by edges, by neurons and by each neuron's sources. No circuit is listed.

Where a layer has few combinations, heads and tails are compared directly, for many states at once.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from math import comb
from typing import Final

import numpy as np
from numpy.typing import NDArray

from analysis.circuits.decision_intervals import Box, greatest_addend, least_addend
from analysis.circuits.space import count_matrices
from analysis.circuits.tail_groups import WORD, TailGroup, TailTerms, n_words, times_included

MAX_LOG2_COMBINATIONS: Final = 52  # so that a state's counts are exact in float64 and int64 alike
MAX_SOURCES: Final = 12  # one neuron's sets of sources are at most 4,096
_MOST_HEADS: Final = 1 << 18  # that meet the tails at once
_MOST_TAILS: Final = 1 << 18
_COMPARED_DIRECTLY: Final = 1 << 16  # combinations on top of one state
_COMPARED_AT_ONCE: Final = 1 << 20
_WORDS_AT_ONCE: Final = 1 << 17  # of sets of tails: one MiB, about what stays in a core's cache
_STATES_AT_ONCE: Final = 1 << 24  # combinations
_IN_A_GROUP: Final = 2048  # tails, at most
_IN_A_BLOCK: Final = 63  # heads whose sets are added before their bits are unpacked: six planes instead of 63


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
        """The neurons that lead (fixed while heads and tails meet), the rest of the head, and the tail."""
        n_tail = 1
        while n_tail + 1 <= self.width // 2 and 1 << self.n_sources * (n_tail + 1) <= _MOST_TAILS:
            n_tail += 1
        n_middle = self.width - n_tail
        while not self.direct and n_middle > 1 and 1 << self.n_sources * n_middle > _MOST_HEADS:
            n_middle -= 1
        sizes = (self.width - n_tail - n_middle, n_middle, n_tail)
        lead, middle, tail = (choices_of(self.n_sources, n_neurons) for n_neurons in sizes)
        return lead, middle, tail

    @property
    def direct(self) -> bool:
        """Whether heads and tails are compared one by one."""
        return 1 << self.n_sources * self.width <= _COMPARED_DIRECTLY

    @property
    def group_size(self) -> int:
        """Tails in a group, at most: half of them where they are few."""
        return max(1, min(_IN_A_GROUP, len(self.parts[2]) // 2))

    @property
    def n_units(self) -> int:
        """Units into which the combinations on top of one state are divided: by all of the head but its last neuron."""
        lead, middle, _ = self.parts
        return 1 if self.direct else len(lead) * len(middle) >> self.n_sources

    @property
    def n_ends(self) -> int:
        """Ends of boxes that a sum can fall beyond."""
        return sum((box.low > -np.inf) + (box.high < np.inf) for box in self.boxes)

    @property
    def n_operations(self) -> int:
        """At most so many comparisons of floats on top of one state: of heads with tails, or with groups of tails."""
        if self.direct:
            return self.n_ends << self.n_sources * self.width
        lead, middle, tail = self.parts
        return len(lead) * len(middle) * -(-len(tail) // self.group_size) * self.n_ends

    @property
    def n_sums(self) -> int:
        """Sums over heads and over tails on top of one state; 0 where heads and tails are compared directly."""
        lead, middle, tail = self.parts
        return 0 if self.direct else len(lead) * (len(middle) + len(tail))

    @property
    def n_bytes(self) -> int:
        """Memory that counting on top of one state takes, about."""
        if self.direct:
            return 2 * _COMPARED_AT_ONCE
        _, middle, tail = self.parts
        n_rows = len(self.boxes)
        words = n_words(self.group_size)
        sets = self.n_ends * self.group_size * words + 4 * max(_WORDS_AT_ONCE, _IN_A_BLOCK * words)
        return 8 * (len(middle) * (3 * n_rows + 8) + len(tail) * (8 * n_rows + 2) + sets)

    @property
    def states_at_once(self) -> int:
        n_combinations = 1 << self.n_sources * self.width
        return max(1, (_COMPARED_AT_ONCE if self.direct else _STATES_AT_ONCE) // n_combinations)

    @cached_property
    def _n_heads_active(self) -> int:
        """Numbers of active neurons that heads are told apart by: one where the protocol admits every number."""
        lead, middle, _ = self.parts
        return 1 if len(self.n_active) == self.width else lead.n_neurons + middle.n_neurons + 1

    def _allowed(self, tails: NDArray[np.int64]) -> NDArray[np.bool_]:
        """``[keys, tails]``: which of some tails make the combination a circuit, by the key of its head."""
        tail = self.parts[2]
        missing = np.arange(2**self.n_sources)[:, None]
        uses: NDArray[np.bool_] = np.equal(missing & ~tail.used[tails], 0)
        if self._n_heads_active == 1:
            return uses
        n_total = np.arange(self._n_heads_active)[:, None] + tail.n_active[tails]
        admitted = np.isin(n_total, sorted(self.n_active))
        allowed: NDArray[np.bool_] = uses[:, None, :] & admitted[None, :, :]
        return allowed.reshape(-1, len(tails))

    def _key(self, used: NDArray[np.int64], n_active: NDArray[np.int64]) -> NDArray[np.int64]:
        """Row of :meth:`_allowed` for heads that use these sources and have so many active neurons."""
        missing = ~used & (2**self.n_sources - 1)
        key: NDArray[np.int64] = missing if self._n_heads_active == 1 else missing * self._n_heads_active + n_active
        return key

    @cached_property
    def _is_circuit(self) -> NDArray[np.bool_]:
        """``[heads, tails]``, where heads and tails are compared directly."""
        _, head, tail = self.parts
        return self._allowed(np.arange(len(tail)))[self._key(head.used, head.n_active)]

    @cached_property
    def n_circuits(self) -> int:
        """Circuits on top of each state."""
        return sum(comb(self.width, n) * count_matrices(n, self.n_sources) for n in self.n_active)

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
                self._tally_state(terms[state], state, int(edges_below[state]), tally)
        return tally

    def numbered(self, terms: NDArray[np.float64], unit: int, numbers: Sequence[int]) -> Iterator[NDArray[np.int64]]:
        """The valid combinations with these numbers in one unit on top of one state.

        Args:
            terms: ``[width, 2^sources, rows]``.
            unit: which unit.
            numbers: each from 0 up to the unit's count.

        Yields:
            ``[width]`` each neuron's set of sources.
        """
        lead, middle, tail = self.parts
        if self.direct:
            outer, heads = 0, np.arange(len(middle))
        else:
            n_sets = 2**self.n_sources
            outer, first = divmod(unit, len(middle) // n_sets)
            heads = first * n_sets + np.arange(n_sets)
        tails, fits = self._compared_with(terms, outer, heads)
        which, members = np.divmod(np.flatnonzero(fits)[list(numbers)], fits.shape[1])
        for head, number in zip(heads[which].tolist(), tails[members].tolist(), strict=True):
            yield np.concatenate([lead.choices[outer], middle.choices[head], tail.choices[number]])

    def _compared_with(
        self, terms: NDArray[np.float64], outer: int, heads: NDArray[np.int64]
    ) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
        """The tails that some of a few heads on one lead may fit, and ``[heads, tails]`` which fit.

        Sums are taken as the search takes them, so nothing needs to be turned round for so few.
        """
        lead, middle, tail = self.parts
        sums = np.repeat(self._lead_sum(terms, outer)[:, None], len(heads), axis=1)
        for neuron, sets in enumerate(middle.choices[heads].T, start=lead.n_neurons):
            sums = sums + terms[neuron, sets].T
        behind = terms[-tail.n_neurons :]
        tails = TailTerms(behind, self.boxes, sums.min(axis=1), sums.max(axis=1)).hopeful[0]
        used, n_active = middle.used[heads] | lead.used[outer], middle.n_active[heads] + lead.n_active[outer]
        fits = self._allowed(tails)[self._key(used, n_active)]
        chosen = tail.choices[tails].T
        step = max(1, _COMPARED_AT_ONCE // max(1, len(tails)))
        for start in range(0, len(heads), step):
            part = slice(start, start + step)
            for row, box in enumerate(self.boxes):
                total = sums[row, part, None]
                for term, sets in zip(behind[:, :, row], chosen, strict=True):
                    total = total + term[sets]
                fits[part] &= (total >= box.low) & (total <= box.high)
        return tails, fits

    def _lead_sum(self, terms: NDArray[np.float64], outer: int) -> NDArray[np.float64]:
        """``[rows]`` the sum over one choice of the leading neurons, from the bias on."""
        total = np.full(terms.shape[2], self.bias)
        for neuron, chosen in enumerate(self.parts[0].choices[outer].tolist()):
            total = total + terms[neuron, chosen]
        return total

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
            by_both = np.add.reduceat(by_head[:, tail.by_class], tail.class_starts[:-1], axis=1)
            self._add_classes(tally, edges, 0, 0, by_both)

    def _add_classes(self, tally: Tally, below: int, n_edges: int, n_active: int, by_both: NDArray[np.int64]) -> None:
        """Add counts by class of head and of tail, on top of a lead with so many edges and active neurons."""
        _, head, tail = self.parts
        # sizes as one number; a state's counts are exact in float64, so their sums by size are too
        base = self.width + 1
        sizes = (head.classes @ [base, 1])[:, None] + tail.classes @ [base, 1]
        by_size = np.bincount(sizes.ravel(), weights=by_both.ravel())
        for size in np.flatnonzero(by_size).tolist():
            edges, active = divmod(size, base)
            tally.add_class(below, n_edges + edges, n_active + active, int(by_size[size]))

    def _tally_state(self, terms: NDArray[np.float64], state: int, below: int, tally: Tally) -> None:
        lead, middle, tail = self.parts
        by_lead, by_middle = np.zeros(len(lead), dtype=np.int64), np.zeros(len(middle), dtype=np.int64)
        by_tail = np.zeros(len(tail), dtype=np.int64)
        units = tally.units[state].reshape(len(lead), -1)
        for outer in range(len(lead)):
            heads = self._heads(terms, outer)
            all_tails = TailTerms(terms[-tail.n_neurons :], self.boxes, heads.sums.min(axis=1), heads.sums.max(axis=1))
            pairs = _Pairs.none(middle, tail)
            for choices, low, high in all_tails.groups(self.group_size):
                numbers = heads.between(low, high)
                tails = all_tails.tails(choices) if len(numbers) else None
                if tails:
                    self._meet(heads, numbers, TailGroup.of(tails, tail.class_of), pairs)
            by_lead[outer] = pairs.by_head.sum()
            by_middle += pairs.by_head
            by_tail += pairs.by_tail
            units[outer] = pairs.by_head.reshape(units.shape[1], -1).sum(axis=1)
            self._add_classes(tally, below, int(lead.n_edges[outer]), int(lead.n_active[outer]), pairs.by_class)
        parts = ((lead, by_lead), (middle, by_middle), (tail, by_tail))
        tally.by_neuron += np.concatenate([part.by_neuron(counts) for part, counts in parts]).astype(object)

    def _heads(self, terms: NDArray[np.float64], outer: int) -> _Heads:
        """The heads on one lead."""
        lead, middle, _ = self.parts
        sums = [
            self._head_sums(terms[None, :, :, row], np.full(1, start), lead.n_neurons, middle)[0]
            for row, start in enumerate(self._lead_sum(terms, outer))
        ]
        key = self._key(middle.used | lead.used[outer], middle.n_active + lead.n_active[outer])
        return _Heads(np.array(sums), key, middle.class_of.astype(np.uint16))

    def _meet(self, heads: _Heads, numbers: NDArray[np.int64], group: TailGroup, pairs: _Pairs) -> None:
        """Count the pairs of some heads with one group of tails."""
        (least_low, most_low), (least_high, most_high) = group.lows, group.highs
        every_sum = heads.sums[:, numbers]
        binding = np.flatnonzero((every_sum.min(axis=1) < most_low) | (every_sum.max(axis=1) > least_high)).tolist()
        sums = {row: every_sum[row] for row in binding}
        fits_all = {row: (here >= most_low[row]) & (here <= least_high[row]) for row, here in sums.items()}
        inside = np.ones(len(numbers), dtype=np.bool_)
        between = inside.copy()
        for row, here in sums.items():
            inside &= fits_all[row]
            between &= (here >= least_low[row]) & (here <= most_high[row])
        between &= ~inside
        keys, classes = heads.key[numbers], heads.class_of[numbers]
        allowed = self._allowed(group.tails.numbers)
        every = np.flatnonzero(inside)
        if len(every):
            pairs.add_every(group, allowed, numbers[every], keys[every], classes[every])
        some = np.flatnonzero(between)
        if not len(some):
            return
        # one more set that holds nothing, for the places of blocks that are left empty
        sets = np.concatenate([group.packed(allowed), np.zeros((1, group.n_words), dtype=np.uint64)])
        keys = np.append(keys[some], len(allowed))
        on_rows = []
        for row in binding:
            here = sums[row][some]
            if not fits_all[row][some].all():
                changes, sets_on_row = group.sets_on(row, here.min(), here.max())
                on_rows.append((sets_on_row, np.searchsorted(changes, here, side="right")))
        blocks, class_of = _in_blocks(classes[some])
        n_fitting = np.zeros(len(some) + 1, dtype=np.int64)
        times = np.zeros((len(pairs.by_class), group.n_words * WORD), dtype=np.int64)
        step = max(1, _WORDS_AT_ONCE // (_IN_A_BLOCK * group.n_words))
        on_row = np.empty((_IN_A_BLOCK * min(step, len(blocks)), group.n_words), dtype=np.uint64)
        for start in range(0, len(blocks), step):
            part = blocks[start : start + step].T.ravel()
            fitting = np.take(sets, keys[part], axis=0)
            for sets_on_row, ranks in on_rows:
                # ranks are in range; with mode "raise" take would go through a buffer of its own
                fitting &= np.take(sets_on_row, ranks[part], axis=0, out=on_row[: len(part)], mode="clip")
            n_fitting[part] = np.einsum("ij->i", np.bitwise_count(fitting), dtype=np.uint16)
            by_block = times_included(fitting.reshape(_IN_A_BLOCK, -1, group.n_words))
            here = class_of[start : start + step]
            starts = np.flatnonzero(np.diff(here, prepend=-1))
            times[here[starts]] += np.add.reduceat(by_block.astype(np.int32), starts, axis=0)
        pairs.add_sets(group, numbers[some], n_fitting[:-1], times[:, : len(group.tails)])


def _in_blocks(classes: NDArray[np.uint16]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Heads in blocks of one class each.

    Args:
        classes: ``[heads]``.

    Returns:
        ``[blocks, heads in a block]`` which heads, −1 where a place is empty, and ``[blocks]`` the class of each,
        ascending.
    """
    order = np.argsort(classes, kind="stable")
    sizes = np.bincount(classes)
    n_blocks = -(-sizes // _IN_A_BLOCK)
    empty_before = np.cumsum(n_blocks * _IN_A_BLOCK - sizes) - (n_blocks * _IN_A_BLOCK - sizes)
    blocks = np.full(n_blocks.sum() * _IN_A_BLOCK, -1, dtype=np.int64)
    blocks[np.arange(len(order)) + empty_before[classes[order]]] = order
    return blocks.reshape(-1, _IN_A_BLOCK), np.repeat(np.arange(len(sizes)), n_blocks)


@dataclass(frozen=True, eq=False)
class _Heads:
    """The choices of the head's neurons on one lead.

    Args:
        sums: ``[rows, heads]``.
        key: ``[heads]`` row of :meth:`Combinations._allowed`.
        class_of: ``[heads]`` by number of edges and of active neurons.
    """

    sums: NDArray[np.float64]
    key: NDArray[np.int64]
    class_of: NDArray[np.uint16]

    def between(self, low: NDArray[np.float64], high: NDArray[np.float64]) -> NDArray[np.int64]:
        """The heads whose sums are at least ``low [rows]`` and at most ``high [rows]`` on every row."""
        numbers = np.arange(len(self.key))
        for sums, least, greatest in zip(self.sums, low, high, strict=True):
            here = sums[numbers]
            numbers = numbers[(here >= least) & (here <= greatest)]
        return numbers


@dataclass(frozen=True, eq=False)
class _Pairs:
    """Numbers of fitting pairs of heads on one lead and tails.

    Args:
        by_head: ``[heads]``.
        by_tail: ``[tails]``.
        by_class: ``[classes of heads, classes of tails]``.
    """

    by_head: NDArray[np.int64]
    by_tail: NDArray[np.int64]
    by_class: NDArray[np.int64]

    @classmethod
    def none(cls, head: Choices, tail: Choices) -> _Pairs:
        return cls(
            *(np.zeros(shape, np.int64) for shape in (len(head), len(tail), (len(head.classes), len(tail.classes))))
        )

    def add_every(
        self,
        group: TailGroup,
        allowed: NDArray[np.bool_],
        heads: NDArray[np.int64],
        keys: NDArray[np.int64],
        classes: NDArray[np.uint16],
    ) -> None:
        """Pair heads with every tail of a group that is allowed.

        Args:
            allowed: ``[keys, tails]``.
            heads: each at most once, with the key and the class of each.
        """
        n_classes = len(self.by_class)
        times = np.bincount(keys * n_classes + classes, minlength=len(allowed) * n_classes).reshape(-1, n_classes)
        occurring = np.flatnonzero(times.any(axis=1))
        times, some = times[occurring], allowed[occurring].astype(np.int64)
        self.by_tail[group.tails.numbers] += times.sum(axis=1) @ some
        self.by_class[:, group.classes] += times.T @ np.add.reduceat(some, group.starts, axis=1)
        self.by_head[heads] += np.count_nonzero(allowed, axis=1)[keys]

    def add_sets(
        self, group: TailGroup, heads: NDArray[np.int64], n_fitting: NDArray[np.int64], times: NDArray[np.int64]
    ) -> None:
        """Pair heads with the tails of a group that fit them.

        Args:
            heads: each at most once.
            n_fitting: ``[heads]`` tails that fit each.
            times: ``[classes of heads, tails]`` how many of the heads of each class each tail fits.
        """
        self.by_head[heads] += n_fitting
        self.by_tail[group.tails.numbers] += times.sum(axis=0)
        self.by_class[:, group.classes] += np.add.reduceat(times, group.starts, axis=1)


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
