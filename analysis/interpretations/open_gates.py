"""A gate after the first layer in many observed classes: :mod:`analysis.interpretations.open_tables` as arrays."""

from __future__ import annotations

from functools import lru_cache
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from analysis.interpretations.columns import numbers_of
from analysis.interpretations.open_tables import OpenTable

_XOR: Final = np.array([[0, 1, 1, 0], [1, 0, 0, 1]], dtype=np.int8)


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
    """Where each different row occurs first, and which of them each row is."""
    keys = np.ascontiguousarray(rows).view(np.dtype((np.void, rows.shape[1])))[:, 0]
    _, first, position = np.unique(keys, return_index=True, return_inverse=True)
    return first, position.reshape(-1)


@lru_cache(maxsize=1 << 12)
def _completions(table: bytes, reached: bytes) -> NDArray[np.int8]:
    """The completions of a gate by its output and by the rows that are reached, a byte for each row."""
    free = tuple(row for row, one in enumerate(reached) if not one)
    return OpenTable(tuple(table), free).completions()
