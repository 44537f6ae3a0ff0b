"""Which variables a network can carry, whatever tree they stand in.

A variable enters a test only through three functions: its own f, and the output l or u when it alone is fixed to 0 or
1. On a neuron set it is valid if the network decides, for every tested source s and base b,

    D[s, b] = u[b] if f[s] else l[b].

In an algorithm that computes the task t, fixing a variable to the value that it has anyway changes nothing: t[b] =
u[b] if f[b] else l[b]. So D may be completed by D[b, b] = t[b], and where every pair source ≠ base is tested nothing is
left open: each row of D must be l or u. A neuron set therefore carries

- nothing, if D has three different rows or an undecided entry;
- one behaviour (f, l, u), up to negating the variable, if D has two rows;
- every variable that never matters (l = u = t, or f constant) and no other, if all rows of D are t.

A network with N neuron sets thus carries at most N behaviours besides the idle one, out of all that the trees over n
inputs have. Where a protocol tests fewer pairs, more behaviours fit one set, and each is tried on each different D.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from analysis.alignments.decisions import SiteDecisions
from analysis.alignments.iia import Behaviour

Functions = NDArray[np.uint64]


class Support:
    """The behaviours that neuron sets of one network carry.

    Args:
        sites: what the network decides.
        pattern: the task's truth table as an integer.
    """

    def __init__(self, sites: SiteDecisions, pattern: int) -> None:
        self._sites = sites
        n_rows = 1 << sites.n_inputs
        self._full = np.uint64((1 << n_rows) - 1)
        own = np.left_shift(np.uint64(1), np.arange(n_rows, dtype=np.uint64))
        self._rows_known = bool((sites.tested_bits | own == self._full).all())
        completed = sites.decided_bits | (own & np.uint64(pattern) & ~sites.tested_bits)
        self._different = np.unique(completed[sites.always_decided], axis=0)
        self._carries_idle = False
        self._carried: set[tuple[int, int, int]] = set()
        if self._rows_known:
            self._read_behaviours()
        self._values = np.array(sorted({values for values, _, _ in self._carried}), dtype=np.uint64)
        self.valid = lru_cache(maxsize=None)(self._valid)

    def _read_behaviours(self) -> None:
        """The behaviour of each completed table of decisions, rows known."""
        for rows in self._different.tolist():
            first = rows[0]
            others = {row for row in rows if row != first}
            if not others:
                self._carries_idle = True
            elif len(others) == 1:  # bit 0 of the variable is 0, so it is on where its source's row is not the first
                values = sum(1 << source for source, row in enumerate(rows) if row != first)
                self._carried.add((values, first, others.pop()))

    def carried(
        self, functions: Functions, when_false: Functions | np.uint64, when_true: Functions
    ) -> NDArray[np.bool_]:
        """Whether some neuron set carries a variable, for many at once.

        Args:
            functions: ``[variables]`` their own truth tables; each is one of an algorithm that computes the task.
            when_false: ``[variables]`` the output with the variable fixed to 0.
            when_true: ``[variables]`` the output with the variable fixed to 1.
        """
        functions, when_false, when_true = np.broadcast_arrays(functions, when_false, when_true)
        if not self._rows_known:
            return self._tried(functions, when_false, when_true)
        flip = (functions & np.uint64(1)).astype(bool)
        values = np.where(flip, self._full & ~functions, functions)
        low, high = np.where(flip, when_true, when_false), np.where(flip, when_false, when_true)
        idle = (values == 0) | (low == high)
        found = idle & self._carries_idle
        for i in np.flatnonzero(~idle & np.isin(values, self._values)).tolist():
            found[i] = (int(values[i]), int(low[i]), int(high[i])) in self._carried
        return np.asarray(found, dtype=bool)

    def _tried(self, functions: Functions, when_false: Functions, when_true: Functions) -> NDArray[np.bool_]:
        """The same where some pairs stay open: each variable on each different table of decisions."""
        found = np.zeros(len(functions), dtype=bool)
        tested = self._sites.tested_bits
        for rows in self._different:
            left = np.flatnonzero(~found)
            for source, row in enumerate(rows):
                if not len(left):
                    break
                on = (functions[left] >> np.uint64(source)) & np.uint64(1) == 1
                wrong = (np.where(on, when_true[left], when_false[left]) ^ row) & tested[source]
                left = left[wrong == 0]
            found[left] = True
        return found

    def _valid(self, behaviour: Behaviour) -> NDArray[np.bool_]:
        """``[sites]`` which neuron sets carry a behaviour, every tested pair compared."""
        values, low, high = behaviour
        wanted = np.array(
            [high if values >> source & 1 else low for source in range(len(self._sites.tested))], dtype=np.uint64
        )
        wrong = (self._sites.decided_bits ^ wanted) & self._sites.tested_bits
        valid: NDArray[np.bool_] = self._sites.always_decided & (wrong == 0).all(axis=1)
        return valid
