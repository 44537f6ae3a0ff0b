"""A neuron's gate short of its completion: the rows that no input reaches are free, and numbered by their bits."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache, cached_property, lru_cache
from itertools import product
from typing import NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

from pluriscope.analysis.interpretations.gates import essential, gate_name, table_name
from pluriscope.analysis.interpretations.interpretation import NeuronGate
from pluriscope.analysis.questions.tasks import INPUT_NAMES


@dataclass(frozen=True)
class OpenGate:
    """A neuron's gate short of its completion.

    Args:
        gate: the gate with 0 in its free rows.
        barred: numbers of the completions that are XOR or XNOR of two parents, ascending.
    """

    gate: NeuronGate
    barred: tuple[int, ...]

    @property
    def n_completions(self) -> int:
        return int(2 ** len(self.gate.free_rows)) - len(self.barred)

    def completed(self, number: int) -> NeuronGate:
        """Fill the free rows of the gate by the bits of a completion's number, lowest row least significant."""
        gate, table = self.gate, list(self.gate.table)
        for bit, row in enumerate(gate.free_rows):
            table[row] = (number >> bit) & 1
        known = gate.layer, gate.neuron, gate.low, gate.high, gate.function, gate.parents
        return NeuronGate(*known, tuple(table), gate.free_rows, name_of_gate(gate, tuple(table)))  # replace() is slow

    def nth(self, rank: int) -> NeuronGate:
        """The completion of that rank among those not barred."""
        for barred in self.barred:
            rank += barred <= rank
        return self.completed(rank)

    def rank(self, table: tuple[int, ...]) -> int | None:
        """Inverse of :meth:`nth`; None if the table is no admitted completion."""
        number = sum(table[row] << bit for bit, row in enumerate(self.gate.free_rows))
        if number in self.barred or self.completed(number).table != table:
            return None
        return number - sum(barred < number for barred in self.barred)


BARRED = ((0, 1, 1, 0), (1, 0, 0, 1))  # XOR and XNOR: no gates of exactly two parents after the first layer (spec §3)


def name_of_gate(gate: NeuronGate, table: tuple[int, ...]) -> str:
    """Short name of a gate; first-layer gates of one input are that input."""
    if gate.layer > 1:
        return table_name(table, [f"{layer}.{neuron}" for layer, neuron in gate.parents])
    used, _ = essential(table)
    if len(used) == 1:
        return gate_name(gate.function, len(gate.parents))
    return table_name(table, [INPUT_NAMES[neuron] for _, neuron in gate.parents])


def local_table(function: int, parents: Sequence[int], n_rows: int) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """A gate over its parents' bits, 0 in the rows that no input reaches, and those rows.

    Args:
        function: what the neuron computes of the inputs (bit i = input row i); a function of the parents' bits.
        parents: what each parent computes, most significant first.
        n_rows: Boolean inputs, 2^n.
    """
    table: list[int | None] = [None] * (1 << len(parents))
    for i in range(n_rows):
        row = 0
        for parent in parents:
            row = row << 1 | (parent >> i) & 1
        table[row] = (function >> i) & 1
    return tuple(value or 0 for value in table), tuple(row for row, value in enumerate(table) if value is None)


def barred_completions(gate: NeuronGate) -> tuple[int, ...]:
    """Return the numbers of the completions that make XOR or XNOR of exactly two parents after the first layer."""
    barred = () if gate.layer == 1 else OpenTable(gate.table, gate.free_rows).barred
    return tuple(sorted(sum(table[row] << k for k, row in enumerate(gate.free_rows)) for table in barred))


# --- the same for a function of the inputs, whoever computes it


@dataclass(frozen=True)
class OpenTable:
    """All completions of one gate after the first layer.

    Args:
        table: the gate's output for each parent row, 0 where the row is free.
        free_rows: ascending.
    """

    table: tuple[int, ...]
    free_rows: tuple[int, ...]

    @cached_property
    def barred(self) -> tuple[tuple[int, ...], ...]:
        """Tables among the completions that are no gate: XOR and XNOR of exactly two parents."""
        if len(self.table) != 4:
            return ()
        settled = [row for row in range(4) if row not in self.free_rows]
        return tuple(table for table in BARRED if all(table[row] == self.table[row] for row in settled))

    @property
    def n_completions(self) -> int:
        return int(2 ** len(self.free_rows)) - len(self.barred)

    def completions(self) -> NDArray[np.int8]:
        """List the completions, ``[completions, parent rows]``, in the order of spec §3: by the bits of the free rows,
        lowest least.
        """
        numbers = np.arange(1 << len(self.free_rows))[:, None]
        tables = np.repeat(np.array([self.table], dtype=np.int8), len(numbers), axis=0)
        if self.free_rows:
            tables[:, list(self.free_rows)] = (numbers >> np.arange(len(self.free_rows))) & 1
        for table in self.barred:
            tables = tables[(tables != table).any(axis=1)]
        return tables

    def demanded(self, values: dict[int, int]) -> NDArray[np.int8]:
        """Return the completions that have these values in these rows.

        Args:
            values: by row; a settled row may be named.
        """
        if any(self.table[row] != value for row, value in values.items() if row not in self.free_rows):
            return np.zeros((0, len(self.table)), dtype=np.int8)
        table = tuple(values.get(row, value) for row, value in enumerate(self.table))
        rest = OpenTable(table, tuple(row for row in self.free_rows if row not in values))
        return rest.completions()


@lru_cache(maxsize=1 << 15)
def open_table(function: int, parents: tuple[int, ...], n_rows: int) -> OpenTable:
    """The gate that computes a function of the inputs from its parents' functions, which must determine it.

    Args:
        function: as an integer, bit i = input row i.
        parents: likewise, most significant first.
        n_rows: 2^n.
    """
    return OpenTable(*local_table(function, parents, n_rows))


# --- the same in many observed classes, tables as integers: bit r is the output on row r


class PackedGates(NamedTuple):
    """A gate in several observed classes, as bits.

    Args:
        settled: ``[classes]`` its table with 0 in free rows.
        free: ``[classes]`` its free rows, a bit each.
        n_completions: ``[classes]``.
        barred: whether XOR and XNOR are none of them.
    """

    settled: NDArray[np.uint64]
    free: NDArray[np.uint64]
    n_completions: NDArray[np.uint64]
    barred: bool

    @classmethod
    def of(cls, rows: NDArray[np.uint64], bits: NDArray[np.bool_], n_parents: int, *, first_layer: bool) -> Self:
        """The gate that is some bits on inputs that reach some rows.

        Args:
            rows: ``[classes or 1, 2^n]`` the row that each input reaches.
            bits: ``[classes, 2^n]``.
            n_parents: at most 6.
        """
        reached = np.uint64(1) << rows
        settled = np.bitwise_or.reduce(np.where(bits, reached, np.uint64(0)), axis=1)
        every = np.uint64((1 << (1 << n_parents)) - 1)
        free = np.broadcast_to(every & ~np.bitwise_or.reduce(reached, axis=1), settled.shape)
        barred = n_parents == 2 and not first_layer
        n = _of_two_parents()[0][settled, free] if barred else np.uint64(1) << np.bitwise_count(free).astype(np.uint64)
        return cls(settled, free, n, barred)

    def completed(self, rank: NDArray[np.uint64], of: NDArray[np.intp]) -> NDArray[np.uint64]:
        """Return completions as tables, ``[tables]``.

        Args:
            rank: ``[tables]`` of each among the completions of its class.
            of: ``[tables]`` its class.
        """
        if self.barred:
            return _of_two_parents()[1][self.settled[of], self.free[of], rank]
        table, free, rest = self.settled[of], self.free[of], rank.copy()
        somewhere = int(np.bitwise_or.reduce(self.free))
        for row in (np.uint64(row) for row in range(somewhere.bit_length()) if (somewhere >> row) & 1):
            here = (free >> row) & np.uint64(1)
            table |= (rest & here) << row
            rest >>= here
        return table


@cache
def _of_two_parents() -> tuple[NDArray[np.uint64], NDArray[np.uint64]]:
    """Tabulate gates of two parents by settled table and free rows: the number of completions, and ``[16]``
    completions.
    """
    n, tables = np.zeros((16, 16), dtype=np.uint64), np.zeros((16, 16, 16), dtype=np.uint64)
    for settled, free in product(range(16), repeat=2):
        rows = tuple(row for row in range(4) if (free >> row) & 1)
        found = OpenTable(tuple((settled >> row) & 1 for row in range(4)), rows).completions()
        n[settled, free] = len(found)
        tables[settled, free, : len(found)] = found.astype(np.uint64) @ np.array([1, 2, 4, 8], dtype=np.uint64)
    return n, tables


def gate_tables(function: NDArray[np.bool_], parents: NDArray[np.bool_], *, settled: bool) -> NDArray[np.int8]:
    """Return the first completion of a gate after the first layer in each class, ``[classes, 2^p]``, or what all its
    completions have in common, ``[classes, 3^p]``.

    Args:
        function: ``[classes, 2^n]`` what the gate is on each input.
        parents: ``[classes, p, 2^n]`` what its parents are, most significant first.
        settled: whether a parent may be 2, for either bit, and the gate too, where it depends on that or on a free row.
    """
    n_classes, n_parents, n_rows = parents.shape
    rows = np.zeros((n_classes, n_rows), dtype=np.int64)
    for parent in range(n_parents):
        rows = (rows << 1) | parents[:, parent]
    tables = np.full((n_classes, 1 << n_parents), 2 if settled else 0, dtype=np.int8)
    np.put_along_axis(tables, rows, function.astype(np.int8), axis=1)
    if n_parents == 2:  # XOR and XNOR are barred: the last free row is what makes the gate neither
        free = np.ones(tables.shape, dtype=bool)
        np.put_along_axis(free, rows, values=False, axis=1)
        left = free.sum(axis=1)
        for barred in np.array(BARRED, dtype=np.int8):
            near = ((tables == barred) | (free & settled)).all(axis=1)
            each = np.flatnonzero(near & ((left == 1) if settled else (left > 0)))
            at = np.argmax(free[each], axis=1)
            tables[each, at] = 1 - barred[at]
    if settled:
        for parent in range(n_parents):
            zero, one = np.moveaxis(tables.reshape(n_classes, 3**parent, 2, -1), 2, 0)
            tables = np.stack([zero, one, np.where(zero == one, zero, np.int8(2))], axis=2)
    return tables.reshape(n_classes, -1)
