"""A gate short of its completion: the rows that the inputs reach are settled, the others are free."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property, lru_cache

import numpy as np
from numpy.typing import NDArray

from analysis.interpretations.partial_gates import BARRED, local_table


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
