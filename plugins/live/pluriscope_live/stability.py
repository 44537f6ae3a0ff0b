"""Stability: whether circuits differ more between groups of rows than within them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from pluriscope.analysis.errors import InvalidData, InvalidProtocol
from pluriscope.objects.showing import Rows, aligned
from pluriscope_live.groups import Asked, by_rows, valid_on
from pluriscope_live.searches import Bits, deletion, round_of
from pluriscope_live.space import Space

_MOST_LISTED: Final = 12
"""Units of the spaces of which every mask is run on every row."""
_SPLITS: Final = 4
_LEVEL: Final = 0.05


@dataclass(frozen=True, eq=False, repr=False)
class Stability:
    """How alike the circuits of parts of rows are, within groups and between them.

    Args:
        space: whose circuits they are.
        groups: labels, with how many rows each has.
        n_masks: that were run on every row: all, or those that searches found on random halves of all rows.
        rows: for each kind of circuits, the mean Jaccard of their sets between random halves of a group (within),
            between halves of two groups, the difference, and p: how often random labels differ as much or more.
    """

    space: Space
    groups: dict[str, int]
    n_masks: int
    rows: Rows

    @property
    def changed(self) -> bool:
        """Whether circuits differ more between the groups than within them, by Bonferroni over the kinds."""
        return any(row["p"] * len(self.rows) <= _LEVEL for row in self.rows)

    @property
    def verdict(self) -> str:
        """In sentences: did the circuit change, or the data, and by which rules; first what speaks against these."""
        first = self.rows[0]
        figures = (
            f"Jaccard {first['within']:.2f} within groups and {first['between']:.2f} between, p = {first['p']:.3g}"
        )
        words = "more between groups than within them"
        words = words if self.changed else "between groups no more than random parts of the same rows do"
        return f"{self.space.doubt} Circuits differ {words}: {figures}. Valid by {self.space.protocol}.".lstrip()

    def __repr__(self) -> str:
        return aligned(self.rows, self.verdict)


def stability(
    space: Space, groups: Sequence[Any] | None = None, seed: int = 0, *, permutations: int = 199, searches: int = 40
) -> Stability:
    """Ask whether the circuits of a space change from group to group of its rows, or only as rows do.

    Args:
        groups: label of each row, such as its batch, wording or seed; those of the space if None.
        seed: of random numbers.
        permutations: of labels.
        searches: on random halves of all rows, where the space has more than 12 units.

    Raises:
        InvalidData: there are no labels, or fewer than two groups of at least four rows.
        InvalidProtocol: the whole model misses the threshold on every half of the rows that was drawn.
    """
    given = space.groups if groups is None else groups
    labels = np.array([str(one) for one in (() if given is None else given)])
    names, which, sizes = np.unique(labels, return_inverse=True, return_counts=True)
    if len(labels) != len(space.rows) or len(names) < 2 or sizes.min() < 4:
        found = ", ".join(f"{name!r}: {n}" for name, n in zip(names, sizes, strict=True)) or "none"
        cause = f"are {found}, of {len(space.rows)} rows"
        raise InvalidData("groups", cause, "give a label for each row, two or more, each of at least four rows")
    rng, n_units, n_rows = np.random.default_rng(seed), space.n_units, len(space.rows)
    listed = n_units <= _MOST_LISTED
    if listed:
        bits = (np.arange(1 << n_units)[:, None] >> np.arange(n_units) & 1).astype(np.bool_)
    else:  # found without a look at the labels
        parts = [Asked(space, np.sort(rng.permutation(n_rows)[: n_rows // 2])) for _ in range(searches)]
        whole = np.ones((1, n_units), dtype=np.bool_)
        parts = [one for one in parts if one.valid(whole)[0]]
        every = [round_of(deletion, one, (), n, 1, seed)[0].bits for n, one in enumerate(parts)]
        bits = np.unique(np.array(every, dtype=np.bool_).reshape(-1, n_units), axis=0)
        if not len(bits):
            cause = f"is missed by the whole model on each of {searches} random halves of the rows"
            raise InvalidProtocol(f"threshold {space.protocol.threshold:g}", cause, "give a weaker one, or more rows")
    scores = by_rows(space, bits)
    kinds = ("valid circuits", "minimal circuits") if listed else ("found circuits that are valid",)

    def measured(which: NDArray[np.intp]) -> NDArray[np.float64]:
        """Jaccard within and between groups, ``[kinds, 2]``."""
        sets, n = np.zeros((n_rows, len(names), 2, _SPLITS)), int(sizes.min()) // 2
        for group in range(len(names)):
            rows = np.flatnonzero(which == group)
            for split in range(_SPLITS):
                drawn = rng.permutation(rows)
                sets[drawn[:n], group, 0, split] = sets[drawn[n : 2 * n], group, 1, split] = 1
        valid = valid_on(space, scores, sets.reshape(n_rows, -1))
        every = [valid, minimal(valid)] if listed else [valid]
        return np.array([_alike(one.reshape(-1, *sets.shape[1:])) for one in every])

    own = measured(which)
    gaps = own[:, 0] - own[:, 1]
    null = np.array([measured(rng.permutation(which)) for _ in range(permutations)])
    p = (1 + (null[..., 0] - null[..., 1] >= gaps).sum(0)) / (1 + permutations)
    rows = [
        {"circuits": kind, "within": within, "between": between, "difference": within - between, "p": float(one)}
        for kind, (within, between), one in zip(kinds, own.tolist(), p, strict=True)
    ]
    counts = {str(name): int(n) for name, n in zip(names, sizes, strict=True)}
    return Stability(space, counts, len(bits), Rows(rows, "How alike sets of circuits are"))


def _alike(valid: Bits) -> tuple[float, float]:
    """Mean Jaccard of sets of masks ``[masks, groups, halves, splits]`` within and between groups."""
    n_groups = valid.shape[1]
    first, second = (valid[:, :, half].astype(np.float64) for half in (0, 1))
    shared = np.einsum("mgs,mhs->ghs", first, second)
    either = first.sum(0)[:, None] + second.sum(0)[None] - shared
    alike = np.where(either > 0, shared / np.maximum(either, 1), 1.0).mean(2)
    within = np.eye(n_groups, dtype=np.bool_)
    return float(alike[within].mean()), float(alike[~within].mean())


def minimal(valid: Bits) -> Bits:
    """Which masks are valid and have no valid one within: ``[2 ** units, sets]``, mask m at m."""
    n = int(valid.shape[0]).bit_length() - 1
    below = np.zeros_like(valid)  # whether a proper part is valid
    for unit in range(n):
        pairs = [one.reshape(-1, 2, 1 << unit, valid.shape[1]) for one in (valid, below)]
        pairs[1][:, 1] |= pairs[0][:, 0] | pairs[1][:, 0]
    return valid & ~below
