"""Places on a plane for rows of bits, so that rows that differ in few bits are near: a neighbour embedding.

1. Every row is drawn to the rows that are nearest to it and to those to which it is nearest, and pushed away from rows
   drawn by chance, in rounds with shrinking steps. The forces are those of UMAP (McInnes, Healy and Melville 2018) with
   a = b = 1, on neighbours that all weigh the same, which embeds about as well as weights do (Damrich and Hamprecht
   2021).
2. It starts from FastMap (Faloutsos and Lin 1995): how far along two rows that are far apart each row is, then the same
   of what is left. The number of bits that differ is the square of a Euclidean distance, so this needs whole numbers
   and one square root.

Every step is a basic operation in one order (:mod:`pluriscope.analysis.numerics.fixed_order`), and what is drawn are
whole numbers. So places are the same on every machine. Up, down, left and right mean nothing.
"""

from __future__ import annotations

from math import sqrt
from typing import Final

import numpy as np
from numpy.typing import NDArray

from pluriscope.analysis.running.work import DEFAULT_WORK, Work
from pluriscope_methods.explanation_map.neighbours import Integers, Words, apart

Places = NDArray[np.float64]
STAGE: Final = "map"
SIZE: Final = 9_999
"""The largest coordinate."""
DRAWN_TO: Final = 12
"""Neighbours of each row that draw it; 15 or 10 kept fewer of the 15 nearest of the pretrained XOR network near."""
_ROUNDS: Final = 400
_PUSHED_BY: Final = 64  # rows that push all others in one round
_WIDE: Final = 20.0  # of the start, in lengths at which the pull is half
_STEP: Final = 0.1
_PUSH: Final = 6.0  # three times UMAP's, which keeps more of the nearest near
_PUSHES: Final = 5.0  # for each pull
_MOST: Final = 4.0  # a force, or a step
_NEAR: Final = 0.001  # keeps what pushes from a place nearby finite


def laid_out(words: Words, near: Integers, work: Work = DEFAULT_WORK) -> tuple[Integers, Integers]:
    """Positions of the rows: ``[rows]`` x and y, whole numbers from 0, of which the wider ones reach :data:`SIZE`.

    Args:
        words: different rows, in an order that depends on nothing but them.
        near: ``[rows, k]`` the rows that are nearest to each.
        work: reports rounds.
    """
    n = len(words)
    place = _started(words)
    head, tail = _ties(near)
    pulls = np.bincount(head, minlength=n)
    random = np.random.default_rng(0)
    for done in work.each(STAGE, range(_ROUNDS), every=20):
        away = place[:, tail] - place[:, head]
        pull = 2.0 / (1.0 + away[0] * away[0] + away[1] * away[1])
        off = place[:, None] - place[:, random.integers(0, n, _PUSHED_BY), None]
        square = off[0] * off[0] + off[1] * off[1]
        push = np.clip(off * (_PUSH / ((_NEAR + square) * (1.0 + square))), -_MOST, _MOST)
        force: Places = np.add.accumulate(push, axis=1)[:, -1] * (pulls * (_PUSHES / _PUSHED_BY))
        force += np.stack([np.bincount(head, weights=pull * one, minlength=n) for one in away])
        force *= _STEP * (1.0 - done / _ROUNDS)
        long = np.sqrt(force[0] * force[0] + force[1] * force[1])
        place += force * np.minimum(1.0, _MOST / np.maximum(long, _NEAR))
    place -= place.min(axis=1, keepdims=True)
    if place[1].max() > place[0].max():
        place = place[::-1]
    x, y = np.rint(place * (SIZE / max(float(place.max()), _NEAR))).astype(np.int64)
    return x, y


def _ties(near: Integers) -> tuple[Integers, Integers]:
    """Each row with each that draws it: its nearest, and those of whose nearest it is one; in the order of rows."""
    n, k = near.shape
    head, tail = np.repeat(np.arange(n), k), near.reshape(-1)
    both = np.unique(np.concatenate([head * n + tail, tail * n + head]))
    return both // n, both % n


def _started(words: Words) -> Places:
    """Positions from which the rounds begin, ``[2, rows]``: along two axes between rows that lie far apart."""
    axes: list[Places] = []

    def distances(row: int) -> Places:
        """``[rows]`` squares of those from a row, less what axes before tell of them."""
        squares = apart(words, row).astype(np.float64)
        for axis in axes:
            squares -= (axis - axis[row]) * (axis - axis[row])
        return np.maximum(squares, 0.0)

    for _ in range(2):
        one = other = 0
        for _ in range(3):  # the farthest from the farthest
            one, other = other, int(distances(other).argmax())
        from_one, from_other = distances(one), distances(other)
        between = float(from_one[other])
        along = from_one + between - from_other
        axes.append(along / (2.0 * sqrt(between)) if between else np.zeros(len(words)))
    place = np.stack(axes)
    place -= place.min(axis=1, keepdims=True)
    return place * (2.0 * _WIDE / max(float(place.max()), _NEAR))
