"""The margins of very many circuits by their codes, see :func:`app.db.circuit_columns.margin_codes`.

A code takes a quarter of the bytes of a margin and nearly always says enough: which circuits lie above a bound, and
which come first. What it leaves open, some hundred circuits of one code, is read from the margins themselves, so
nothing is rounded.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.db.circuit_columns import BLOCK
from app.db.tables import CircuitBlockRow

_BLOCKS_AT_ONCE: Final = 64  # in a query


@dataclass(frozen=True)
class CodedMargins:
    """The margins of all circuits of an analysis.

    Args:
        session: open session.
        analysis_id: row number of the analysis.
        codes: ``[circuits]`` in the order of masks; a larger margin has no smaller code.
        ranges: ``[codes, 2]`` the smallest and the largest margin with each code, none of them NaN.
    """

    session: Session
    analysis_id: int
    codes: NDArray[np.uint16]
    ranges: NDArray[np.float64]

    def at(self, positions: NDArray[np.int64]) -> NDArray[np.float64]:
        """The margins of the circuits at ascending positions; those that their codes do not say are read."""
        smallest, largest = self.ranges[self.codes[positions]].T
        margins: NDArray[np.float64] = smallest.copy()
        unsaid = np.flatnonzero(smallest != largest)
        blocks, starts = np.unique(positions[unsaid] // BLOCK, return_index=True)
        parts = dict(zip(blocks.tolist(), np.split(unsaid, starts[1:]), strict=False))
        query = select(CircuitBlockRow.block, CircuitBlockRow.data).where(
            CircuitBlockRow.analysis_id == self.analysis_id, CircuitBlockRow.name == "margin"
        )
        for start in range(0, len(blocks), _BLOCKS_AT_ONCE):
            some = blocks[start : start + _BLOCKS_AT_ONCE].tolist()
            for block, data in self.session.execute(query.where(CircuitBlockRow.block.in_(some))):
                margins[parts[block]] = np.frombuffer(data)[positions[parts[block]] % BLOCK]
        return margins

    def by_codes(self, test: Callable[[Any], Any]) -> Callable[[Any], Any] | None:
        """The same test of codes, as :meth:`passing` takes one; None where a code has margins on both sides."""
        smallest, largest = (test(ends) for ends in self.ranges.T)
        if (smallest != largest).any():
            return None
        turned = np.flatnonzero(smallest != smallest[0])
        if not len(turned):  # as of a bound beyond all margins
            return lambda codes: np.broadcast_to(smallest[0], len(codes))
        bound = np.uint16(turned[0])
        return (lambda codes: codes < bound) if smallest[0] else (lambda codes: codes >= bound)

    def passing(self, test: Callable[[Any], Any]) -> NDArray[np.bool_]:
        """Which circuits fulfil a test that all margins beyond a bound fulfil, or all up to one, and no others."""
        smallest, largest = (test(ends) for ends in self.ranges.T)
        turned = np.flatnonzero(smallest != smallest[0])
        passes: NDArray[np.bool_] = (self.codes >= (turned[0] if len(turned) else len(smallest))) != smallest[0]
        for code in np.flatnonzero(smallest != largest):  # the one that the bound lies in
            positions = np.flatnonzero(self.codes == code)
            passes[positions] = test(self.at(positions))
        return passes

    def first_code(self, value: float | None, *, descending: bool) -> int:
        """The first code of an order behind a value, circuits of that value included; of the whole order for None."""
        if descending:
            return (len(self.ranges) if value is None else int(np.searchsorted(self.ranges[:, 0], value, "right"))) - 1
        return 0 if value is None else int(np.searchsorted(self.ranges[:, 1], value))
