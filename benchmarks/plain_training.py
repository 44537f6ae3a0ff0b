"""Training one network in plain torch: modules, a loader's worth of batches, AdamW, one epoch after the other."""

from __future__ import annotations

from itertools import pairwise

import torch
from torch import nn


def train_plainly(seed: int, *, hidden: tuple[int, ...] = (3, 3), loss_target: float = 0.01, epochs: int = 1000) -> int:
    """Train 2-hidden-1 on XOR as the authors do, on one thread; returns the number of epochs run."""
    torch.set_num_threads(1)  # more of them only wait for each other on arrays so small
    torch.manual_seed(seed)
    sizes = (2, *hidden, 1)
    parts: list[nn.Module] = []
    for n_in, n_out in pairwise(sizes):
        parts += [nn.Linear(n_in, n_out), nn.LeakyReLU(0.01)]
    network = nn.Sequential(*parts)
    optimiser = torch.optim.AdamW(network.parameters(), lr=1e-3)
    table = torch.tensor([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]])
    inputs = table[torch.randint(4, (4000,))]
    labels = (inputs.sum(1, keepdim=True) == 1).float()
    best, stale = float("inf"), 0
    for epoch in range(1, epochs + 1):
        total = 0.0
        for batch in torch.randperm(len(inputs)).split(100):
            optimiser.zero_grad()
            loss = nn.functional.mse_loss(network(inputs[batch]), labels[batch])
            loss.backward()
            optimiser.step()
            total += loss.item() * len(batch)
        mean = total / len(inputs)
        if mean < loss_target:
            return epoch
        best, stale = (mean, 0) if mean < best else (best, stale + 1)
        if stale >= 3:
            return epoch
    return epochs
