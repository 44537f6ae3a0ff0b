"""Every valid circuit of a transformer without MLP blocks and LayerNorm, without running each of them.

A circuit is a choice for the heads before the last layer (a *state*), one for each head of the last layer, and the
sources that the logits read. For one state

1. each head of the last layer adds to the logits what follows from its own choice alone: its queries, keys and values
   are sums over subsets of sources, of which there are few, and so are its attention patterns;
2. the logits are then a sum: what the logits read of the sources before, and one term for each head of the last layer.

The choices fall into a left part (what is read of the sources before, and the first heads) and a right part (the other
heads). By how much the answer is above a rival is a left number plus a right number. For each row and rival the right
choices are sorted by theirs, and the ones that make the row wrong are the first so many, kept as bits in words; 64 of
them are counted at once, row after row, until too many rows are wrong.

All terms are computed as :meth:`~pluriscope.analysis.subjects.transformer.space.AttentionSpace.run` computes them, to
the bit. Only the last sum is taken in another order, so its rounding is bounded (Higham, "Accuracy and Stability of
Numerical Algorithms", 2nd ed., §4.2): a row is decided where the sum is farther from 0 than that, and a circuit with a
row that is not is summed in the order of ``run``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from itertools import product
from math import comb, prod
from typing import Final

import numpy as np
from numpy.typing import NDArray

from pluriscope.analysis.numerics.fixed_order import inner
from pluriscope.analysis.questions.decision import CLASSES
from pluriscope.analysis.subjects.subject import SearchPart
from pluriscope.analysis.subjects.transformer.heads import Array, HeadWeights, attend, attention, mixed

Words = NDArray[np.uint64]
Indices = NDArray[np.intp]

MAX_BYTES: Final = 1 << 29
"""What the tables of one state may take."""
MAX_RIGHT: Final = 1 << 12
"""Choices of the right part, which are sorted for every row and rival."""
_CACHED: Final = 1 << 17  # numbers of an array that is made in steps, so that it stays in the processor's cache
_WORDS: Final = 1 << 18  # of the bits of one part
_AT_ONCE: Final = 1 << 20  # numbers of logits summed at once; states with fewer are summed plainly
_SAMPLED: Final = 128  # circuits of a state by which its rows are put in order
_ROWS: Final = 8  # after so many, choices that are left with no valid circuit are dropped
_UNIT: Final = 2.0**-53
# milliseconds, measured: for one multiplication of a table, one number looked up, one word combined, one array touched
_PER_PRODUCT: Final = 1.5e-6
_PER_LOOKUP: Final = 3e-5
_PER_WORD: Final = 1.5e-6
_PER_CALL: Final = 1e-2


@dataclass(frozen=True, eq=False)
class Wiring:
    """A transformer under its rules, as far as the engine needs to know it.

    Args:
        heads: weights by layer and head.
        unembedding: ``[d_model, vocabulary]``.
        n_given: sources that the model is given.
        find_given: what they are, ``[rows, context, d_model]`` each; called when it is needed.
        find_absent: what a cut edge carries from each source, ``[context, d_model]``, or None for nothing; likewise.
        context: positions of a row.
        answers: ``[rows]``.
        slots: names of the slots of each head, three or one.
        pruned: whether a head needs a value, and a query and a key or neither.
        bit: source, reader and slot → bit of a mask. Sources are numbered from 0, what is given first, then the heads
            layer by layer; a head reads as its own number, the logits as the number after the last head.
    """

    heads: tuple[tuple[HeadWeights, ...], ...]
    unembedding: Array
    n_given: int
    find_given: Callable[[], Sequence[Array]]
    find_absent: Callable[[], Sequence[Array | None]]
    context: int
    answers: NDArray[np.int64]
    slots: tuple[str, ...]
    pruned: bool
    bit: Callable[[int, int, str], int]

    @cached_property
    def given(self) -> Sequence[Array]:
        """The inputs of the model, source by source, ``[rows, context, d_model]``."""
        return self.find_given()

    @cached_property
    def absent(self) -> Sequence[Array | None]:
        """The values that a cut edge carries from each source, ``[context, d_model]``; None for nothing."""
        return self.find_absent()

    @property
    def n_rows(self) -> int:
        """Rows of the task."""
        return len(self.answers)

    @property
    def d_model(self) -> int:
        """Dimensions of a source."""
        return int(self.unembedding.shape[0])

    @property
    def vocabulary(self) -> int:
        """The number of tokens."""
        return int(self.unembedding.shape[1])

    @property
    def n_layers(self) -> int:
        """The number of layers."""
        return len(self.heads)

    @property
    def n_heads(self) -> int:
        """Heads of each layer."""
        return len(self.heads[0])

    def sources_before(self, layer: int) -> int:
        """Sources that heads of a layer may read; layers from 0, and one more for the logits."""
        return self.n_given + layer * self.n_heads

    def n_subsets(self, s: int) -> int:
        """Subsets of so many sources that are there which may be read."""
        return 1 << s

    def n_choices(self, s: int) -> int:
        """Choices of a head with so many sources that are there, being off among them."""
        some: int = (1 << s) - 1
        if len(self.slots) == 1:
            return 1 + some
        return 1 + some * (some * some + 1) if self.pruned else (some + 1) ** 3

    def choices(self, layer: int, head: int, present: Sequence[int]) -> list[Choice]:
        """List the choices of what a head may read, being off first.

        Args:
            layer: from 0.
            head: from 0.
            present: sources that are there, ascending.
        """
        reader, logits = self.sources_before(layer) + head, self.sources_before(self.n_layers)
        every = range(1 << len(present))
        read_out = 1 << self.bit(reader, logits, "") if layer == self.n_layers - 1 else 0
        numbers = [self.numbers(reader, slot, present) for slot in self.slots]
        found = [Choice()]
        for chosen in product(every, repeat=len(self.slots)):
            query, key, value = chosen * (3 // len(self.slots))
            if (value and bool(query) == bool(key)) if self.pruned else any(chosen):
                number = sum(of[read] for of, read in zip(numbers, chosen, strict=True)) | read_out
                found.append(Choice((query, key, value), number, query | key | value))
        return found

    def numbers(self, reader: int, slot: str, present: Sequence[int]) -> list[int]:
        """Return the mask of the edges into a slot from each subset of the sources that are there."""
        bits = [1 << self.bit(source, reader, slot) for source in present]
        return [
            sum(bit for position, bit in enumerate(bits) if read >> position & 1) for read in range(1 << len(present))
        ]


@dataclass(frozen=True)
class Choice:
    """A choice of what a head reads.

    Args:
        reads: for query, key and value which of the sources that are there, as bits.
        number: its edges as a mask; of a head of the last layer with the one to the logits.
        every: sources that are read by any slot.
    """

    reads: tuple[int, int, int] = (0, 0, 0)
    number: int = 0
    every: int = 0

    @property
    def is_on(self) -> bool:
        """Whether anything is read."""
        return self.every > 0


@dataclass(frozen=True, eq=False)
class _Prefix:
    """A choice for every head before the last layer.

    Args:
        values: of each source that is there, ``[rows, context, d_model]``.
        number: the mask of its edges.
        unread: heads that no head before the last layer reads.
    """

    values: dict[int, Array]
    number: int
    unread: frozenset[int]

    @cached_property
    def present(self) -> tuple[int, ...]:
        """Sources that are there, ascending."""
        return tuple(self.values)


@dataclass(frozen=True)
class _Split:
    """The division of a state's choices into left and right.

    Args:
        n_logits: choices of what the logits read of the sources before.
        n_each: choices of one head of the last layer.
        n_left: heads in the left part.
        n_right: heads in the right part.
    """

    n_logits: int
    n_each: int
    n_left: int
    n_right: int

    @property
    def left(self) -> int:
        """The number of left choices."""
        return self.n_logits * int(self.n_each**self.n_left)

    @property
    def right(self) -> int:
        """The number of right choices."""
        return int(self.n_each**self.n_right)

    @property
    def words(self) -> int:
        """Words of a bit for each right choice."""
        return -(-self.right // 64)

    @property
    def part(self) -> int:
        """Return the left choices of one part."""
        return max(1, _WORDS // self.words)

    @property
    def n_parts(self) -> int:
        """Parts of a state."""
        return -(-self.left // self.part)


class AttentionEngine:
    """Finds the valid circuits of a transformer state by state.

    Args:
        wiring: the transformer under its rules.
    """

    def __init__(self, wiring: Wiring) -> None:
        self._wiring = wiring

    @cached_property
    def _kinds(self) -> dict[int, int]:
        """The number of states by how many sources are there."""
        wiring = self._wiring
        kinds = {wiring.n_given: 1}
        for _ in range(wiring.n_layers - 1):
            longer: dict[int, int] = {}
            for s, states in kinds.items():
                ways = wiring.n_choices(s) - 1
                for on in range(wiring.n_heads + 1):
                    longer[s + on] = longer.get(s + on, 0) + states * comb(wiring.n_heads, on) * ways**on
            kinds = longer
        return kinds

    def _split(self, s: int) -> _Split:
        """The quickest way to divide the choices of a state with so many sources."""
        wiring = self._wiring
        n_logits, each = wiring.n_subsets(s), wiring.n_choices(s)
        ways = [
            _Split(n_logits, each, left, wiring.n_heads - left)
            for left in range(wiring.n_heads + 1)
            if each ** (wiring.n_heads - left) <= MAX_RIGHT
        ]
        return min(ways, key=self._milliseconds_of)

    def _milliseconds_of(self, split: _Split) -> float:
        wiring = self._wiring
        columns = wiring.n_rows * (wiring.vocabulary - 1)
        numbers = split.left * split.right * wiring.n_rows * wiring.vocabulary
        if numbers <= _AT_ONCE:  # summed plainly
            return numbers * (wiring.n_heads + 1) * _PER_PRODUCT
        looked_up = split.left * (_PER_LOOKUP + split.words * _PER_WORD)
        sorted_ = split.right * (4 * _PER_LOOKUP + split.words * _PER_WORD)
        return columns * (looked_up + sorted_ + split.n_parts * _PER_CALL)

    @cached_property
    def milliseconds(self) -> float:
        wiring = self._wiring
        d_head = int(wiring.heads[0][0][0].shape[1])
        of_row = wiring.context * d_head + d_head * wiring.d_model + wiring.d_model * wiring.vocabulary
        total = 0.0
        for s, states in self._kinds.items():
            tables = wiring.n_heads * (wiring.n_choices(s) * wiring.n_rows * of_row * _PER_PRODUCT + 30 * _PER_CALL)
            total += states * (tables + self._milliseconds_of(self._split(s)))
        return total

    @property
    def n_bytes(self) -> int:
        """The most bytes that the tables of one state take, with its choices and the values of heads before the last
        layer.
        """
        wiring = self._wiring
        positions = wiring.n_rows * wiring.context * wiring.d_model
        s = max(self._kinds)
        terms = wiring.n_heads * wiring.n_choices(s) * wiring.n_rows * wiring.vocabulary
        reads = wiring.n_subsets(s) * positions
        before = wiring.n_choices(wiring.sources_before(max(0, wiring.n_layers - 2))) if wiring.n_layers > 1 else 0
        split = self._split(s)
        choices = (split.left + split.right) * (wiring.n_heads + 3)
        return 8 * (terms + 4 * reads + before * wiring.n_heads * positions + choices)

    @property
    def n_parts(self) -> int:
        return sum(states * self._split(s).n_parts for s, states in self._kinds.items())

    def parts(self, max_wrong: int) -> Iterator[Callable[[], SearchPart]]:
        for state in self._states():
            for start in range(0, state.split.left, state.split.part):
                yield partial(state.search, start, max_wrong)

    def _states(self) -> Iterator[_State]:
        layouts: dict[tuple[int, ...], _Layout] = {}
        for prefix in self._prefixes():
            present = prefix.present
            if present not in layouts:
                layouts[present] = _Layout(self._wiring, present, self._split(len(present)))
            yield _State(self._wiring, layouts[present], prefix)

    def _prefixes(self) -> Iterator[_Prefix]:
        given = dict(enumerate(self._wiring.given))
        return self._extended(_Prefix(given, 0, frozenset()), 0)

    def _extended(self, prefix: _Prefix, layer: int) -> Iterator[_Prefix]:
        """All choices for the heads from a layer on, the last layer's aside, given one for those before."""
        wiring = self._wiring
        if layer == wiring.n_layers - 1:
            yield prefix
            return
        before, present = wiring.sources_before(layer), prefix.present
        options = [wiring.choices(layer, head, present) for head in range(wiring.n_heads)]
        known: dict[tuple[int, Choice], Array] = {}

        def value(head: int, choice: Choice) -> Array:
            if (head, choice) not in known:
                known[head, choice] = self._value(prefix, layer, head, choice)
            return known[head, choice]

        for chosen in product(*options):
            values = {before + head: value(head, one) for head, one in enumerate(chosen) if one.is_on}
            read = {source for one in chosen for position, source in enumerate(present) if one.every >> position & 1}
            unread = (prefix.unread - read) | values.keys()
            number = prefix.number | sum(one.number for one in chosen)
            yield from self._extended(_Prefix({**prefix.values, **values}, number, unread), layer + 1)

    def _value(self, prefix: _Prefix, layer: int, head: int, choice: Choice) -> Array:
        query, key, value = (self._read(prefix, layer, read) for read in choice.reads)
        added: Array = attend(query, key, value, self._wiring.heads[layer][head])[0]
        return added

    def _read(self, prefix: _Prefix, layer: int, read: int) -> Array:
        """The sum of what a slot reads, ``[1, rows, context, d_model]``."""
        kept = {source for position, source in enumerate(prefix.present) if read >> position & 1}
        total = np.zeros((1, *self._wiring.given[0].shape))
        for source in range(self._wiring.sources_before(layer)):
            absent = self._wiring.absent[source]
            total += prefix.values[source] if source in kept else 0.0 if absent is None else absent
        return total


def _sums(terms: Sequence[Sequence[Array | float]], shape: tuple[int, ...]) -> Array:
    """Compute every sum of one option of each term, ``[choices, …]``, from the first term to the last; the first term's
    options change fastest.

    Args:
        terms: their options.
        shape: of a sum.
    """
    sums = np.zeros((1, *shape))
    for options in terms:
        sums = np.concatenate([sums + one for one in options])
    return sums


class _Side:
    """The left or the right choices of a state: one option of each of some lists, the last changing fastest."""

    def __init__(self, options: Sequence[Sequence[Choice]]) -> None:
        sizes = [len(one) for one in options]
        total = prod(sizes)
        self.index: Indices = np.empty((total, len(sizes)), dtype=np.intp)
        """``[choices, lists]``"""
        self.numbers: Words = np.zeros(total, dtype=np.uint64)
        """Masks of their edges."""
        self.every: Words = np.zeros(total, dtype=np.uint64)
        """Sources that they read, as bits."""
        rest = np.arange(total)
        for at in reversed(range(len(sizes))):
            chosen = self.index[:, at] = rest % sizes[at]
            self.numbers |= np.array([one.number for one in options[at]], dtype=np.uint64)[chosen]
            self.every |= np.array([one.every for one in options[at]], dtype=np.uint64)[chosen]
            rest //= sizes[at]


class _Layout:
    """The choices in the last layer where certain sources are there."""

    def __init__(self, wiring: Wiring, present: tuple[int, ...], split: _Split) -> None:
        self.present, self.split = present, split
        layer = wiring.n_layers - 1
        self.heads = [wiring.choices(layer, head, present) for head in range(wiring.n_heads)]
        numbers = wiring.numbers(wiring.sources_before(layer + 1), "", present)
        read_out = [Choice(number=number, every=read) for read, number in enumerate(numbers)]
        options = [read_out, *self.heads]
        self.left = _Side(options[: 1 + split.n_left])
        self.right = _Side(options[1 + split.n_left :])

    def allowed(self, left: Indices, prefix: _Prefix) -> Words:
        """Return the right choices with which every head before the last layer is read, ``[left choices, words]``."""
        unread = sum(1 << position for position, source in enumerate(self.present) if source in prefix.unread)
        missing = np.uint64(unread) & ~self.left.every[left]
        kinds, which = np.unique(missing, return_inverse=True)
        found: Words = _packed((self.right.every & kinds[:, None]) == kinds[:, None])[which]
        if not prefix.number and left[0] == 0:  # no circuit is without any edge
            found[0, 0] &= ~np.uint64(1)
        return found


class _Column:
    """A row of the task: how far each right choice puts its answer above each rival, sorted.

    Args:
        right: what right choices add on this row, ``[choices, vocabulary]``.
        answer: token of the row.
        rivals: tokens that are not always equal to the answer, to the bit.
        tied: whether there is one that is.
    """

    def __init__(self, right: Array, answer: int, rivals: Indices, *, tied: bool) -> None:
        self.answer, self.rivals, self.tied = answer, rivals, tied
        above = np.ascontiguousarray((right[:, answer, None] - right[:, rivals]).T)
        order = np.argsort(above, axis=1, kind="stable")
        n_rivals, n_right = above.shape
        self.sorted: Array = np.full((n_rivals, n_right + 1), np.inf)
        """``[rivals, choices and an end]``"""
        self.sorted[:, :-1] = np.take_along_axis(above, order, axis=1)
        first = np.zeros((n_rivals, n_right + 1, -(-n_right // 64)), dtype=np.uint64)
        cells = np.arange(n_rivals)[:, None], np.arange(1, n_right + 1)
        first[(*cells, order >> 6)] = np.uint64(1) << (order & 63).astype(np.uint64)
        self.first: Words = np.bitwise_or.accumulate(first, axis=1)
        """``[rivals, so many, words]`` the first so many choices of the order."""


class _Ballot:
    """A count, in bits, of the rows on which each pair of a left and a right choice is wrong.

    Args:
        left: numbers of left choices.
        allowed: ``[left choices, words]`` pairs that are circuits.
        max_wrong: rows on which a valid circuit may be wrong.
    """

    def __init__(self, left: Indices, allowed: Words, max_wrong: int) -> None:
        n_digits = max_wrong.bit_length()
        spare = (1 << n_digits) - 1 - max_wrong  # so that one row too many carries beyond the last digit
        self.left, self.allowed = left, allowed
        self._digits = [
            np.full_like(allowed, ~np.uint64(0) if spare >> digit & 1 else np.uint64(0)) for digit in range(n_digits)
        ]
        self._over = np.zeros_like(allowed)
        self._unsure = np.zeros_like(allowed)

    def count(self, wrong: Words, unsure: Words | None) -> None:
        """Add a row to the count."""
        carry = wrong
        for digit in self._digits:
            both = digit & carry
            digit ^= carry
            carry = both
        self._over |= carry
        if unsure is not None:
            self._unsure |= unsure

    def drop(self) -> None:
        """Leave out the left choices of which no pair can be valid any more."""
        alive = np.asarray((self.allowed & ~self._over).any(axis=1))
        if 4 * np.count_nonzero(alive) > 3 * len(alive):
            return
        self.left, self.allowed = self.left[alive], self.allowed[alive]
        self._digits = [digit[alive] for digit in self._digits]
        self._over, self._unsure = self._over[alive], self._unsure[alive]

    def decided(self) -> tuple[Words, Words]:
        """Return the pairs that are valid, and pairs of which that is not certain, ``[left choices, words]``."""
        left = self.allowed & ~self._over
        return left & ~self._unsure, left & self._unsure


class _State:
    """A choice for the heads before the last layer, with what every choice in the last layer adds to the logits."""

    def __init__(self, wiring: Wiring, layout: _Layout, prefix: _Prefix) -> None:
        self._wiring, self._layout, self._prefix = wiring, layout, prefix
        self.split, self.number = layout.split, prefix.number
        self._columns: dict[int, _Column] = {}

    @cached_property
    def _terms(self) -> list[Array]:
        """The terms of the logits: what is read of the sources before the last layer, and each of its heads:
        ``[choices, rows, vocabulary]``.
        """
        wiring, values = self._wiring, self._prefix.values
        before = wiring.sources_before(wiring.n_layers - 1)
        unembedding = wiring.unembedding.T
        cut = [0.0 if one is None else one for one in wiring.absent]
        cut_logits = [0.0 if one is None else inner(one[-1:], unembedding) for one in wiring.absent]
        reads: list[Sequence[Array | float]] = []
        read_out: list[Sequence[Array | float]] = []
        for source in range(before):
            if source not in values:
                reads.append([cut[source]])
                read_out.append([cut_logits[source]])
                continue
            carried = inner(values[source][:, -1], unembedding)
            reads.append([cut[source], values[source]])
            read_out.append([cut_logits[source], carried])
        read = _sums(reads, (wiring.n_rows, wiring.context, wiring.d_model))
        heads = [self._added(read, head, cut_logits[before + head]) for head in range(wiring.n_heads)]
        return [_sums(read_out, (wiring.n_rows, wiring.vocabulary)), *heads]

    def _added(self, reads: Array, head: int, cut: Array | float) -> Array:
        """Compute what a head of the last layer adds to the logits by each of its choices, ``[choices, rows,
        vocabulary]``.

        Args:
            reads: the sum of each subset of sources, ``[subsets, rows, context, d_model]``.
            head: from 0.
            cut: what the edge to the logits carries if the head is off.
        """
        w_query, w_key, w_value, w_output = self._wiring.heads[-1][head]
        unembedding = self._wiring.unembedding.T
        chosen = [one.reads for one in self._layout.heads[head] if one.is_on]
        queries, keys, values = np.array(chosen).T
        q, k, v = inner(reads[:, :, -1:], w_query.T), inner(reads, w_key.T), inner(reads, w_value.T)
        pairs, which = np.unique(queries * len(reads) + keys, return_inverse=True)
        n_rows, size = reads.shape[1], max(*reads.shape[2:], len(unembedding), w_query.shape[1])
        together = max(1, _CACHED // (n_rows * size))
        shares = np.concatenate(
            [
                attention(q[some // len(reads)], k[some % len(reads)])
                for some in np.split(pairs, range(together, len(pairs), together))
            ]
        )
        added = np.empty((1 + len(chosen), n_rows, len(unembedding)))
        added[0] = cut
        for value in np.unique(values):
            every = np.flatnonzero(values == value)
            for some in np.split(every, range(together, len(every), together)):
                heard = mixed(shares[which[some]], v[value, None])[:, :, 0]
                added[1 + some] = inner(inner(heard, w_output.T), unembedding)
        return added

    def search(self, start: int, max_wrong: int) -> SearchPart:
        """The valid circuits among a part of the left choices with every right choice."""
        layout = self._layout
        left = np.arange(start, min(start + layout.split.part, layout.split.left))
        allowed = layout.allowed(left, self._prefix)
        n_tested = int(np.bitwise_count(allowed).sum(dtype=np.int64))
        pairs = []
        unsure = allowed
        if len(left) * layout.split.right > self._together:
            left, sure, unsure = self._counted(left, allowed, max_wrong)
            pairs.append(self._pairs(left, sure))
        at, with_ = self._pairs(left, unsure)
        right = self._n_wrong(at, with_) <= max_wrong
        pairs.append((at[right], with_[right]))
        numbers = [layout.left.numbers[one] | layout.right.numbers[other] for one, other in pairs]
        return SearchPart(np.concatenate(numbers) | np.uint64(self._prefix.number), n_tested)

    @property
    def _together(self) -> int:
        """Circuits whose logits are summed at once."""
        return max(1, _AT_ONCE // (self._wiring.n_rows * self._wiring.vocabulary))

    def _pairs(self, left: Indices, words: Words) -> tuple[Indices, Indices]:
        """The left and the right choices of pairs given as bits."""
        bits = np.unpackbits(words.view(np.uint8), axis=1, count=self._layout.split.right, bitorder="little")
        at, with_ = np.nonzero(bits)
        return left[at], with_

    def _n_wrong(self, left: Indices, right: Indices) -> NDArray[np.int64]:
        """Count the rows on which each pair of choices is wrong, by the sums of a plain run."""
        found = np.empty(len(left), dtype=np.int64)
        for start in range(0, len(left), self._together):
            some = slice(start, start + self._together)
            found[some] = (self._gaps(left[some], right[some]) <= 0).sum(axis=1)
        return found

    def _gaps(self, left: Indices, right: Indices) -> Array:
        """Compute by how much the answer is above the largest other token, ``[pairs, rows]``."""
        chosen = np.concatenate([self._layout.left.index[left], self._layout.right.index[right]], axis=1)
        total = self._terms[0][chosen[:, 0]]
        for term, one in zip(self._terms[1:], chosen.T[1:], strict=True):
            total += term[one]
        apart: NDArray[np.float64] = CLASSES.margins(total, self._wiring.answers)
        return apart

    def _counted(self, left: Indices, allowed: Words, max_wrong: int) -> tuple[Indices, Words, Words]:
        """Decide pairs by counting wrong rows in bits.

        Args:
            left: numbers of left choices.
            allowed: pairs that are circuits.
            max_wrong: rows on which a valid circuit may be wrong.

        Returns:
            Left choices that may be valid with some right one; as bits the pairs that are valid; and those that are too
            near a tie on some row to say.
        """
        ballot = _Ballot(left, allowed, max_wrong)
        for number, row in enumerate(self._row_order.tolist(), start=1):
            ballot.count(*self._wrong_on(row, ballot.left))
            if number % _ROWS == 0:
                ballot.drop()
                if not len(ballot.left):
                    break
        return ballot.left, *ballot.decided()

    def _wrong_on(self, row: int, left: Indices) -> tuple[Words, Words | None]:
        """Return the pairs that are wrong on a row, and those that are too near a tie to say, ``[left choices,
        words]``.
        """
        column, index = self._column(row), self._layout.left.index
        total = self._terms[0][:, row][index[left, 0]]
        for at in range(1, index.shape[1]):
            total += self._terms[at][:, row][index[left, at]]
        below = np.ascontiguousarray((total[:, column.rivals] - total[:, column.answer, None]).T)
        wrong = np.full((len(left), self._layout.split.words), ~np.uint64(0) if column.tied else np.uint64(0))
        unsure: Words | None = None
        for least, above, first in zip(below, column.sorted, column.first, strict=True):
            if least.max() + self._rounding < above[0]:
                continue
            n_wrong = np.searchsorted(above, least - self._rounding)
            wrong |= first[n_wrong]
            if (above[n_wrong] <= least + self._rounding).any():
                within = first[np.searchsorted(above, least + self._rounding, side="right")] & ~first[n_wrong]
                unsure = within if unsure is None else unsure | within
        return wrong, unsure

    def _column(self, row: int) -> _Column:
        """Return a row of the task, kept where several parts need it."""
        if row in self._columns:
            return self._columns[row]
        split, answer = self._layout.split, int(self._wiring.answers[row])
        equal = np.logical_and.reduce(
            [(term[:, row] == term[:, row, answer, None]).all(axis=0) for term in self._terms]
        )
        rivals = np.flatnonzero(~equal)
        total = np.zeros((split.right, len(equal)))
        for at, term in enumerate(self._terms[1 + split.n_left :]):
            total += term[:, row][self._layout.right.index[:, at]]
        column = _Column(total, answer, rivals, tied=bool(equal.sum() > 1))
        if split.n_parts > 1 and column.first.nbytes * len(self._wiring.answers) <= MAX_BYTES:
            self._columns[row] = column
        return column

    @cached_property
    def _rounding(self) -> float:
        """The most by which the sum of a left and a right number can differ from the gap that a plain run finds.

        Each sum of n terms whose absolute values add up to M is off by at most (n − 1) units of M, and so is each
        difference of two by two more.
        """
        largest = sum(float(np.abs(term).max()) for term in self._terms)
        return 8 * (len(self._terms) + 4) * _UNIT * largest

    @cached_property
    def _row_order(self) -> Indices:
        """The rows, those on which most of some circuits are wrong first."""
        split = self._layout.split
        draws = np.random.default_rng(0)
        some = draws.integers(split.left, size=_SAMPLED), draws.integers(split.right, size=_SAMPLED)
        wrong = np.zeros(len(self._wiring.answers), dtype=np.int64)
        for start in range(0, _SAMPLED, self._together):
            part = slice(start, start + self._together)
            wrong += (self._gaps(some[0][part], some[1][part]) <= 0).sum(axis=0)
        return np.argsort(-wrong, kind="stable")


def _packed(bits: NDArray[np.bool_]) -> Words:
    """Pack bits ``[…, choices]`` into words ``[…, words]``, the first the least."""
    wide = np.zeros((*bits.shape[:-1], -(-bits.shape[-1] // 64) * 64), dtype=np.bool_)
    wide[..., : bits.shape[-1]] = bits
    return np.packbits(wide, axis=-1, bitorder="little").view(np.uint64)
