"""Whether a contradiction follows from clauses by steps that each follow by unit propagation.

A step follows if assuming its clause's negation leads, by clauses with one literal left, to a clause with none (RUP:
Goldberg and Novikov 2003; with deletions as in DRUP: Heule, Hunt and Wetzler 2013). Nothing here is shared with the
solver that wrote the steps. Each clause watches two literals that are not false, so that only what loses one is looked
at. What follows by a clause that is deleted later stays true: it followed.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import chain
from typing import Final

import numpy as np
from numpy.typing import NDArray

from pluriscope.analysis.numerics.machine_code import loop, run_loop

Ints = NDArray[np.int64]
Flags = NDArray[np.bool_]
Step = tuple[Sequence[int], bool]
"""Literals as DIMACS writes them, and whether the clause is deleted, not added."""
_NOTHING: Final = -1  # a clause to delete that is not there


def wrong_step(given: Sequence[Sequence[int]], steps: Iterable[Step], n_variables: int) -> int | None:
    """Position of the first step that does not follow, or the number of steps if all do but no contradiction follows;
    None if one follows.

    Args:
        given: clauses that are not asked about.
        steps: in their order.
        n_variables: the largest variable of all.
    """
    flat: list[int] = []
    starts, clauses, deletes = [0], [], []
    known: dict[tuple[int, ...], list[int]] = {}
    for clause, is_deleted in chain(((one, False) for one in given), steps):
        key = tuple(sorted({*clause}))
        same = known.setdefault(key, [])
        if is_deleted:
            clauses.append(same.pop() if same else _NOTHING)
        else:
            same.append(len(starts) - 1)
            clauses.append(len(starts) - 1)
            flat += (2 * abs(one) + (one < 0) for one in key)
            starts.append(len(flat))
        deletes.append(is_deleted)
    literals, ends, events = (np.array(one, dtype=np.int64) for one in (flat, starts, clauses))
    deleted = np.array(deletes, dtype=np.bool_)
    n_literals = 2 * n_variables + 2
    value, trail = np.zeros(n_literals, dtype=np.int64), np.zeros(n_variables + 1, dtype=np.int64)
    alive, first = np.zeros(len(ends), dtype=np.bool_), np.full(n_literals, -1, dtype=np.int64)
    following = np.full(2 * len(ends), -1, dtype=np.int64)
    room = value, trail, alive, first, following
    wrong = run_loop(_first_wrong, literals, ends, events, deleted, len(given), *room)
    return None if wrong < 0 else wrong - len(given)


@loop
def _first_wrong(
    literals: Ints,
    starts: Ints,
    clauses: Ints,
    deletes: Flags,
    n_given: int,
    value: Ints,
    trail: Ints,
    alive: Flags,
    first: Ints,
    following: Ints,
) -> int:
    """The first event that does not follow, −1 once there is a contradiction.

    Args:
        value: of each literal 1 if true, −1 if false, 0 if open, as all are.
        trail: room for the literals that become true.
        alive: of each clause, and none is.
        first: of each literal the first watch in its list, or −1, as all are.
        following: of each watch the next one, likewise; watch 2c + w is literal w of clause c.
    """
    n_true = 0
    for event in range(len(clauses)):
        clause = clauses[event]
        if deletes[event]:
            if clause >= 0:
                alive[clause] = False
            continue
        start, end = starts[clause], starts[clause + 1]
        # all literals of the clause are assumed false
        if event >= n_given:
            follows, n_assumed = False, n_true
            for at in range(start, end):
                follows |= value[literals[at]] == 1
                if value[literals[at]] == 0:
                    value[literals[at]], value[literals[at] ^ 1] = -1, 1
                    trail[n_assumed] = literals[at] ^ 1
                    n_assumed += 1
            if not follows:
                n_assumed = _propagate(literals, starts, alive, value, trail, n_true, n_assumed, first, following)
                follows = n_assumed < 0
                n_assumed = abs(n_assumed)
            # what was assumed is open again, whatever came of it
            for at in range(n_true, n_assumed):
                value[trail[at]] = value[trail[at] ^ 1] = 0
            if not follows:
                return event
        # two literals that are not false come first, for these are watched
        n_open = 0
        for at in range(start, end):
            if value[literals[at]] >= 0 and n_open < 2:
                literals[start + n_open], literals[at] = literals[at], literals[start + n_open]
                n_open += 1
        if n_open == 0:
            return -1
        if n_open == 2:
            alive[clause] = True
            for which in range(2):
                literal = literals[start + which]
                following[2 * clause + which] = first[literal]
                first[literal] = 2 * clause + which
        # a unit clause holds from here on, with all that it propagates
        elif value[literals[start]] == 0:
            value[literals[start]], value[literals[start] ^ 1] = 1, -1
            trail[n_true] = literals[start]
            n_true = _propagate(literals, starts, alive, value, trail, n_true, n_true + 1, first, following)
            if n_true < 0:
                return -1
    return len(clauses)


@loop
def _propagate(
    literals: Ints,
    starts: Ints,
    alive: Flags,
    value: Ints,
    trail: Ints,
    head: int,
    n_true: int,
    first: Ints,
    following: Ints,
) -> int:
    """Propagate units from ``head`` on; return the number of true literals, negative on a contradiction."""
    while head < n_true:
        false = trail[head] ^ 1
        head += 1
        watch, first[false] = first[false], -1
        while watch >= 0:
            after, clause, which = following[watch], watch >> 1, watch & 1
            if alive[clause]:
                start, to = starts[clause], false
                other = literals[start + 1 - which]
                if value[other] != 1:
                    for at in range(start + 2, starts[clause + 1]):
                        if value[literals[at]] != -1:
                            to = literals[at]
                            literals[start + which], literals[at] = to, false
                            break
                following[watch] = first[to]
                first[to] = watch
                if to == false and value[other] == 0:
                    value[other], value[other ^ 1] = 1, -1
                    trail[n_true] = other
                    n_true += 1
                elif to == false and value[other] == -1:
                    while after >= 0:  # the others still watch
                        watch, after = after, following[after]
                        following[watch] = first[false]
                        first[false] = watch
                    return -n_true
            watch = after
    return n_true
