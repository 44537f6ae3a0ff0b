"""A neuron's gate short of its completion: the rows that no input reaches are free, and numbered by their bits."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from analysis.interpretations.gates import essential, gate_name, table_name
from analysis.interpretations.interpretation import NeuronGate
from analysis.tasks import INPUT_NAMES


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
        """With its free rows filled by the bits of a completion's number, lowest row least significant."""
        gate, table = self.gate, list(self.gate.table)
        for place, row in enumerate(gate.free_rows):
            table[row] = (number >> place) & 1
        known = gate.layer, gate.neuron, gate.low, gate.high, gate.function, gate.parents
        return NeuronGate(*known, tuple(table), gate.free_rows, name_of_gate(gate, tuple(table)))  # replace() is slow

    def nth(self, rank: int) -> NeuronGate:
        """The completion of that rank among those not barred."""
        for barred in self.barred:
            rank += barred <= rank
        return self.completed(rank)

    def rank(self, table: tuple[int, ...]) -> int | None:
        """Inverse of :meth:`nth`; None if the table is no admitted completion."""
        number = sum(table[row] << place for place, row in enumerate(self.gate.free_rows))
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
    """Numbers of the completions that make XOR or XNOR of exactly two parents after the first layer."""
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

    @property
    def is_independent(self) -> bool:
        """Whether each free row may be filled whatever the others are."""
        return not self.barred

    def completions(self) -> NDArray[np.int8]:
        """``[completions, parent rows]`` in the order of spec §3: by the bits of the free rows, lowest least."""
        numbers = np.arange(1 << len(self.free_rows))[:, None]
        tables = np.repeat(np.array([self.table], dtype=np.int8), len(numbers), axis=0)
        if self.free_rows:
            tables[:, list(self.free_rows)] = (numbers >> np.arange(len(self.free_rows))) & 1
        for table in self.barred:
            tables = tables[(tables != table).any(axis=1)]
        return tables

    def demanded(self, values: dict[int, int]) -> NDArray[np.int8]:
        """The completions that have these values in these rows.

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


# --- one gate in many observed classes


class OpenGates(NamedTuple):
    """One gate after the first layer, in several classes.

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
        """``[completions, rows]`` those of one class, in their fixed order."""
        return _completions(self.tables[number].tobytes(), self.reached[number].tobytes())


def open_gates(parents: NDArray[np.bool_], bits: NDArray[np.bool_], *, barring: bool = True) -> OpenGates:
    """The gate in each class that computes some bits from its parents' bits, which must determine them.

    Args:
        parents: ``[classes, parents, 2^n]`` what the parents are on each input, most significant first.
        bits: ``[classes, 2^n]`` what the gate is.
        barring: whether XOR and XNOR of two parents are no gates, as they are not after the first layer.
    """
    rows = numbers_of(parents)
    tables = np.zeros((len(bits), 1 << parents.shape[1]), dtype=np.int8)
    reached = np.zeros(tables.shape, dtype=bool)
    np.put_along_axis(tables, rows, bits.astype(np.int8), axis=1)
    np.put_along_axis(reached, rows, values=True, axis=1)
    n_completions = np.exp2((~reached).sum(axis=1))
    first, barred = tables, np.zeros(len(bits), dtype=bool)
    if barring and parents.shape[1] == 2:
        first = tables.copy()
        for table in np.array(BARRED, dtype=np.int8):
            among = ((tables == table) | ~reached).all(axis=1)
            n_completions -= among
            barred |= among
            # with the lowest free row set as well, the gate is neither
            each = np.flatnonzero((tables == table).all(axis=1) & ~reached.all(axis=1))
            first[each, np.argmin(reached[each], axis=1)] = 1
    return OpenGates(tables, reached, first, n_completions, barred)


def completed_tables(gates: OpenGates, rank: NDArray[np.uint64], of: NDArray[np.intp]) -> NDArray[np.uint64]:
    """``[tables]`` completions as integers, bit r for row r, which may be 64.

    Args:
        rank: ``[tables]`` of each among the completions of its class.
        of: ``[tables]`` its class.
    """
    rows = np.arange(gates.tables.shape[1], dtype=np.uint64)
    settled = (gates.tables.astype(np.uint64) << rows).sum(axis=1, dtype=np.uint64)
    if gates.barred.any():  # a gate of two parents, of which there are few
        _, first, kind = np.unique(gates.tables + 2 * ~gates.reached, axis=0, return_index=True, return_inverse=True)
        known = np.zeros((len(first), 16), dtype=np.uint64)
        for number, one in enumerate(first.tolist()):
            tables = gates.completions(one).astype(np.uint64)
            known[number, : len(tables)] = (tables << rows).sum(axis=1, dtype=np.uint64)
        return known[kind.reshape(-1)[of], rank.astype(np.intp)]
    free, table, rest = (~gates.reached).astype(np.uint64), settled[of], rank.copy()
    for row in np.flatnonzero(free.any(axis=0)).tolist():
        here = free[of, row]
        table |= (rest & here) << np.uint64(row)
        rest >>= here
    return table


def numbers_of(bits: NDArray[np.bool_]) -> NDArray[np.int64]:
    """``[classes, gates, 2^n]`` bits as ``[classes, 2^n]`` numbers, the first gate most significant."""
    numbers = np.zeros((bits.shape[0], bits.shape[2]), dtype=np.int64)
    for gate in range(bits.shape[1]):
        numbers = (numbers << 1) | bits[:, gate]
    return numbers


@lru_cache(maxsize=1 << 12)
def _completions(table: bytes, reached: bytes) -> NDArray[np.int8]:
    """The completions of a gate by its output and by the rows that are reached, a byte for each row."""
    free = tuple(row for row, one in enumerate(reached) if not one)
    return OpenTable(tuple(table), free).completions()
