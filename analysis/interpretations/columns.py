"""Columns: the recursion by which all completions of an observed class are judged at once.

See :mod:`analysis.interpretations.predicting` for the idea. Here an intervention leads to the bits r of the first layer
after patching, and asks something of the *column* w of r, the bits that the gates of the second layer give on r.
The bits of a layer's gates are held as one number, the lowest neuron most significant.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from itertools import product
from math import prod
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from analysis.experiments import InterventionSpace, NetworkAnswers
from analysis.interpretations.observed import ObservedClasses
from analysis.interpretations.open_tables import OpenTable, open_table

Integers = NDArray[np.int64]
Tables = dict[tuple[int, int], NDArray[np.int8]]
"""Tables of gates by (layer, position among the layer's gates)."""

UNDECIDED: Final = -1
MAX_CELLS: Final = 1 << 23  # numbers held at once for one class
_CELLS_AT_ONCE: Final = 1 << 22  # for several classes
_NEVER: Final = 1 << 40


class _Class(NamedTuple):
    """One observed class.

    Args:
        functions: for each layer, what each gate computes of the inputs, as integers.
        bits: for each layer ``[2^n]`` the bits of its gates on each input, as a number.
    """

    functions: tuple[tuple[int, ...], ...]
    bits: tuple[Integers, ...]


class _Middle(NamedTuple):
    """The second layer's gates in one class: which columns there can be.

    Args:
        fits: ``[r, w]`` whether w agrees with what is settled, for gates whose entries are independent.
        shared: ``[w]`` the bits of w of the other gates, as a number.
        completions: ``[tried, r]`` that number on each r, for each joint completion of those.
        n_shared: how many such numbers there are.
    """

    fits: NDArray[np.bool_]
    shared: Integers
    completions: Integers
    n_shared: int


@dataclass(frozen=True, eq=False)
class Columns:
    """One circuit under one family of neuron sets.

    Args:
        classes: of the circuit.
        space: the interventions of its network.
        answers: what the unablated network does on them.
        chosen: positions of the neuron sets that count.
        max_tried: most completions that are tried one after the other for one class.
        work_left: one number, of numbers that may still be computed; it goes down.
    """

    classes: ObservedClasses
    space: InterventionSpace
    answers: NetworkAnswers
    chosen: NDArray[np.intp]
    max_tried: int
    work_left: list[int]
    _rows_seen: dict[tuple[int, int], Integers] = field(default_factory=dict)

    # ---- what holds for all classes ----------------------------------------------------------------------------------

    @cached_property
    def _gated(self) -> tuple[tuple[int, ...], ...]:
        return tuple(self.classes.gated(layer) for layer in range(1, len(self.classes.layers) + 1))

    @property
    def _n_rows(self) -> int:
        """Numbers r."""
        return 1 << len(self._gated[0])

    @property
    def _n_columns(self) -> int:
        """Numbers w."""
        return 1 << len(self._gated[1])

    @cached_property
    def _pairs(self) -> tuple[Integers, Integers]:
        """Source and base of every ordered pair."""
        source, base = np.nonzero(~np.eye(self.space.n_rows, dtype=bool))
        return source, base

    @cached_property
    def _decisions(self) -> Integers:
        """``[sets, pairs]``."""
        source, base = self._pairs
        return self.answers.decisions[self.chosen][:, source, base].astype(np.int64)

    def _patched(self, layer: int) -> Integers:
        """``[sets]`` the gates of a layer that each set patches; 0 for the output."""
        held = np.zeros(len(self.chosen), dtype=np.int64)
        for neuron in self._gated[layer - 1]:
            held <<= 1
            if layer <= len(self.space.hidden_sizes):
                held |= self.space.holds[layer, neuron][self.chosen]
        return held

    @cached_property
    def _situations(self) -> tuple[Integers, Integers]:
        """What the upper gates need beside the bits of the second layer, if hidden layers lie above it.

        Returns:
            ``[situations, layers + 1]`` the gates patched in layers 3 … and the source, and ``[sets, pairs]`` which of
            these each intervention is. One situation without content where nothing lies above but the output.
        """
        above = range(3, len(self._gated))
        if not above:
            return np.zeros((1, 1), dtype=np.int64), np.zeros(self._decisions.shape, dtype=np.int64)
        patched = np.stack([self._patched(layer) for layer in above], axis=1)
        n_sets, n_pairs = self._decisions.shape
        source = np.broadcast_to(self._pairs[0][None, :, None], (n_sets, n_pairs, 1))
        every = np.broadcast_to(patched[:, None], (n_sets, n_pairs, patched.shape[1]))
        each = np.concatenate([every, source], axis=2).reshape(-1, patched.shape[1] + 1)
        rows, position = np.unique(each, axis=0, return_inverse=True)
        return rows, position.reshape(n_sets, n_pairs)

    @property
    def _n_cases(self) -> int:
        """Inputs of the upper gates: bits of the second layer after patching, times situations."""
        return self._n_columns * len(self._situations[0])

    def _seen(self, layer: int, position: int) -> Integers:
        """For each number of the layer below, the row of a gate's table that it is."""
        if (layer, position) not in self._rows_seen:
            below = self._gated[layer - 2]
            numbers = np.arange(1 << len(below))
            row = np.zeros_like(numbers)
            for parent in self.classes.parents(layer, self._gated[layer - 1][position]):
                row = (row << 1) | ((numbers >> (len(below) - 1 - below.index(parent))) & 1)
            self._rows_seen[layer, position] = row
        return self._rows_seen[layer, position]

    # ---- class by class ----------------------------------------------------------------------------------------------

    @property
    def tested(self) -> int:
        """Interventions that count."""
        return int(self._decisions.size)

    def judge(self, wanted: NDArray[np.intp], extremes: bool) -> Iterator[tuple[int, int, int, int]]:
        """For some classes: the class, how many of its interpretations are always right, and the most and the fewest
        interventions that one of them predicts right, if ``extremes``; each −1 where it is undecided or not asked for.
        """
        cells = self._n_rows * self._n_columns * self._n_cases * 2
        if max(cells, self.tested * self._n_columns) > MAX_CELLS:
            yield from ((number, UNDECIDED, UNDECIDED, UNDECIDED) for number in wanted.tolist())
            return
        step = max(1, _CELLS_AT_ONCE // max(cells, self.tested * self._n_columns, 1))
        for start in range(0, len(wanted), step):
            part = wanted[start : start + step]
            counts, bits = self._demands(part)
            each = np.arange(len(counts))[:, None]
            demanded: NDArray[np.bool_] = counts[each, bits[0], bits[1]] > 0  # [classes, 2^n, case, decision]
            asked: NDArray[np.bool_] = np.any(demanded, axis=1)
            possible: NDArray[np.bool_] = ~np.any(np.all(asked, axis=2), axis=1)
            for i, number in enumerate(part.tolist()):
                passing, best, worst = 0, UNDECIDED, UNDECIDED
                if extremes or possible[i]:
                    chosen = self._class(number)
                    middle = self._middle(chosen)
                    if possible[i]:
                        passing = self._n_passing(chosen, middle, counts[i], asked[i])
                    if extremes:
                        best, worst = self._extremes(chosen, middle, counts[i])
                yield number, passing, best, worst

    def extreme(self, number: int, highest: bool) -> Tables | None:
        """Tables of a best (or worst) interpretation of one class, of all gates after the first layer.

        The first one in the order in which completions are tried; None if it is undecided.
        """
        found = self.worths(number)
        if found is None:
            return None
        right, middle = found
        column, best = self._best_columns(right, middle, 1 if highest else -1)
        sums = best[:, np.arange(self._n_rows), middle.completions].sum(axis=2)  # [upper, tried]
        above, tried = (int(i) for i in np.unravel_index(np.argmax(sums), sums.shape))
        shared = middle.completions[tried]  # [r]
        fitting = np.where(middle.shared[None] == shared[:, None], column[above], -_NEVER)
        w = np.argmax(fitting, axis=1)  # the column of each r
        tables: Tables = {}
        for i in range(len(self._gated[1])):
            seen = self._seen(2, i)
            table = np.zeros(int(seen.max(initial=0)) + 1, dtype=np.int8)
            table[seen] = (w >> (len(self._gated[1]) - 1 - i)) & 1
            tables[2, i] = table
        return tables | self._upper_tables(self._class(number), above)

    def worths(self, number: int) -> tuple[Integers, _Middle] | None:
        """``[upper, r, w]`` what each column is worth in one class, and which there can be; None if undecided."""
        chosen = self._class(number)
        middle, upper = self._middle(chosen), self._upper(chosen, None)
        cells = self._n_rows * self._n_columns * self._n_cases * 2
        if max(cells, self.tested * self._n_columns) > MAX_CELLS or middle is None or upper is None:
            return None
        counts, _ = self._demands(np.array([number]))
        return _right(counts[0], upper), middle

    def _demands(self, part: NDArray[np.intp]) -> tuple[Integers, tuple[Integers, Integers]]:
        """What the interventions ask of columns.

        Returns:
            ``[classes, r, w, case, decision]`` how many lead to r and, if its column is w, to each case, by what the
            network decides; and ``[classes, 2^n]`` r and w of the clean inputs.
        """
        rows, columns = (_numbers(self.classes.bits(layer, part)) for layer in (1, 2))
        source, base = self._pairs
        low, high = self._patched(1)[:, None], self._patched(2)[:, None]
        r = (rows[:, None, source] & low) | (rows[:, None, base] & ~low)
        w = np.arange(self._n_columns)
        mixed = (columns[:, None, source, None] & high[..., None]) | (w & ~high[..., None])
        case = mixed * len(self._situations[0]) + self._situations[1][..., None]
        shape = (len(rows), self._n_rows, self._n_columns, self._n_cases, 2)
        place = (np.arange(len(rows))[:, None, None] * self._n_rows + r)[..., None] * self._n_columns + w
        key = (place * self._n_cases + case) * 2 + self._decisions[..., None]
        return np.bincount(key.ravel(), minlength=prod(shape)).reshape(shape), (rows, columns)

    def _class(self, number: int) -> _Class:
        bits = [self.classes.bits(layer, [number]) for layer in range(1, len(self._gated) + 1)]
        weights = 1 << np.arange(self.space.n_rows)
        functions = tuple(tuple((layer[0] @ weights).tolist()) for layer in bits)
        return _Class(functions, tuple(_numbers(layer)[0] for layer in bits))

    def _open_table(self, chosen: _Class, layer: int, position: int) -> OpenTable:
        below = self._gated[layer - 2]
        parents = self.classes.parents(layer, self._gated[layer - 1][position])
        functions = tuple(chosen.functions[layer - 2][below.index(parent)] for parent in parents)
        return open_table(chosen.functions[layer - 1][position], functions, self.space.n_rows)

    def _n_passing(self, chosen: _Class, middle: _Middle | None, counts: Integers, asked: NDArray[np.bool_]) -> int:
        """Interpretations of one class that are always right; ``asked`` as far as clean columns tell."""
        upper = self._upper(chosen, asked)
        if middle is None or upper is None or not self._affords(len(upper), middle):
            return UNDECIDED
        of_each_row = counts[:, 0].sum(axis=(1, 2))
        allowed = (_right(counts, upper) == of_each_row[:, None]) & middle.fits
        big = self._n_rows * len(self._gated[1]) + len(upper).bit_length() >= 62
        ways: NDArray[Any] = np.zeros((len(upper), self._n_rows, middle.n_shared), dtype=object if big else np.int64)
        for column, shared in enumerate(middle.shared.tolist()):
            ways[:, :, shared] += allowed[:, :, column]
        tried = ways[:, np.arange(self._n_rows), middle.completions]  # [upper, tried, r]
        return int(tried.prod(axis=2).sum())

    def _extremes(self, chosen: _Class, middle: _Middle | None, counts: Integers) -> tuple[int, int]:
        """Most and fewest interventions that an interpretation of one class predicts right."""
        _, tables = self._upper_sites(chosen)
        n_upper = prod(table.n_completions for table in tables)
        if middle is None or not self._affords(2 * n_upper, middle):
            return UNDECIDED, UNDECIDED
        upper = self._upper(chosen, None)
        if upper is None:
            return UNDECIDED, UNDECIDED
        right = _right(counts, upper)
        index = np.arange(self._n_rows)
        found = []
        for sign in (1, -1):
            _, best = self._best_columns(right, middle, sign)
            found.append(sign * int(best[:, index, middle.completions].sum(axis=2).max()))
        return found[0], found[1]

    def _best_columns(self, right: Integers, middle: _Middle, sign: int) -> tuple[Integers, Integers]:
        """``[upper, r, w]`` what each column is worth, and ``[upper, r, shared]`` the most among those that share."""
        column = np.where(middle.fits, sign * right, -_NEVER)
        best = np.full((*right.shape[:2], middle.n_shared), -_NEVER)
        for w, shared in enumerate(middle.shared.tolist()):
            np.maximum(best[:, :, shared], column[:, :, w], out=best[:, :, shared])
        return column, best

    def _affords(self, n_upper: int, middle: _Middle) -> bool:
        """Whether to go on with so many upper completions; what they cost is then spent."""
        cells = n_upper * self._n_rows * max(self._n_columns, len(middle.completions))
        if cells > MAX_CELLS or cells > self.work_left[0]:
            return False
        self.work_left[0] -= cells
        return True

    # ---- gates -------------------------------------------------------------------------------------------------------

    def _upper(self, chosen: _Class, asked: NDArray[np.bool_] | None) -> NDArray[np.int8] | None:
        """``[completions, case]`` the output, for each completion of the gates above the second layer.

        With ``asked [case, decision]`` completions that contradict it may be left out. None if there are too many.
        """
        n_layers = len(self._gated)
        if n_layers == 2:  # the second layer is the output
            return np.arange(2, dtype=np.int8)[None]
        sites, tables = self._upper_sites(chosen)
        if n_layers == 3:
            seen, (table,) = self._seen(3, 0), tables
            demands: dict[int, int] = {}
            if asked is not None:
                for case, decision in np.argwhere(asked).tolist():
                    if demands.setdefault(int(seen[case]), decision) != decision:
                        return np.zeros((0, self._n_cases), dtype=np.int8)
            n_free = sum(row not in demands for row in table.free_rows)
            return None if 1 << n_free > self.max_tried else table.demanded(demands)[:, seen]
        if prod(table.n_completions for table in tables) > self.max_tried:
            return None
        joint = product(*(table.completions() for table in tables))
        return np.array([self._followed(chosen, dict(zip(sites, choice, strict=True))) for choice in joint])

    def _upper_sites(self, chosen: _Class) -> tuple[list[tuple[int, int]], list[OpenTable]]:
        """The gates above the second layer, by (layer, position), and their open tables."""
        layers = range(3, len(self._gated) + 1)
        sites = [(layer, i) for layer in layers for i in range(len(self._gated[layer - 1]))]
        return sites, [self._open_table(chosen, layer, i) for layer, i in sites]

    def _upper_tables(self, chosen: _Class, number: int) -> Tables:
        """The tables of one of the completions that :meth:`_upper` lists if nothing is asked."""
        sites, tables = self._upper_sites(chosen)
        found: Tables = {}
        for site, table in reversed(list(zip(sites, tables, strict=True))):
            number, own = divmod(number, table.n_completions)
            found[site] = table.completions()[own]
        return found

    def _followed(self, chosen: _Class, tables: Tables) -> NDArray[np.int8]:
        """``[case]`` the output of given gates above the second layer."""
        situations, _ = self._situations
        numbers = np.repeat(np.arange(self._n_columns), len(situations))
        source = np.tile(situations[:, -1], self._n_columns)
        for layer in range(3, len(self._gated) + 1):
            computed = np.zeros_like(numbers)
            for i in range(len(self._gated[layer - 1])):
                computed = (computed << 1) | tables[layer, i][self._seen(layer, i)[numbers]]
            if layer < len(self._gated):
                patched = np.tile(situations[:, layer - 3], self._n_columns)
                computed = (chosen.bits[layer - 1][source] & patched) | (computed & ~patched)
            numbers = computed
        return numbers.astype(np.int8)

    def _middle(self, chosen: _Class) -> _Middle | None:
        """The second layer's gates; None if too many completions would have to be tried."""
        gates, n_below = self._gated[1], len(self._gated[0])
        w = np.arange(self._n_columns)
        fits = np.ones((self._n_rows, self._n_columns), dtype=bool)
        shared = np.zeros_like(w)
        tried: list[NDArray[np.int8]] = []
        for i in range(len(gates)):
            table, seen = self._open_table(chosen, 2, i), self._seen(2, i)
            bit = (w >> (len(gates) - 1 - i)) & 1
            reads_all = len(table.table) == 1 << n_below
            if not table.free_rows or (reads_all and table.is_independent):
                settled = np.ones(len(table.table), dtype=bool)
                settled[list(table.free_rows)] = False
                fits &= ~settled[seen][:, None] | (np.array(table.table)[seen][:, None] == bit)
            else:
                if 1 << len(table.free_rows) > self.max_tried:
                    return None
                shared = (shared << 1) | bit
                tried.append(table.completions()[:, seen])
        if prod(len(tables) for tables in tried) > self.max_tried:
            return None
        completions = np.zeros((1, self._n_rows), dtype=np.int64)
        for tables in tried:
            completions = ((completions[:, None] << 1) | tables[None]).reshape(-1, self._n_rows)
        return _Middle(fits, shared, completions, 1 << len(tried))


def _numbers(bits: NDArray[np.bool_]) -> Integers:
    """``[classes, gates, 2^n]`` bits as ``[classes, 2^n]`` numbers, the first gate most significant."""
    numbers = np.zeros((bits.shape[0], bits.shape[2]), dtype=np.int64)
    for gate in range(bits.shape[1]):
        numbers = (numbers << 1) | bits[:, gate]
    return numbers


def _right(counts: Integers, upper: NDArray[np.int8]) -> Integers:
    """``[upper, r, w]`` how many interventions that lead to r are predicted right with the column w."""
    n_rows, n_columns, n_cases, _ = counts.shape
    zeros, ones = counts[..., 0].reshape(-1, n_cases), counts[..., 1].reshape(-1, n_cases)
    # counts are far below 2^53, so float products are exact, and they are much quicker than those of integers
    gained = np.rint(upper.astype(np.float64) @ (ones - zeros).T.astype(np.float64)).astype(np.int64)
    right: Integers = (zeros.sum(axis=1) + gained).reshape(len(upper), n_rows, n_columns)
    return right
