"""Groups of rows: what circuits score on some of the rows, one circuit for each group, and clusters of attributions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.cluster.hierarchy import fcluster, linkage

from pluriscope.analysis.errors import InvalidData
from pluriscope_live.searches import Bits, Start, Target, reduced, together
from pluriscope_live.space import Space

Array = NDArray[np.float64]


class Asked:
    """A live space, or some rows of it, as searches ask it.

    Args:
        space: whose units they are.
        at: numbers of the rows; None for all.

    Attributes:
        runs: masks that were run; three for one that was run forwards and backwards.
    """

    def __init__(self, space: Space, at: NDArray[np.int64] | None = None) -> None:
        self.space, self.at, self.runs = space, at, 0
        self.n_units, self.n_rows = space.n_units, len(space.rows) if at is None else len(at)

    def valid(self, bits: Bits) -> Bits:
        self.runs += len(bits)
        if self.at is None:
            return self.space.valid(bits)[0]
        scores = by_rows(self.space, bits, self.at)
        return valid_on(self.space, scores, np.ones((len(self.at), 1)), self.at)[:, 0]

    def distance(self, bits: Bits) -> Array:
        """Mean KL divergence from the whole model, in nats."""
        self.runs += len(bits)
        found: Array = by_rows(self.space, bits, self.at, kl=True).mean(1)
        return found

    def gaps(self, gates: Any, at: Any) -> Any:
        self.runs += 3 * len(gates)
        space = self.space
        return space.gaps(space.logits(gates.to(space.whole_logits), at), at=at).double()


def by_rows(space: Space, bits: Bits, at: NDArray[np.int64] | None = None, kl: bool | None = None) -> Array:
    """What the criterion of a space is made of, ``[masks, rows]``: gaps, or KL divergences.

    Args:
        at: numbers of the rows; None for all.
        kl: whether to give divergences; as the criterion has it if None.
    """
    kl = space.protocol.criterion == "kl" if kl is None else kl
    found = []
    for _, some, logits in space.batches(bits, "rows", None if at is None else torch.from_numpy(at)):
        one = (space.divergence if kl else space.gaps)(logits, at=some)
        found.append(one.double().cpu().numpy())
    return np.concatenate(found) if found else np.empty((0, len(space.rows) if at is None else len(at)))


def valid_on(space: Space, scores: Array, sets: Array, at: NDArray[np.int64] | None = None) -> Bits:
    """Which masks are valid on sets of rows ``[masks, sets]``.

    Args:
        scores: of :func:`by_rows`.
        sets: ``[rows, sets]`` 1 where a row is in a set.
        at: numbers of the rows; None for all.
    """
    if space.protocol.criterion == "logit-difference":
        whole = space.gaps(space.whole_logits[None]).double().cpu().numpy()
        whole = whole if at is None else whole[:, at]
        return space.protocol.passes(scores @ sets / (whole @ sets))
    measured = (scores > 0).astype(np.float64) if space.protocol.criterion == "decisions" else scores
    return space.protocol.passes(measured @ sets / sets.sum(0))


@dataclass(frozen=True)
class Groups:
    """One circuit for each group of rows, valid on the rows of that group: data-driven circuit discovery.

    Args:
        labels: of each row.
    """

    labels: Sequence[Any]
    at_once: ClassVar[int] = 1

    @property
    def every(self) -> list[Any]:
        """The groups, as they first come."""
        return list(dict.fromkeys(self.labels))

    def __call__(self, target: Target, found: Sequence[Bits], number: int, rng: np.random.Generator) -> Start:
        """A circuit of a group, whose units were removed from the least attribution on its rows to the largest."""
        if not isinstance(target, Asked):
            raise InvalidData("groups", "are rows of a live space", "search another way")
        label = self.every[number]
        part = Asked(target.space, np.flatnonzero(np.array([one == label for one in self.labels])))
        if not part.valid(np.ones((1, target.n_units), dtype=np.bool_))[0]:
            cause = f"is not valid by {target.space.protocol} with all units, on its {part.n_rows} rows"
            raise InvalidData(f"group {label!r}", cause, "leave its rows out, or give another threshold")
        order = np.argsort(np.abs(attributions(target.space, part.at).mean(0)), kind="stable")
        (bits,) = together([reduced(np.ones(target.n_units, dtype=np.bool_), order)], part.valid)
        target.runs += part.runs
        return Start(bits, order, str(label))


def attributions(space: Space, at: NDArray[np.int64] | None = None, steps: int = 5) -> Array:
    """By row and unit, how much the gap falls as the unit is ablated, ``[rows, units]``: integrated gradients along all
    gates at once.
    """
    rows = range(len(space.rows)) if at is None else at
    found = np.empty((len(rows), space.n_units))
    for number, row in enumerate(rows):
        levels = (torch.arange(steps, dtype=torch.float64) + 0.5) / steps
        gates = levels[:, None].repeat(1, space.n_units).to(space.whole_logits).requires_grad_()
        some = torch.tensor([int(row)])
        (slope,) = torch.autograd.grad(space.gaps(space.logits(gates, some), at=some).sum(), gates)
        found[number] = slope.double().mean(0).cpu().numpy()
    return found


def clusters(space: Space, count: int) -> list[str]:
    """A label for each row: clusters of rows whose attributions point the same way, by Ward's linkage.

    Args:
        count: most clusters.
    """
    rows = attributions(space)
    rows /= np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-12)
    left, sizes, _ = np.linalg.svd(rows - rows.mean(0), full_matrices=False)
    numbers = fcluster(linkage((left * sizes)[:, :20], "ward"), count, "maxclust")
    return [f"cluster {one}" for one in numbers]
