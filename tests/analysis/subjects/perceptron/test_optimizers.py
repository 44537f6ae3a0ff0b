"""Optimizers without torch's compiler: the numbers of torch's own, and the compiler is not loaded."""

from __future__ import annotations

import pytest
import torch

from pluriscope.analysis.subjects.perceptron.optimizers import Adam, AdamW


@pytest.mark.parametrize(
    ("ours", "theirs", "options"),
    [
        (Adam, torch.optim.Adam, {"lr": 0.1, "betas": (0.5, 0.9), "weight_decay": 0.2}),
        (AdamW, torch.optim.AdamW, {"lr": 0.1, "weight_decay": 0.2}),
    ],
)
def test_weights_are_those_of_torch_to_the_last_bit(ours, theirs, options):
    found = []
    for kind in (ours, theirs):
        random = torch.Generator().manual_seed(1)
        weights = [torch.randn(shape, generator=random).requires_grad_() for shape in ((4, 3), (4,))]
        optimizer = kind(weights, **options)
        for _ in range(20):
            optimizer.zero_grad()
            torch.tanh(weights[0] @ torch.ones(3) + weights[1]).square().sum().backward()
            optimizer.step()
            assert not any(weight.grad.requires_grad for weight in weights)
        found.append([weight.detach().numpy().tobytes() for weight in weights])
    assert found[0] == found[1]
