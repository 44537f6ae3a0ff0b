"""Gates on all edges are learned, so that outputs stay as they are under a penalty for open gates."""

import math

import torch

NAME = "Edge pruning"
TRACK = "gradients"
STEPS, PENALTY, RATE = 400, 0.01, 0.1
TEMPERATURE, LOW, HIGH = 2 / 3, -0.1, 1.1


def score(network, ablation, ask, seed):
    random = torch.Generator().manual_seed(seed)
    distance = "mse" if network.kind == "perceptron" else "kl"
    logits = 1 + 0.5 * torch.randn(len(network.edges), dtype=torch.float64, generator=random)
    logits.requires_grad_(True)
    optimizer = torch.optim.Adam([logits], lr=RATE)
    shift = TEMPERATURE * math.log(-LOW / HIGH)
    for _ in range(STEPS):
        noise = torch.rand(len(network.edges), dtype=torch.float64, generator=random).clamp(1e-6, 1 - 1e-6)
        drawn = torch.sigmoid((torch.logit(noise) + logits) / TEMPERATURE) * (HIGH - LOW) + LOW
        gates = drawn.clamp(0, 1)
        slopes = torch.tensor(ask.gradients(distance, gates=gates))
        loss = (gates * slopes).sum() + PENALTY * torch.sigmoid(logits - shift).sum()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    values = logits.tolist()
    open_edges = [edge for edge, value in zip(network.edges, values, strict=True) if value > 0]
    return {"scores": dict(zip(network.edges, values, strict=True)), "mask": open_edges}
