"""Masks that are learned with a repulsion from the circuits found: the loss of Overlap-Aware Sheaf Repulsion."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import torch
from torch.nn.functional import softplus

from pluriscope_live.searches import Bits, Start, Target


@dataclass(frozen=True)
class Learned:
    """One number for each unit, a logit of whether it is kept, learned by AdamW with a straight-through estimator.

    The published constants are of a space of 32,491 edges; here the pull to few units is given for each unit, and its
    coefficient of the mean is this times the number of units.

    Args:
        pull: on each unit at the start; it grows 20 times over the first four fifths, and then falls to .01 of a start.
        repulsion: coefficient of the mean over units of the circuits found, each weighted by how many have it.
        completeness: coefficient of how far the rest is from an even choice, over the last fifth.
        steps: of learning.
        begin: logits at the start.
        batch: most rows of a step.
    """

    pull: float = 0.0125
    repulsion: float = 1.04
    completeness: float = 0.007
    steps: int = 300
    begin: float = 2.0
    batch: int = 32
    rate: float = 0.07
    decay: float = 0.01
    name: ClassVar[str] = "learned"
    at_once: ClassVar[int] = 1

    def __call__(self, target: Target, found: Sequence[Bits], number: int, rng: np.random.Generator) -> Start:
        """What is kept after learning, and units from the lowest logit to the highest."""
        n = target.n_units
        logits = torch.tensor(rng.normal(self.begin, 0.01, n), requires_grad=True)
        counts = torch.tensor(np.sum(found, axis=0, dtype=np.float64)) if len(found) else torch.zeros(n).double()
        adam = torch.optim.AdamW([logits], lr=self.rate, weight_decay=self.decay)
        for step in range(self.steps):
            at = torch.from_numpy(rng.permutation(target.n_rows)[: self.batch])
            gates = kept(logits, drawn(rng, n))
            losses = [self.first(logits, target.gaps(gates[None], at), counts, step / self.steps)]
            if step >= 0.8 * self.steps:
                rest = 1 - kept(logits, drawn(rng, n))
                losses.append(self.second(target.gaps(rest[None], at)))
            for loss in losses:  # a step of AdamW for each
                adam.zero_grad()
                loss.backward()
                adam.step()
        scores = logits.detach().numpy()
        return Start(scores > 0, np.argsort(scores, kind="stable"))

    def first(self, logits: Any, gaps: Any, counts: Any, done: float) -> Any:
        """Cross-entropy of the answer against the other one, number of units, and overlap with those found.

        Args:
            logits: ``[units]``
            gaps: ``[masks, rows]`` between the answer and the other one.
            counts: ``[units]`` circuits found that have each.
            done: share of the steps.
        """
        ramp = 1 + 19 * done / 0.8 if done < 0.8 else 20 + (0.01 - 20) * (done - 0.8) / 0.2
        likely = torch.sigmoid(logits)
        overlap = (counts * likely).sum() / counts.sum().clamp(min=1)
        return softplus(-gaps).mean() + self.pull * ramp * likely.sum() + self.repulsion * overlap

    def second(self, gaps: Any) -> Any:
        """Cross-entropy of the rest's choice against an even one."""
        return self.completeness * (softplus(-gaps) + softplus(gaps)).mean() / 2


def kept(logits: Any, noise: Any) -> Any:
    """Gates of 0 and 1 with the derivatives of the sigmoid of noisy logits."""
    soft = torch.sigmoid(logits + noise)
    return (soft > 0.5).to(soft.dtype) + soft - soft.detach()


def drawn(rng: np.random.Generator, n: int) -> Any:
    """Logistic noise, from two uniform numbers each."""
    one, other = rng.random((2, n))
    return torch.from_numpy(-np.log(np.log(one) / np.log(other)))
