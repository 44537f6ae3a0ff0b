"""Integrals along straight lines, of the parts that the derivative of a function along each line has.

Where nothing bends between kinks one point of each piece is enough. Elsewhere an interval is halved until the rule of
Gauss and Kronrod of 15 points agrees with that of Gauss of 7, which are among them (Piessens and others, "QUADPACK",
1983), and the parts add up to the difference of the function between its ends. Sums run from the first point to the
last, and over intervals as they are done, in an order that no machine changes.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from pluriscope.analysis.running.work import Work

Array = NDArray[np.float64]
Along = Callable[[NDArray[np.intp], Array], tuple[Array, Array]]
"""Numbers of lines ``[n]``, points on them in [0, 1] → the function ``[n]``, and its derivative's parts ``[n, d]``."""
_NEAR: Final = 1e-11  # by which an interval may be wrong, as a share of the function where that is above 1
_AT_ONCE: Final = 256  # intervals, so that what a run keeps stays small
_NARROW: Final = 2.0**-9
_EDGE: Final = 2.0**-10  # of an interval, the least part that is cut off
_MOST: Final = 512  # intervals for each line, where rounding keeps the two rules apart
_NODES: Final = (  # points, with the weights of Kronrod and of Gauss
    (0.9914553711208126, 0.022935322010529224, 0.0),
    (0.9491079123427585, 0.06309209262997856, 0.1294849661688697),
    (0.8648644233597691, 0.10479001032225019, 0.0),
    (0.7415311855993945, 0.14065325971552592, 0.27970539148927664),
    (0.5860872354676911, 0.1690047266392679, 0.0),
    (0.4058451513773972, 0.19035057806478542, 0.3818300505051189),
    (0.20778495500789848, 0.20443294007529889, 0.0),
    (0.0, 0.20948214108472782, 0.4179591836734694),
)
POINTS: Final = 150
"""Of a line, about how many are asked for where nothing has kinks."""
_RULE: Final = (*((-at, fine, coarse) for at, fine, coarse in _NODES), *_NODES[-2::-1])


def integrals(
    along: Along, pieces: Sequence[Array], work: Work, *, straight: bool = False, summed: int | None = None
) -> Array:
    """``[lines, d]`` integrals from 0 to 1.

    Args:
        along: what is integrated.
        pieces: for each line, points from 0 to 1 that divide it.
        work: is asked between intervals whether to end.
        straight: the derivative is constant in each piece.
        summed: so many parts, the first, add up to the derivative; all if not given.
    """
    lines = np.repeat(np.arange(len(pieces)), [len(points) - 1 for points in pieces])
    starts, ends = (np.concatenate([points[part] for points in pieces]) for part in (slice(-1), slice(1, None)))
    totals, left = [0.0] * len(pieces), _MOST * len(pieces)
    while len(lines):
        work.check()
        here, start, end = lines[:_AT_ONCE], starts[:_AT_ONCE], ends[:_AT_ONCE]
        lines, starts, ends = lines[_AT_ONCE:], starts[_AT_ONCE:], ends[_AT_ONCE:]
        width, middle = end - start, (start + end) / 2.0
        if straight:
            found, done = along(here, middle)[1] * width[:, None], np.ones(len(here), dtype=np.bool_)
        else:
            found, apart = 0.0, 0.0
            for at, fine, coarse in _RULE:
                parts = along(here, middle + width / 2.0 * at)[1] * (width / 2.0)[:, None]
                found, apart = found + fine * parts, apart + (fine - coarse) * parts
            (before, first), (after, last) = along(here, start), along(here, end)
            total, first, last = (np.add.accumulate(one[:, :summed], axis=1)[:, -1] for one in (found, first, last))
            wrong = np.maximum(np.abs(apart).max(axis=1), np.abs(total - (after - before)))
            left -= len(here)
            done = (wrong <= _NEAR * np.maximum(1.0, np.maximum(np.abs(before), np.abs(after)))) | (left < 0)
            # one kink is where the lines meet that touch the function at both ends
            with np.errstate(divide="ignore", invalid="ignore"):
                meet = (after - before - last * width) / (first - last) / width
            meet = np.where((width < _NARROW) & (meet > 0.0) & (meet < 1.0), np.clip(meet, _EDGE, 1.0 - _EDGE), 0.5)
            middle = start + meet * width
            done |= (middle <= start) | (middle >= end)
        for line, one in zip(here[done].tolist(), found[done], strict=True):
            totals[line] = totals[line] + one
        again, start, middle, end = (one[~done] for one in (here, start, middle, end))
        lines = np.concatenate((lines, np.repeat(again, 2)))
        starts = np.concatenate((starts, np.stack((start, middle), axis=1).ravel()))
        ends = np.concatenate((ends, np.stack((middle, end), axis=1).ravel()))
    return np.stack(totals)
