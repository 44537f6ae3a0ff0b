"""ACDC: edges are removed one after the other, from the output back, and stay out if little changes.

Conmy et al., "Towards Automated Circuit Discovery for Mechanistic Interpretability" (NeurIPS 2023), algorithm 1. The
authors' program skips a neuron that nothing reads any more; with a positive threshold that gives the same mask, since
removing its edges changes nothing.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from analysis.discovery.cuts import Cut
from analysis.discovery.method import MODEL_ABLATION, Answer, Method, Step, ablation, outcome_of
from analysis.method_settings import Setting, Settings
from analysis.work import Work

FRAGILE: Final = 1e-9
TAU: Final = Setting("tau", 0.01, "how much the loss may rise for one edge", low=0.0, high=1e6, above=True)
SEED: Final = Setting("seed", 0, "of a shuffled order", low=0, high=2**31 - 1)


def _choose(cut: Cut, settings: Settings, work: Work) -> Answer:
    order = cut.order(str(settings["order"]), int(settings["seed"]))
    loss, tau = str(settings["loss"]), float(settings["tau"])
    mask = (1 << len(order)) - 1
    [current], narrowest = cut.losses([mask], loss), np.inf
    steps: list[Step] = []
    for done, edge in enumerate(order):
        if done % 64 == 0:
            work.tell("methods", done, len(order), "edges tried")
        without = mask & ~(1 << edge)
        [new] = cut.losses([without], loss)
        narrowest = min(narrowest, abs(new - current - tau))
        removed = new - current < tau
        steps.append(Step((edge,), not removed, current, new, without if removed else mask))
        if removed:
            mask, current = without, new
    return Answer(outcome_of(mask, cut.n_bits), mask, fragile=bool(narrowest < FRAGILE), steps=tuple(steps))


ACDC: Final = Method(
    key="acdc",
    label="ACDC",
    definition="Every edge (or node, where circuits are of nodes) is removed in turn, from the output back, and stays "
    "out if the loss rises by less than tau.",
    source="Conmy et al., NeurIPS 2023 (arXiv:2304.14997); masks of perceptrons agree with auto-circuit 98db58c and "
    "with ArthurConmy/ACDC bc99ace, the order fixed",
    own=(
        ablation("zero"),
        Setting("loss", "mse", "squared difference, divergence, or rows decided wrong", ("mse", "kl", "decision")),
        TAU,
        Setting("order", "out-first", "in which edges are tried", ("out-first", "reverse", "by-weight", "shuffled")),
        SEED,
    ),
    of_models=(
        MODEL_ABLATION,
        Setting("loss", "kl", "divergence, cross-entropy, or rows decided wrong", ("kl", "cross-entropy", "decision")),
        TAU,
        Setting("order", "out-first", "in which edges are tried", ("out-first", "reverse", "shuffled")),
        SEED,
    ),
    choose=_choose,
)
