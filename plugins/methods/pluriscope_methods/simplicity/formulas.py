"""The shortest formulas over AND, OR and NOT for a gate whose table is settled on some rows only."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from functools import lru_cache
from itertools import product
from typing import Final, NamedTuple

from pluriscope.analysis.algorithms.high_level_model import input_pattern
from pluriscope.analysis.errors import BeyondLimits
from pluriscope.analysis.interpretations.partial_gates import OpenTable, open_table

_MOST_PAIRS: Final = 2_000_000


class ShortestFormula(NamedTuple):
    """Shortest formula of a gate.

    Args:
        symbols: of a shortest formula: each name of a parent and each operator is one.
        tables: the completions that have such a formula, as integers: bit r is the output on row r.
    """

    symbols: int
    tables: frozenset[int]


@lru_cache(maxsize=1 << 14)
def shortest_formula(function: int, parents: tuple[int, ...], n_rows: int, *, barred: bool) -> ShortestFormula:
    """The shortest formulas of any completion of a gate.

    Args:
        function: what the gate computes of the inputs, as an integer, bit i = input row i; not constant.
        parents: likewise, most significant first.
        n_rows: Boolean inputs, 2^n.
        barred: whether XOR and XNOR of exactly two parents are no gate.

    Raises:
        BeyondLimits: too many formulas are no longer than it.
    """
    n_parents = len(parents)
    if barred and n_parents == 2:
        # which completion it is matters here, so each table is looked for by itself
        rows = tuple(input_pattern(parent, 2) for parent in range(2))
        every = [_of_observed(rows, 4).find(_number(table)) for table in _completions(function, parents, n_rows)]
        least = min(one.symbols for one in every)
        return ShortestFormula(least, frozenset().union(*(one.tables for one in every if one.symbols == least)))
    return _of_observed(parents, n_rows).find(function)


def _completions(function: int, parents: tuple[int, ...], n_rows: int) -> list[list[int]]:
    open_gate: OpenTable = open_table(function, parents, n_rows)
    found: list[list[int]] = open_gate.completions().tolist()
    return found


def _number(table: list[int]) -> int:
    return sum(bit << row for row, bit in enumerate(table))


class _Formulas:
    """Functions of the inputs by the length of their shortest formulas over some parents, found length by length.

    Every part of a shortest formula is a shortest formula of what it computes of the inputs: a shorter one could take
    its place. So for each function the tables of its shortest formulas are all that longer ones are made of.
    """

    def __init__(self, parents: tuple[int, ...], n_rows: int) -> None:
        self.every, self.every_row = (1 << n_rows) - 1, (1 << (1 << len(parents))) - 1
        self.length: dict[int, int] = {}
        self.tables: defaultdict[int, set[int]] = defaultdict(set)
        self.of_length: list[list[int]] = [[]]
        self.n_pairs = 0
        self._keep([(one, input_pattern(place, len(parents))) for place, one in enumerate(parents)])

    def find(self, function: int) -> ShortestFormula:
        while function not in self.length:
            self._keep(self._longer(len(self.of_length)))
        return ShortestFormula(self.length[function], frozenset(self.tables[function]))

    def _keep(self, found: Iterator[tuple[int, int]] | list[tuple[int, int]]) -> None:
        length, new = len(self.of_length), []
        for function, table in found:
            if self.length.setdefault(function, length) == length:
                if function not in self.tables:
                    new.append(function)
                self.tables[function].add(table)
        self.of_length.append(new)

    def _longer(self, length: int) -> Iterator[tuple[int, int]]:
        """Function and table of every formula of a length whose parts are shortest formulas."""
        for one in self.of_length[length - 1]:
            yield from ((self.every ^ one, self.every_row ^ table) for table in self.tables[one])
        for left in range(1, (length - 1) // 2 + 1):
            for one, other in product(self.of_length[left], self.of_length[length - 1 - left]):
                pairs = [*product(self.tables[one], self.tables[other])]
                self.n_pairs += len(pairs)
                if self.n_pairs > _MOST_PAIRS:
                    cause = f"more than {_MOST_PAIRS:,} pairs of formulas were joined"
                    raise BeyondLimits("the shortest formula of a gate", cause, "use a smaller network")
                for first, second in pairs:
                    yield one & other, first & second
                    yield one | other, first | second


@lru_cache(maxsize=1 << 12)
def _of_observed(parents: tuple[int, ...], n_rows: int) -> _Formulas:
    return _Formulas(parents, n_rows)
