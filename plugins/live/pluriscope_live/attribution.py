"""A first attribution of units: integrated gradients of what the protocol measures along all gates at once."""

from __future__ import annotations

from typing import Final

import torch

from pluriscope_live.memory import free_bytes
from pluriscope_live.space import Space

STEPS: Final = 5
_KEPT: Final = 32
"""Times what a run takes at most, as derivatives keep all that it makes: of 32,491 edges of GPT-2 small it was 22."""


def attributed(space: Space, steps: int = STEPS) -> dict[str, float]:
    """By unit, how much the mean gap of rows falls, or KL divergence rises, as it is ablated: from derivatives alone.

    Args:
        steps: points between all ablated and all kept.
    """
    total = torch.zeros(space.n_units, dtype=torch.float64)
    fit = free_bytes(space.device) // (_KEPT * max(space.bytes_for_row, 1))
    size = int(min(max(fit, 1), space.in_flight))
    for step in range(steps):
        for at in torch.split(torch.arange(len(space.rows)), size):
            gates = torch.full((1, space.n_units), (step + 0.5) / steps, device=space.device, requires_grad=True)
            logits = space.logits(gates, at)
            if space.protocol.criterion == "kl":
                measured = -space.divergence(logits, at=at).sum()
            else:
                measured = space.gaps(logits, at=at).sum()
            (slope,) = torch.autograd.grad(measured, gates)
            total += slope[0].double().cpu() / (steps * len(space.rows))
    return dict(zip(space.units, total.tolist(), strict=True))
