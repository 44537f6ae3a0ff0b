"""Whether a direction that steers one network steers another, by the affine map between what both compute.

The map is the least squares fit of the values at a site of the other network to those at a site of the first, over the
rows that both have. Where the rows do not determine it, the one that moves least is taken, and said to be so.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from pluriscope.analysis.circuits.estimating import share_interval
from pluriscope.analysis.errors import InvalidIntervention
from pluriscope.analysis.numerics import fixed_order
from pluriscope_methods.steering.sites import Array, Steerable

RANK: Final = 1e-9
"""Share of the largest singular value below which others count as 0."""
N_RANDOM: Final = 1_000
CONFIDENCE: Final = 0.95
_SEED: Final = 0
_WORK: Final = 3e9  # multiplications of the runs of all random directions
_AT_ONCE: Final = 1 << 22  # numbers


@dataclass(frozen=True, eq=False)
class AffineMap:
    """The least squares map from the values of one site to those of another.

    Args:
        matrix: ``[d, d']``.
        rank: of the values about their mean, with the constant left out.
        residual: the largest distance of a mapped value from the other network's.
        explained: the share of the other network's variance; None where that has none.
    """

    matrix: Array
    rank: int
    residual: float
    explained: float | None


def affine_map(one: Array, other: Array) -> AffineMap:
    """The map from ``[rows, d]`` to ``[rows, d']``."""
    centred, aimed = one - fixed_order.mean(one), other - fixed_order.mean(other)
    left, values, right = fixed_order.decomposed(centred, RANK)
    along = fixed_order.inner(left, aimed.T) / values[:, None]
    matrix = fixed_order.inner(right.T, along.T)
    missed = aimed - fixed_order.inner(centred, matrix.T)
    spread = fixed_order.total_of(np.ravel(aimed * aimed))
    share = 1.0 - fixed_order.total_of(np.ravel(missed * missed)) / spread if spread > 0.0 else None
    return AffineMap(matrix, len(values), float(np.abs(missed).max()), share)


def check_alike(one: Steerable, other: Steerable) -> None:
    """Whether two networks have the same rows and task.

    Raises:
        InvalidIntervention: they do not.
    """
    alike = one.rows == other.rows
    if not alike or one.outputs != other.outputs or (one.wanted != other.wanted).any():
        cure = "transfer between networks that were given the same rows for the same task"
        raise InvalidIntervention("the other network", f"has {'another task' if alike else 'other rows'}", cure)


def as_meant(here: Steerable, before: Array, now: Array) -> Array:
    """``[k]`` rows that go as is meant by positive doses: those of class 0 give the answer of class 1, or another one
    where classes are not those of answers, and all others keep theirs.

    Args:
        before: answers ``[rows]``.
        now: answers ``[k, rows]``.
    """
    changed = now != before
    reached = changed if here.aim is None else now == here.aim
    return np.asarray(np.where(here.classes == 0, reached, ~changed).sum(axis=1))


def null_of(here: Steerable, doses: Array, length: float, best: int) -> tuple[int, int, tuple[float, float]]:
    """Steer along directions drawn uniformly, :data:`N_RANDOM` or fewer where runs are long: how many were drawn, how
    many of these do as well, each at its best dose, and Clopper and Pearson's interval of their share.

    Args:
        doses: positive ones.
        length: of each direction.
        best: rows that go as is meant under the direction that is compared, at its best dose.
    """
    n = int(min(N_RANDOM, max(20, _WORK / (here.cost * len(doses)))))
    drawn = np.random.default_rng(_SEED).standard_normal((n, here.values.shape[1]))
    before = here.run(np.zeros((1, drawn.shape[1])))[1][0]
    as_well, per_run = 0, max(1, _AT_ONCE // (len(doses) * here.values.size))
    for start in range(0, n, per_run):
        some = drawn[start : start + per_run]
        unit = some / np.sqrt(np.add.accumulate(some * some, axis=1)[:, -1:])
        added = (doses[:, None] * (length * unit)[:, None, :]).reshape(-1, drawn.shape[1])
        meant = as_meant(here, before, here.run(added)[1]).reshape(len(some), len(doses))
        as_well += int((meant.max(axis=1) >= best).sum())
    low, high = share_interval(as_well, n, CONFIDENCE)
    return n, as_well, (float(low), float(high))
