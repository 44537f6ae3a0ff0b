"""Walks over the observed classes of a circuit in blocks, within the work that is allowed."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from analysis.interpretations.batched_classes import CELLS_AT_ONCE, ClassBlock
from analysis.interpretations.columns import MAX_CELLS, UNDECIDED, Columns, Tables

Integers = NDArray[np.int64]


class Judged(NamedTuple):
    """What was found of the classes of a block.

    Args:
        passing: interpretations that are always right; −1 where it is undecided.
        best: most interventions that one of them predicts right; −1 likewise, or if not computed.
        worst: fewest, likewise.
    """

    passing: list[int]
    best: Integers
    worst: Integers


def class_blocks(columns: Columns, wanted: NDArray[np.intp]) -> Iterator[ClassBlock]:
    """Some classes in blocks of bounded size; even one must not be too large."""
    n_kinds = len(columns.kinds.source)
    cells = columns.n_rows * columns.n_columns * max(columns.n_cases, n_kinds)
    step = max(1, CELLS_AT_ONCE // max(cells, columns.tested, 1))
    for start in range(0, len(wanted), step):
        yield ClassBlock(columns, wanted[start : start + step])


def judged_blocks(columns: Columns, wanted: NDArray[np.intp], *, extremes: bool) -> Iterator[tuple[ClassBlock, Judged]]:
    """Count, in some classes, the interpretations that are always right, and find the best and the worst."""
    for block in class_blocks(columns, wanted):
        best, worst = np.full(len(block), UNDECIDED), np.full(len(block), UNDECIDED)
        passing = [UNDECIDED] * len(block)
        if not columns.is_too_large:
            contradicted: NDArray[np.bool_] = np.any(np.all(block.asked, axis=2), axis=1)
            passing = [0] * len(block)
            open_classes = ~contradicted
            if extremes:
                for group in block.groups(_afforded(block)):
                    best[group.at], worst[group.at] = block.extremes(group)
                    perfect = np.flatnonzero(best[group.at] == columns.tested)
                    if len(perfect):
                        some = group.part(perfect)
                        for at, n_passing in zip(some.at.tolist(), block.passing(some), strict=True):
                            passing[at] = n_passing
                open_classes &= best == UNDECIDED
            for at in np.flatnonzero(open_classes).tolist():
                found = block.passing_asked(at)
                passing[at] = UNDECIDED if found is None else found
        yield block, Judged(passing, best, worst)


def _afforded(block: ClassBlock) -> NDArray[np.bool_]:
    """``[classes]`` those whose interpretations can all be tried; what that costs is spent."""
    cells, tried = block.work()
    cells = 2 * cells  # once for the best, once for the worst
    left = block.columns.work_left
    if (cells <= MAX_CELLS).all() and tried.all() and cells.sum() <= left[0]:
        left[0] -= int(cells.sum())
        return tried
    return np.array(
        [one and block.columns.affords(n) for one, n in zip(tried, cells.tolist(), strict=True)], dtype=bool
    )


def extreme_tables(columns: Columns, number: int, highest: bool) -> Tables | None:
    """Tables of a best (or worst) interpretation of one class, of all gates after the first layer.

    The first one in the order in which completions are tried; None if it is undecided.
    """
    if columns.is_too_large:
        return None
    block = ClassBlock(columns, np.array([number]))
    for group in block.groups(_afforded(block)):
        return block.extreme_tables(group, highest)
    return None
