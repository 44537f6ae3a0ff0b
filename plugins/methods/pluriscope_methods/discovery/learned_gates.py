"""Gates on edges or nodes, learned by gradient descent under a penalty for each that stays open; loads torch.

Hard-concrete gates as by Louizos, Welling and Kingma (ICLR 2018). PyTorch promises no equal streams of random numbers
across versions.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import groupby
from typing import Any, Final

import numpy as np
import torch
from numpy.typing import NDArray

from pluriscope.analysis.discovery.masked_subject import MaskedSubject
from pluriscope.analysis.discovery.method import Answer, outcome_of
from pluriscope.analysis.methods.settings import Settings
from pluriscope.analysis.running.work import Work
from pluriscope.analysis.subjects.graph import Graph
from pluriscope.analysis.subjects.perceptron.optimizers import Adam
from pluriscope.analysis.subjects.perceptron.threads import one_thread

TEMPERATURE: Final = 2 / 3
LOW: Final = -0.1
HIGH: Final = 1.1
CLAMP: Final = 1e-6
LEARNING_RATE: Final = 0.1
FRAGILE: Final = 1e-3
_BETWEEN_REPORTS: Final = 50


def choose_edges(masked: MaskedSubject, settings: Settings, work: Work) -> Answer:
    """The bits whose gates end open."""
    return _chosen(masked, masked.graph, settings, work)


def choose_nodes(masked: MaskedSubject, settings: Settings, work: Work) -> Answer:
    """The edges between what is always there and nodes whose gates end open; where masks name nodes, these."""
    return _chosen(masked, masked.graph.of_nodes, settings, work)


def _chosen(masked: MaskedSubject, gated: Graph, settings: Settings, work: Work) -> Answer:
    """Circuit that open gates on the bits of a graph keep; fragile where a gate is very near to closing or opening."""
    logits = _learned(masked, gated, settings, work)
    if logits is None:
        return Answer("diverged", None)
    open_ = logits > 0
    kept = open_ if masked.graph.cut == gated.cut else gated.kept_edges(open_[None])[0]
    mask = masked.graph.number(kept)
    fragile = bool(np.abs(logits).min(initial=np.inf) < FRAGILE)
    return Answer(outcome_of(mask, masked.n_bits), mask, fragile=fragile)


def _learned(masked: MaskedSubject, gated: Graph, settings: Settings, work: Work) -> NDArray[np.float64] | None:
    """The logits of gates, above 0 of those that end open; None where they diverged."""
    penalty, steps, spread = float(settings["lambda"]), int(settings["steps"]), _spread(gated)
    with one_thread():
        random = torch.Generator().manual_seed(int(settings["seed"]))
        logits = 1 + 0.5 * torch.randn(gated.n_bits, dtype=torch.float64, generator=random)
        logits.requires_grad_(True)
        optimizer = Adam([logits], lr=LEARNING_RATE)
        shift = TEMPERATURE * float(np.log(-LOW / HIGH))
        for step in range(steps):
            if step % _BETWEEN_REPORTS == 0:
                work.report_step("methods", step, steps, "steps of pruning")
            u = torch.rand(gated.n_bits, dtype=torch.float64, generator=random).clamp(CLAMP, 1 - CLAMP)
            drawn = torch.sigmoid((torch.log(u) - torch.log(1 - u) + logits) / TEMPERATURE) * (HIGH - LOW) + LOW
            gates = spread(drawn.clamp(0, 1))
            slopes = torch.tensor(masked.gate_slopes(gates.detach().numpy(), settings))
            # has the derivatives of the loss by the gates, and so by their logits
            loss: Any = (gates * slopes).sum() + penalty * torch.sigmoid(logits - shift).sum()
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        found: NDArray[np.float64] = logits.detach().numpy()
    return found if np.isfinite(found).all() else None


def _spread(gated: Graph) -> Callable[[torch.Tensor], torch.Tensor]:
    """Make the function from a gate on each bit to one on each edge; 1 where no bit stands for it."""
    if gated.cut == "edges":
        return lambda gates: gates
    # readers of the same sources take the same gates, whose derivatives are summed over them at once
    readers = groupby(zip(gated.edges, gated.gated_by, strict=True), lambda one: (one[0].target, one[0].slot))
    bits = [tuple(gated.n_bits if bit is None else bit for _, bit in some) for _, some in readers]
    blocks = [(torch.tensor(some), len(list(same))) for some, same in groupby(bits)]

    def spread(gates: torch.Tensor) -> torch.Tensor:
        known = torch.cat([gates, torch.ones(1, dtype=torch.float64)])
        return torch.cat([known[some].expand(n, -1).reshape(-1) for some, n in blocks])

    return spread
