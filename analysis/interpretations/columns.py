"""Columns: what holds for all observed classes of a circuit when their completions are judged at once.

See :mod:`pluriscope.analysis.interpretations.predicting` for the idea. Here an intervention leads to the bits r of the
first layer after patching, and asks something of the *column* w of r, the bits that the gates of the second layer give
on r. The bits of a layer's gates are held as one number, the lowest neuron most significant. The classes themselves are
followed side by side in :mod:`pluriscope.analysis.interpretations.batched_classes`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from itertools import product
from math import prod
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from pluriscope.analysis.interpretations.observed import ObservedClasses
from pluriscope.analysis.interpretations.partial_gates import OpenTable, open_table
from pluriscope.analysis.interventions.experiments import InterventionSpace, NetworkAnswers

Integers = NDArray[np.int64]
Tables = dict[tuple[int, int], NDArray[np.int8]]
"""Tables of gates by (layer, position among the layer's gates)."""

UNDECIDED: Final = -1
MAX_CELLS: Final = 1 << 23  # numbers held at once for one class


class Kinds(NamedTuple):
    """Interventions that enter the gates above the first layer alike.

    Args:
        source: ``[kinds]`` the source they share.
        patched: ``[kinds]`` the gates of the second layer that they patch, as a number.
        situation: ``[kinds]`` what the upper gates need besides.
        of: ``[sets, pairs]`` the kind of each intervention.
    """

    source: Integers
    patched: Integers
    situation: Integers
    of: Integers


@dataclass(frozen=True, eq=False)
class Columns:
    """A circuit under a family of neuron sets.

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

    @cached_property
    def gated(self) -> tuple[tuple[int, ...], ...]:
        """The neurons of each layer that have a gate."""
        return tuple(self.classes.gated(layer) for layer in range(1, len(self.classes.layers) + 1))

    @property
    def n_rows(self) -> int:
        """The number of values of r."""
        return 1 << len(self.gated[0])

    @property
    def n_columns(self) -> int:
        """The number of values of w."""
        return 1 << len(self.gated[1])

    @property
    def n_cases(self) -> int:
        """Inputs of the upper gates: bits of the second layer after patching, times situations."""
        return self.n_columns * len(self.situations[0])

    @cached_property
    def pairs(self) -> tuple[Integers, Integers]:
        """Source and base of every ordered pair."""
        source, base = np.nonzero(~np.eye(self.space.n_rows, dtype=bool))
        return source, base

    @cached_property
    def decisions(self) -> Integers:
        """The decisions of the network, ``[sets, pairs]``."""
        source, base = self.pairs
        return self.answers.decisions[self.chosen][:, source, base].astype(np.int64)

    @property
    def tested(self) -> int:
        """The number of interventions that count."""
        return int(self.decisions.size)

    @property
    def is_too_large(self) -> bool:
        """Whether even one class takes too many numbers."""
        cells = self.n_rows * self.n_columns * self.n_cases * 2
        return max(cells, self.tested * self.n_columns) > MAX_CELLS

    def affords(self, cells: float) -> bool:
        """Whether to go on with so many numbers for one class; what they cost is then spent."""
        if cells > MAX_CELLS or cells > self.work_left[0]:
            return False
        self.work_left[0] -= int(cells)
        return True

    def patched(self, layer: int) -> Integers:
        """Return the gates of a layer that each set patches, ``[sets]``; 0 for the output."""
        held = np.zeros(len(self.chosen), dtype=np.int64)
        for neuron in self.gated[layer - 1]:
            held <<= 1
            if layer <= len(self.space.hidden_sizes):
                held |= self.space.holds[layer, neuron][self.chosen]
        return held

    @cached_property
    def situations(self) -> tuple[Integers, Integers]:
        """The inputs of the upper gates beside the bits of the second layer, if hidden layers lie above it.

        Returns:
            ``[situations, layers + 1]`` the gates patched in layers 3 … and the source, and ``[sets, pairs]`` which of
            these each intervention is. One situation without content where nothing lies above but the output.
        """
        above = range(3, len(self.gated))
        if not above:
            return np.zeros((1, 1), dtype=np.int64), np.zeros(self.decisions.shape, dtype=np.int64)
        patterns, pattern = np.unique(
            np.stack([self.patched(layer) for layer in above], axis=1), axis=0, return_inverse=True
        )
        sources, _, of = self._sources
        rows = np.column_stack([patterns.repeat(len(sources), axis=0), np.tile(sources, len(patterns))])
        return rows, pattern[:, None] * len(sources) + of

    @cached_property
    def _sources(self) -> tuple[Integers, NDArray[np.intp], NDArray[np.intp]]:
        """The sources that occur, ascending, for each the first pair with it, and the source of each pair by rank."""
        sources, first, of = np.unique(self.pairs[0], return_index=True, return_inverse=True)
        return sources, first, of

    @cached_property
    def kinds(self) -> Kinds:
        """The ways in which interventions enter the gates above the first layer; with a fixed set only the source
        matters.
        """
        n_rows = self.space.n_rows
        sources, first, of = self._sources
        patched = self.patched(2)[:, None]
        code = (self.situations[1][:, first] * self.n_columns + patched) * n_rows + sources
        each, of_source_in_set = np.unique(code, return_inverse=True)
        rest, of_source = np.divmod(each, n_rows)
        situation, of_second = np.divmod(rest, self.n_columns)
        return Kinds(of_source, of_second, situation, of_source_in_set.reshape(code.shape)[:, of])

    def seen(self, layer: int, position: int) -> Integers:
        """Return for each number of the layer below the row of a gate's table that it means."""
        if (layer, position) not in self._rows_seen:
            below = self.gated[layer - 2]
            numbers = np.arange(1 << len(below))
            row = np.zeros_like(numbers)
            for parent in self.parents(layer, position):
                row = (row << 1) | ((numbers >> (len(below) - 1 - parent)) & 1)
            self._rows_seen[layer, position] = row
        return self._rows_seen[layer, position]

    @cached_property
    def _parents(self) -> dict[tuple[int, int], tuple[int, ...]]:
        return {
            (layer, i): tuple(self.gated[layer - 2].index(parent) for parent in self.classes.parents(layer, neuron))
            for layer in range(2, len(self.gated) + 1)
            for i, neuron in enumerate(self.gated[layer - 1])
        }

    def parents(self, layer: int, position: int) -> tuple[int, ...]:
        """Positions of a gate's parents among the gates of the layer below."""
        return self._parents[layer, position]

    # ---- gates above the second layer, in one class ------------------------------------------------------------------

    @property
    def _upper_sites(self) -> list[tuple[int, int]]:
        """The gates above the second layer, by (layer, position)."""
        return [(layer, i) for layer in range(3, len(self.gated) + 1) for i in range(len(self.gated[layer - 1]))]

    def upper_gates(self, functions: tuple[tuple[int, ...], ...]) -> list[OpenTable]:
        """The open tables of the gates above the second layer, by layer, then position.

        Args:
            functions: for each layer, what each gate computes of the inputs, as integers.
        """
        return [
            open_table(
                functions[layer - 1][i],
                tuple(functions[layer - 2][parent] for parent in self.parents(layer, i)),
                self.space.n_rows,
            )
            for layer, i in self._upper_sites
        ]

    def holds_upper(self, n_completions: Any) -> Any:
        """Decide whether so many completions of the gates above the second layer are tried, each with every case."""
        return (n_completions <= self.max_tried) & (n_completions * self.n_cases <= MAX_CELLS)

    def upper(
        self, functions: tuple[tuple[int, ...], ...], demanded: NDArray[np.bool_] | None = None
    ) -> NDArray[np.int8] | None:
        """Compute the output for each completion of the gates above the second layer, ``[completions, case]``.

        With ``demanded [case, decision]`` completions that contradict it may be left out. None if there are too many.
        """
        n_layers = len(self.gated)
        if n_layers == 2:  # the second layer is the output
            return np.arange(2, dtype=np.int8)[None]
        tables = self.upper_gates(functions)
        if n_layers == 3:
            seen, (table,) = self.seen(3, 0), tables
            demands: dict[int, int] = {}
            if demanded is not None:
                for case, decision in np.argwhere(demanded).tolist():
                    if demands.setdefault(int(seen[case]), decision) != decision:
                        return np.zeros((0, self.n_cases), dtype=np.int8)
            n_free = sum(row not in demands for row in table.free_rows)
            return None if 1 << n_free > self.max_tried else table.demanded(demands)[:, seen]
        if not self.holds_upper(prod(table.n_completions for table in tables)):
            return None
        bits = [_spelt(layer, self.space.n_rows) for layer in functions]
        joint = product(*(table.completions() for table in tables))
        return np.array([self._followed(bits, dict(zip(self._upper_sites, choice, strict=True))) for choice in joint])

    def upper_tables(self, functions: tuple[tuple[int, ...], ...], number: int) -> Tables:
        """Return the tables of one of the completions that :meth:`upper` lists without a demand."""
        found: Tables = {}
        gates = zip(self._upper_sites, self.upper_gates(functions), strict=True)
        for site, table in reversed(list(gates)):
            number, own = divmod(number, table.n_completions)
            found[site] = table.completions()[own]
        return found

    def _followed(self, bits: list[Integers], tables: Tables) -> NDArray[np.int8]:
        """Compute the output of fixed gates above the second layer, ``[case]``; ``bits`` are those of each layer's
        gates.
        """
        situations, _ = self.situations
        numbers = np.repeat(np.arange(self.n_columns), len(situations))
        source = np.tile(situations[:, -1], self.n_columns)
        for layer in range(3, len(self.gated) + 1):
            computed = np.zeros_like(numbers)
            for i in range(len(self.gated[layer - 1])):
                computed = (computed << 1) | tables[layer, i][self.seen(layer, i)[numbers]]
            if layer < len(self.gated):
                patched = np.tile(situations[:, layer - 3], self.n_columns)
                computed = (bits[layer - 1][source] & patched) | (computed & ~patched)
            numbers = computed
        return numbers.astype(np.int8)


def numbers_of(bits: NDArray[np.bool_]) -> Integers:
    """Join bits ``[classes, gates, 2^n]`` to numbers ``[classes, 2^n]``, the first gate most significant."""
    numbers = np.zeros((bits.shape[0], bits.shape[2]), dtype=np.int64)
    for gate in range(bits.shape[1]):
        numbers = (numbers << 1) | bits[:, gate]
    return numbers


def _spelt(functions: tuple[int, ...], n_rows: int) -> Integers:
    """Return the bits of a layer's gates on each input, as numbers, ``[2^n]``."""
    each = [sum(((f >> row) & 1) << (len(functions) - 1 - i) for i, f in enumerate(functions)) for row in range(n_rows)]
    return np.array(each, dtype=np.int64)
