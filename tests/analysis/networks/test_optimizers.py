"""Optimizers without torch's compiler: the numbers of torch's own, and the compiler is not loaded."""

from __future__ import annotations

import subprocess
import sys

import pytest
import torch

from analysis.networks.optimizers import Adam, AdamW
from tests.checkout import ROOT

LEARNING = """
import sys
import torch
from analysis.networks.optimizers import {name}
weights = torch.zeros(3, requires_grad=True)
optimizer = {name}([weights], lr=0.1)
optimizer.zero_grad()
(weights - 1).square().sum().backward()
optimizer.step()
assert weights.detach().all()
print("torch._dynamo" in sys.modules)
"""


@pytest.mark.parametrize(
    ("ours", "theirs", "options"),
    [
        (Adam, torch.optim.Adam, {"lr": 0.03}),
        (Adam, torch.optim.Adam, {"lr": 0.1, "betas": (0.5, 0.9), "weight_decay": 0.2}),
        (AdamW, torch.optim.AdamW, {"lr": 0.03}),
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


@pytest.mark.slow
@pytest.mark.parametrize("name", ["Adam", "AdamW"])
def test_to_learn_does_not_load_the_compiler(name):
    done = subprocess.run(
        [sys.executable, "-c", LEARNING.format(name=name)], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "False"
