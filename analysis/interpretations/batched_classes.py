"""Observed classes of one circuit side by side: what their interpretations predict, for all classes at once.

The recursion is that of :mod:`pluriscope.analysis.interpretations.predicting`, with no step of Python for each class:

1. Interventions that enter the gates above the first layer alike (same source, same patched gates of the second layer,
   same situation above) are one *kind*. A class's first layer decides how many of a kind lead to each number r, by what
   the network decides: ``[kind, r, decision]``.
2. With the column w of r, a kind is one case of the upper gates. So the numbers of step 1 add up to the *balance*
   ``[r, w, case]``, decisions for 1 less decisions for 0, and a completion of the upper gates is right on the decisions
   for 0 that lead to r, plus the balance of every case to which it answers 1.
3. Classes with equally many completions of each gate form a :class:`Group`, whose numbers are one array.
4. The representative of a class is the first of its completions everywhere, so it needs no list of the others.

Every number counts interventions: far below what floating-point products could round.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property, lru_cache
from math import prod
from typing import Any, Final, NamedTuple, cast

import numpy as np
from numpy.typing import NDArray

from pluriscope.analysis.interpretations.columns import Columns, Tables, numbers_of
from pluriscope.analysis.interpretations.partial_gates import OpenTable

Integers = NDArray[np.int64]
Reals = NDArray[Any]
"""Whole numbers as floating point, 32 or 64 bits."""

CELLS_AT_ONCE: Final = 1 << 21  # numbers held at once for several classes, of each of a few arrays
_EXACT_IN_32_BITS: Final = 1 << 18  # interventions up to which sums with penalties stay below 2^24


class Group(NamedTuple):
    """Classes that have equally many completions of each gate.

    Args:
        at: ``[classes]`` their places in the block.
        right: ``[classes, upper, r, w]`` interventions leading to r that are predicted right with the column w.
        fits: ``[classes, r, w]`` whether a column agrees with what is settled of the gates with independent entries.
        columns: ``[shared, columns]`` the columns that give the other gates the same bits, by these bits as a number.
        completions: ``[classes, tried, r]`` that number on each r, for each joint completion of those gates.
    """

    at: NDArray[np.intp]
    right: Reals
    fits: NDArray[np.bool_]
    columns: NDArray[np.intp]
    completions: Integers

    def part(self, some: NDArray[np.intp]) -> Group:
        """The group of some of the classes."""
        return Group(self.at[some], self.right[some], self.fits[some], self.columns, self.completions[some])


@dataclass(frozen=True, eq=False)
class ClassBlock:
    """Some observed classes of a circuit.

    Args:
        columns: the circuit under a family of neuron sets.
        numbers: ``[classes]`` which classes.
    """

    columns: Columns
    numbers: NDArray[np.intp]

    def __len__(self) -> int:
        return len(self.numbers)

    @cached_property
    def _bits(self) -> tuple[NDArray[np.bool_], ...]:
        """The bits of each layer's gates, ``[classes, gates, 2^n]``."""
        layers = range(1, len(self.columns.gated) + 1)
        return tuple(self.columns.classes.bits(layer, self.numbers) for layer in layers)

    @cached_property
    def _clean(self) -> tuple[Integers, Integers]:
        """The r and w of the clean inputs, ``[classes, 2^n]``."""
        return numbers_of(self._bits[0]), numbers_of(self._bits[1])

    def functions(self, at: int) -> tuple[tuple[int, ...], ...]:
        """Return for each layer the functions of the inputs that the gates of one class compute, as integers."""
        weights = [1 << row for row in range(self.columns.space.n_rows)]
        return tuple(
            tuple(sum(weight for weight, bit in zip(weights, gate, strict=True) if bit) for gate in layer[at].tolist())
            for layer in self._bits
        )

    # ---- the first layer ---------------------------------------------------------------------------------------------

    @cached_property
    def _led(self) -> NDArray[np.float64]:
        """The numbers of interventions of each kind that lead to r, by what the network decides, ``[classes, kind, r,
        decision]``.
        """
        columns = self.columns
        source, base = columns.pairs
        clean, position = distinct_rows(self._clean[0])  # classes often differ above only
        patched = columns.patched(1)[:, None]
        r = (clean[:, None, source] & patched) | (clean[:, None, base] & ~patched)
        shape = (len(clean), len(columns.kinds.source), columns.n_rows, 2)
        key = (np.arange(len(clean))[:, None, None] * shape[1] + columns.kinds.of) * shape[2] + r
        counted = np.bincount((key * 2 + columns.decisions).ravel(), minlength=prod(shape)).reshape(shape)
        found: NDArray[np.float64] = counted.astype(np.float64)[position]
        return found

    @cached_property
    def _decided(self) -> NDArray[np.float64]:
        """The numbers of interventions that lead to r, ``[classes, r, decision]``."""
        total: NDArray[np.float64] = self._led.sum(axis=1)
        return total

    def _cases(self, columns: Integers) -> Integers:
        """Return the case of each kind with some columns ``[classes or 1, 1 or kind, …]``, ``[classes, kind, …]``."""
        kinds = self.columns.kinds
        shape = (1, -1) + (1,) * (columns.ndim - 2)
        on_source = self._clean[1][:, kinds.source].reshape(len(self), -1, *(1,) * (columns.ndim - 2))
        patched, situation = kinds.patched.reshape(shape), kinds.situation.reshape(shape)
        mixed: Integers = ((on_source & patched) | (columns & ~patched)) * len(self.columns.situations[0]) + situation
        return mixed

    @cached_property
    def _balance(self) -> NDArray[np.float64]:
        """The decisions for 1 less decisions for 0, ``[classes, r, w, case]``."""
        columns = self.columns
        n_rows, n_columns, n_cases = columns.n_rows, columns.n_columns, columns.n_cases
        case = self._cases(np.arange(n_columns)[None, None])  # [classes, kind, w]
        excess = self._led[..., 1] - self._led[..., 0]  # [classes, kind, r]
        index = np.arange(len(self))[:, None, None] * n_rows + np.arange(n_rows)
        key = (index[..., None] * n_columns + np.arange(n_columns)) * n_cases + case[:, :, None]
        weights = np.broadcast_to(excess[..., None], key.shape)
        size = len(self) * n_rows * n_columns * n_cases
        found: Any = np.bincount(key.ravel(), weights=weights.ravel(), minlength=size)
        return cast(NDArray[np.float64], found.reshape(len(self), n_rows, n_columns, n_cases))

    @cached_property
    def demanded(self) -> NDArray[np.bool_]:
        """The decisions that the clean columns, which all completions share, demand of the upper gates, ``[classes,
        case, decision]``.
        """
        rows, second = self._clean
        led = np.take_along_axis(self._led, rows[:, None, :, None], axis=2) > 0  # [classes, kind, 2^n, decision]
        case = self._cases(second[:, None])  # [classes, kind, 2^n]
        found = np.zeros((len(self), self.columns.n_cases, 2), dtype=bool)
        for decision in range(2):
            number, kind, row = np.nonzero(led[..., decision])
            found[number, case[number, kind, row], decision] = True
        return found

    # ---- gates -------------------------------------------------------------------------------------------------------

    @cached_property
    def _middle(self) -> tuple[OpenGates, ...]:
        """The second layer's gates."""
        return tuple(self._open(2, i) for i in range(len(self.columns.gated[1])))

    def _open(self, layer: int, position: int) -> OpenGates:
        """A gate after the first layer, over its parents' bits."""
        parents = list(self.columns.parents(layer, position))
        return open_gates(self._bits[layer - 2][:, parents], self._bits[layer - 1][:, position])

    @cached_property
    def _shared(self) -> NDArray[np.bool_]:
        """The second layer's gates whose entries depend on each other, ``[classes, gates]``.

        A row stands for several r, or XOR is barred.
        """
        shared = np.zeros((len(self), len(self._middle)), dtype=bool)
        for i, gate in enumerate(self._middle):
            reads_all = gate.reached.shape[1] == self.columns.n_rows
            shared[:, i] = ~gate.reached.all(axis=1) & (gate.barred | (not reads_all))
        return shared

    def _fits(self, at: NDArray[np.intp], independent: list[int]) -> NDArray[np.bool_]:
        """Decide whether a column agrees with what is settled of some gates, ``[classes, r, w]``."""
        columns, n_gates = self.columns, len(self._middle)
        w = np.arange(columns.n_columns)
        fits = np.ones((len(at), columns.n_rows, columns.n_columns), dtype=bool)
        for i in independent:
            gate, seen = self._middle[i], columns.seen(2, i)
            bit = (w >> (n_gates - 1 - i)) & 1
            fits &= ~gate.reached[at][:, seen, None] | (gate.tables[at][:, seen, None] == bit)
        return fits

    def _tried(self, at: NDArray[np.intp], shared: list[int]) -> Integers:
        """Return the bits of some gates as a number, for each joint completion, ``[classes, tried, r]``."""
        columns = self.columns
        if not shared:
            return np.zeros((len(at), 1, columns.n_rows), dtype=np.int64)
        keys = np.concatenate([np.packbits(self._middle[i].reached[at], axis=1) for i in shared], axis=1)
        values = np.concatenate([np.packbits(self._middle[i].tables[at], axis=1) for i in shared], axis=1)
        first, position = distinct_bytes(np.concatenate([keys, values], axis=1))
        found = []
        for number in at[first].tolist():
            joint = np.zeros((1, columns.n_rows), dtype=np.int64)
            for i in shared:
                own = self._middle[i].completions(number)[:, columns.seen(2, i)]
                joint = ((joint[:, None] << 1) | own[None]).reshape(-1, columns.n_rows)
            found.append(joint)
        return np.stack(found)[position]

    @cached_property
    def _n_upper(self) -> NDArray[np.float64]:
        """The number of completions of the gates above the second layer, ``[classes]``."""
        n = np.ones(len(self))
        for layer in range(3, len(self.columns.gated) + 1):
            for i in range(len(self.columns.gated[layer - 1])):
                n *= self._open(layer, i).n_completions
        return n

    @cached_property
    def _upper_of(self) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
        """Classes with different gates above the first layer, and which of them each class is like."""
        if len(self.columns.gated) == 2:  # above the second layer there is nothing
            return np.zeros(1, dtype=np.intp), np.zeros(len(self), dtype=np.intp)
        if len(self.columns.gated) == 3:
            gate = self._open(3, 0)
            packed = np.concatenate([np.packbits(gate.reached, axis=1), np.packbits(gate.tables, axis=1)], axis=1)
        else:
            packed = np.concatenate(
                [np.packbits(bits.reshape(len(self), -1), axis=1) for bits in self._bits[1:]], axis=1
            )
        first, position = distinct_bytes(packed)
        return first, position

    def _upper(self, at: NDArray[np.intp]) -> NDArray[np.float64]:
        """Compute the answers of each completion above the second layer, ``[classes, upper, case]``; equally many for
        all.
        """
        first, position = self._upper_of
        wanted, inverse = np.unique(position[at], return_inverse=True)
        # there are few completions, see work, so none of these is missing
        tables = [cast(NDArray[np.int8], self.columns.upper(self.functions(one))) for one in first[wanted].tolist()]
        found: NDArray[np.float64] = np.stack(tables).astype(np.float64)[inverse]
        return found

    # ---- all together ------------------------------------------------------------------------------------------------

    def work(self) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
        """Count the numbers to compute for all interpretations of each class, ``[classes]``, and decide whether they
        can be tried.
        """
        n_tried, tried = np.ones(len(self)), np.ones(len(self), dtype=bool)
        for i, gate in enumerate(self._middle):
            own = np.where(self._shared[:, i], gate.n_completions, 1)
            n_free = (~gate.reached).sum(axis=1)
            tried &= ~self._shared[:, i] | (np.exp2(n_free) <= self.columns.max_tried)
            n_tried *= own
        n_upper = self._n_upper
        tried &= (n_tried <= self.columns.max_tried) & self.columns.holds_upper(n_upper)
        return n_upper * self._cells_of(n_tried), tried

    def _cells_of(self, n_tried: Any) -> Any:
        """Count the numbers to compute for one completion of the upper gates."""
        return self.columns.n_rows * np.maximum(self.columns.n_columns, n_tried)

    def groups(self, among: NDArray[np.bool_]) -> Iterator[Group]:
        """Group some classes by numbers of completions, in parts of bounded size."""
        wanted = np.flatnonzero(among)
        if not len(wanted):
            return
        cells, _ = self.work()
        sizes = [np.where(self._shared[:, i], gate.n_completions, 0) for i, gate in enumerate(self._middle)]
        alike, position = distinct_rows(np.stack([self._n_upper, *sizes], axis=1)[wanted])
        for kind in range(len(alike)):
            members = wanted[position == kind]
            held = max(cells[members[0]], self._n_upper[members[0]] * self.columns.n_cases)
            step = max(1, CELLS_AT_ONCE // int(held))
            for start in range(0, len(members), step):
                at = members[start : start + step]
                yield self._group(at, self._upper(at))

    def _group(self, at: NDArray[np.intp], upper: NDArray[np.float64]) -> Group:
        """Group some classes with equally many completions by what each of the upper ones answers."""
        columns, gates = self.columns, range(len(self._middle))
        shared = np.flatnonzero(self._shared[at[0]]).tolist()
        bits = np.zeros(columns.n_columns, dtype=np.int64)
        for i in shared:
            bits = (bits << 1) | ((np.arange(columns.n_columns) >> (len(gates) - 1 - i)) & 1)
        dtype: Any = np.float32 if columns.tested <= _EXACT_IN_32_BITS else np.float64
        balance: Reals = self._balance[at].astype(dtype).reshape(len(at), -1, columns.n_cases)
        right: Reals = (upper.astype(dtype) @ balance.transpose(0, 2, 1)).reshape(
            len(at), -1, columns.n_rows, columns.n_columns
        )
        right += self._decided[at, None, :, None, 0].astype(dtype)
        return Group(
            at,
            right,
            self._fits(at, [i for i in gates if i not in shared]),
            np.argsort(bits, kind="stable").reshape(1 << len(shared), -1),
            self._tried(at, shared),
        )

    def representatives(self) -> Integers:
        """Count the interventions that the representative of each class predicts right, ``[classes]``."""
        columns = self.columns
        w = np.zeros((len(self), columns.n_rows), dtype=np.int64)  # the column of each r
        for i, gate in enumerate(self._middle):
            w = (w << 1) | gate.first[:, columns.seen(2, i)]
        case = self._cases(w[:, None])  # [classes, kind, r]
        answer = np.take_along_axis(self._first_upper(), case.reshape(len(self), -1), axis=1).reshape(case.shape)
        right: Integers = np.where(answer, self._led[..., 1], self._led[..., 0]).sum(axis=(1, 2)).astype(np.int64)
        return right

    def _first_upper(self) -> NDArray[np.int8]:
        """Compute the answer of the first completion of the gates above the second layer, ``[classes, case]``."""
        columns = self.columns
        situations, _ = columns.situations
        numbers = np.broadcast_to(
            np.repeat(np.arange(columns.n_columns), len(situations)), (len(self), columns.n_cases)
        )
        source = np.tile(situations[:, -1], columns.n_columns)
        for layer in range(3, len(columns.gated) + 1):
            computed = np.zeros(numbers.shape, dtype=np.int64)
            for i in range(len(columns.gated[layer - 1])):
                rows = columns.seen(layer, i)[numbers]
                computed = (computed << 1) | np.take_along_axis(self._open(layer, i).first, rows, axis=1)
            if layer < len(columns.gated):
                patched = np.tile(situations[:, layer - 3], columns.n_columns)
                computed = (numbers_of(self._bits[layer - 1])[:, source] & patched) | (computed & ~patched)
            numbers = computed
        return numbers.astype(np.int8)

    def extremes(self, group: Group) -> tuple[Integers, Integers]:
        """Most and fewest interventions that an interpretation of each class of a group predicts right."""
        right = group.right
        unfit = np.where(group.fits, 0, self.columns.tested + 1).astype(right.dtype)[:, None]
        found = []
        for sign in (1, -1):
            worth = right - unfit if sign == 1 else right + unfit
            pick = np.max if sign == 1 else np.min
            if len(group.columns) == 1:
                sums = pick(worth, axis=3).sum(axis=2)  # [classes, upper]
            else:
                best = np.stack(
                    [pick(worth[..., w], axis=3) for w in group.columns], axis=3
                )  # [classes, upper, r, shared]
                sums = along(best, group.completions).sum(axis=3)  # [classes, upper, tried]
            found.append(pick(sums.reshape(len(right), -1), axis=1).astype(np.int64))
        return found[0], found[1]

    def extreme_tables(self, group: Group, highest: bool) -> Tables:
        """Tables of a best (or worst) interpretation of the first class of a group, of all gates after the first layer.

        The first one in the order in which completions are tried.
        """
        columns, n_gates = self.columns, len(self._middle)
        sign, rows = (1 if highest else -1), np.arange(columns.n_rows)
        worth = np.where(group.fits[0], sign * group.right[0], -np.inf)  # [upper, r, w]
        best = np.stack([worth[..., w].max(axis=2) for w in group.columns], axis=2)
        sums = best[:, rows, group.completions[0]].sum(axis=2)  # [upper, tried]
        above, tried = (int(i) for i in np.unravel_index(np.argmax(sums), sums.shape))
        among = group.columns[group.completions[0, tried]]  # [r, columns]
        w = among[rows, np.argmax(np.take_along_axis(worth[above], among, axis=1), axis=1)]  # the column of each r
        tables: Tables = {}
        for i in range(n_gates):
            seen = columns.seen(2, i)
            table = np.zeros(int(seen.max(initial=0)) + 1, dtype=np.int8)
            table[seen] = (w >> (n_gates - 1 - i)) & 1
            tables[2, i] = table
        return tables | columns.upper_tables(self.functions(int(group.at[0])), above)

    def passing(self, group: Group) -> list[int]:
        """Interpretations of each class of a group that are right on all interventions."""
        of_each_row = self._decided[group.at].sum(axis=2)
        allowed = (group.right == of_each_row[:, None, :, None]) & group.fits[:, None]
        big = self.columns.n_rows * len(self._middle) + group.right.shape[1].bit_length() >= 62
        ways = np.stack([allowed[..., w].sum(axis=3) for w in group.columns], axis=3)
        products = along(ways.astype(object) if big else ways, group.completions).prod(axis=3)
        return [int(n) for n in products.reshape(len(ways), -1).sum(axis=1)]

    def passing_demanded(self, at: int) -> int | None:
        """Count the passing interpretations as :meth:`passing` does, for one class and with only those upper
        completions tried that its clean columns allow.

        Returns:
            None if even these are too many.
        """
        columns = self.columns
        n_tried = 1.0
        for i in np.flatnonzero(self._shared[at]).tolist():
            if np.exp2((~self._middle[i].reached[at]).sum()) > columns.max_tried:
                return None
            n_tried *= float(self._middle[i].n_completions[at])
        upper = columns.upper(self.functions(at), self.demanded[at]) if n_tried <= columns.max_tried else None
        if upper is None or not columns.affords(len(upper) * self._cells_of(n_tried)):
            return None
        if not len(upper):
            return 0
        return self.passing(self._group(np.array([at]), upper[None].astype(np.float64)))[0]


def along(values: NDArray[Any], completions: Integers) -> NDArray[Any]:
    """Return the values ``[classes, upper, r, shared]`` that joint completions pick, ``[classes, upper, tried, r]``."""
    classes = np.arange(len(values))[:, None, None, None]
    upper = np.arange(values.shape[1])[None, :, None, None]
    rows = np.arange(values.shape[2])
    picked: NDArray[Any] = values[classes, upper, rows, completions[:, None]]
    return picked


# --- A gate after the first layer in many observed classes: :mod:`pluriscope.analysis.interpretations.partial_gates` as
# arrays


_XOR: Final = np.array([[0, 1, 1, 0], [1, 0, 0, 1]], dtype=np.int8)


class OpenGates(NamedTuple):
    """A gate after the first layer, in several classes.

    Args:
        tables: ``[classes, rows]`` its output where an input reaches the row, 0 elsewhere.
        reached: ``[classes, rows]``.
        first: ``[classes, rows]`` its first completion.
        n_completions: ``[classes]``; as floats, for a gate of many parents has very many.
        barred: ``[classes]`` whether XOR or XNOR would be one of them.
    """

    tables: NDArray[np.int8]
    reached: NDArray[np.bool_]
    first: NDArray[np.int8]
    n_completions: NDArray[np.float64]
    barred: NDArray[np.bool_]

    def completions(self, number: int) -> NDArray[np.int8]:
        """Return the completions of one class, in their fixed order, ``[completions, rows]``."""
        return _completions(self.tables[number].tobytes(), self.reached[number].tobytes())


def open_gates(parents: NDArray[np.bool_], bits: NDArray[np.bool_]) -> OpenGates:
    """The gate in each class that computes some bits from its parents' bits, which must determine them.

    Args:
        parents: ``[classes, parents, 2^n]`` what the parents are on each input, most significant first.
        bits: ``[classes, 2^n]`` what the gate is.
    """
    rows = numbers_of(parents)
    tables = np.zeros((len(bits), 1 << parents.shape[1]), dtype=np.int8)
    reached = np.zeros(tables.shape, dtype=bool)
    np.put_along_axis(tables, rows, bits.astype(np.int8), axis=1)
    np.put_along_axis(reached, rows, values=True, axis=1)
    n_completions = np.exp2((~reached).sum(axis=1))
    first, barred = tables, np.zeros(len(bits), dtype=bool)
    if parents.shape[1] == 2:
        first = tables.copy()
        for table in _XOR:
            among = ((tables == table) | ~reached).all(axis=1)
            n_completions -= among
            barred |= among
            # with the lowest free row set as well, the gate is neither
            each = np.flatnonzero((tables == table).all(axis=1) & ~reached.all(axis=1))
            first[each, np.argmin(reached[each], axis=1)] = 1
    return OpenGates(tables, reached, first, n_completions, barred)


def distinct_rows(rows: NDArray[Any]) -> tuple[NDArray[Any], NDArray[np.intp]]:
    """The different rows of a matrix, and which of them each row is."""
    different, position = np.unique(rows, axis=0, return_inverse=True)
    return different, position.reshape(-1)


def distinct_bytes(rows: NDArray[np.uint8]) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Find the different rows: the position where each occurs first, and for each row which of them it is."""
    keys = np.ascontiguousarray(rows).view(np.dtype((np.void, rows.shape[1])))[:, 0]
    _, first, position = np.unique(keys, return_index=True, return_inverse=True)
    return first, position.reshape(-1)


@lru_cache(maxsize=1 << 12)
def _completions(table: bytes, reached: bytes) -> NDArray[np.int8]:
    """The completions of a gate by its output and by the rows that are reached, a byte for each row."""
    free = tuple(row for row, one in enumerate(reached) if not one)
    return OpenTable(tuple(table), free).completions()
