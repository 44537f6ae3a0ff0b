"""Published methods that answer with a circuit, each a record with what is said of it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple

import numpy as np

from pluriscope.analysis.discovery.masked_subject import MaskedSubject
from pluriscope.analysis.discovery.method import (
    LOSS,
    METRIC,
    SPACE_ABLATION,
    Answer,
    DiscoveryMethod,
    ablation,
    outcome_of,
)
from pluriscope.analysis.discovery.selection import Scores
from pluriscope.analysis.discovery.ties import TOLERANCE, followed
from pluriscope.analysis.methods.settings import Setting, Settings
from pluriscope.analysis.running.work import Work

_FOLLOWED: Final = 256
"""Masks up to which ACDC follows ties, each of which is run once for every edge."""
PATHS: Final = ("left", "mid", "right", "ends")
_TAU: Final = Setting("tau", 0.01, "how much the loss may rise for one edge", low=0.0, high=1e6, above=True)
_SHUFFLE: Final = Setting("seed", 0, "of a shuffled order", low=0, high=2**31 - 1)
_PATH: Final = Setting("path", "left", "which points of the way count", PATHS)
_STEPS: Final = Setting("steps", 5, "points on the way", low=1, high=10_000)
_SAMPLES: Final = Setting("samples", 20, "steps of the way", low=1, high=10_000)
_PRUNING: Final = (
    Setting("lambda", 0.01, "penalty for each open gate", low=0.0, high=1e3),
    Setting("seed", 0, "of the gates' start and noise", low=0, high=2**31 - 1),
    Setting("steps", 400, "steps of gradient descent", low=1, high=100_000),
)


class Tried(NamedTuple):
    """Step of a search: an edge, the mask without it, the loss of that, and the loss before."""

    edge: int
    without: int
    loss: float
    before: float

    @property
    def rise(self) -> float:
        return self.loss - self.before


def one_by_one(masked: MaskedSubject, settings: Settings) -> Iterator[Tried]:
    """The steps of Conmy et al. (arXiv:2304.14997), algorithm 1. The authors' program skips a neuron that nothing reads
    any more; with a positive threshold that gives the same mask, since removing its edges changes nothing.

    Args:
        settings: the loss, the order of the edges with the seed of one that is shuffled, and the threshold tau.
    """
    loss, mask = str(settings["loss"]), (1 << masked.n_bits) - 1
    [current] = masked.losses([mask], loss)
    for edge in masked.order(str(settings["order"]), int(settings["seed"])):
        without = mask & ~(1 << edge)
        [new] = masked.losses([without], loss)
        yield Tried(edge, without, new, current)
        if new - current < float(settings["tau"]):
            mask, current = without, new


def _one_by_one(masked: MaskedSubject, settings: Settings, work: Work) -> Answer:
    order = masked.order(str(settings["order"]), int(settings["seed"]))
    loss, tau = str(settings["loss"]), float(settings["tau"])
    mask = everything = (1 << len(order)) - 1
    narrowest, known = np.inf, dict[int, float]()
    for done, tried in enumerate(one_by_one(masked, settings)):
        if done % 64 == 0:
            work.report_step("methods", done, len(order), "edges tried")
        known.setdefault(everything, tried.before)
        narrowest = min(narrowest, abs(tried.rise - tau))
        mask = tried.without if tried.rise < tau else mask

    def after(masks: Sequence[int], edge: int) -> set[int]:
        work.report_step("methods", order.index(edge), len(order), "edges tried where changes tie with tau")
        without = [one & ~(1 << edge) for one in masks]
        known.update(zip(without, masked.losses(without, loss), strict=True))
        rises = [known[new] - known[one] - tau for one, new in zip(masks, without, strict=True)]
        out = {new for new, rise in zip(without, rises, strict=True) if rise < TOLERANCE}
        return out | {one for one, rise in zip(masks, rises, strict=True) if not rise <= -TOLERANCE}

    fragile = bool(narrowest < TOLERANCE)
    ways = followed(everything, order, after, _FOLLOWED) if fragile else None
    return Answer(outcome_of(mask, masked.n_bits), mask, fragile=fragile, ways=ways)


ACDC: Final = DiscoveryMethod(
    key="acdc",
    label="ACDC",
    definition="Every edge (or node, where circuits are of nodes) is removed in turn, from the output back, and stays "
    "out if the loss rises by less than tau.",
    source="Conmy et al., NeurIPS 2023 (arXiv:2304.14997); masks of perceptrons agree with auto-circuit 98db58c and "
    "with ArthurConmy/ACDC bc99ace, the order fixed",
    needs=("neurons",),
    own=(
        ablation("zero"),
        Setting("loss", "mse", "squared difference, divergence, or rows decided wrong", ("mse", "kl", "decision")),
        _TAU,
        Setting("order", "out-first", "in which edges are tried", ("out-first", "reverse", "by-weight", "shuffled")),
        _SHUFFLE,
    ),
    models=(
        SPACE_ABLATION,
        Setting("loss", "kl", "divergence, cross-entropy, or rows decided wrong", ("kl", "cross-entropy", "decision")),
        _TAU,
        Setting("order", "out-first", "in which edges are tried", ("out-first", "reverse", "shuffled")),
        _SHUFFLE,
    ),
    choose=_one_by_one,
)


def _first_order(masked: MaskedSubject, settings: Settings) -> Scores:
    """The divergence from a whole model is least at the whole model, so its derivative there is 0 and with it every
    score: under this loss the method says nothing of models, which is an outcome.
    """
    return masked.first_order(settings, [1.0])


EAP: Final = DiscoveryMethod(
    key="eap",
    label="Edge attribution patching",
    definition="An edge's score is the change of what it carries times the gradient of the metric or loss at its "
    "target, the gradient taken on the unablated network; a node's is the sum over the edges out of it.",
    source="Syed, Rager and Conmy, 2023 (arXiv:2310.10348); scores of perceptrons agree with auto-circuit's mask "
    "gradient at 0 and with EAP-IG 795f560",
    needs=("neurons",),
    own=(ablation("pairs"), METRIC),
    models=(
        SPACE_ABLATION,
        Setting(
            "loss", "cross-entropy", "divergence from the answers, or from the whole model", ("cross-entropy", "kl")
        ),
    ),
    score=_first_order,
)


def _points(settings: Settings) -> list[float]:
    """Points on the way from the ablated input to the clean one at which the gradient is taken. They are a setting,
    since it changes the answer: the published program takes the left ends, and never the clean input.
    """
    if settings["path"] == "ends":
        return [1.0, 0.0]
    shift, steps = {"left": 0.0, "mid": 0.5, "right": 1.0}[str(settings["path"])], int(settings["steps"])
    return [(step + shift) / steps for step in range(steps)]


EAP_IG: Final = DiscoveryMethod(
    key="eap-ig",
    label="EAP with integrated gradients",
    definition="As edge attribution patching, with the gradient averaged over inputs on the way from the ablated one "
    "to the clean one.",
    source="Hanna, Pezzelle and Belinkov, COLM 2024 (arXiv:2403.17806); scores of perceptrons agree with EAP-IG "
    "795f560 (left, ends)",
    needs=("neurons",),
    own=(ablation("pairs"), METRIC, _PATH, _STEPS),
    models=(SPACE_ABLATION, LOSS, _PATH, _STEPS),
    score=lambda masked, settings: masked.first_order(settings, _points(settings)),
)


def _summed(masked: MaskedSubject, settings: Settings) -> Scores:
    """Sum derivatives as the program auto-circuit does: points 0, 1/m, …, 1, both ends included, not divided."""
    samples, total = int(settings["samples"]), np.zeros(masked.n_bits)
    for step in range(samples + 1):
        total = total + masked.moved_slopes(settings, step / samples)
    return masked.scored(total)


MASK_IG: Final = DiscoveryMethod(
    key="mask-ig",
    label="Mask gradient, integrated",
    definition="The gradient by each edge's ablation, summed while all edges move together from what they carry to "
    "what they carry when absent.",
    source="auto-circuit 98db58c, mask gradient with integrated gradients; scores of perceptrons agree with it",
    needs=("gates", "neurons"),
    own=(ablation("pairs"), METRIC, _SAMPLES),
    models=(SPACE_ABLATION, LOSS, _SAMPLES),
    score=_summed,
)
EDGE_PRUNING: Final = DiscoveryMethod(
    key="edge-pruning",
    label="Edge pruning",
    definition="A gate on every edge is learned to keep the network's outputs under a penalty for open gates; edges "
    "whose gate ends open are kept.",
    source="Bhaskar et al., NeurIPS 2024 (arXiv:2406.16778), with gates of Louizos et al., ICLR 2018, at a temperature "
    "of 2/3",
    needs=("gates", "neurons"),
    own=(ablation("zero"), *_PRUNING),
    models=(SPACE_ABLATION, LOSS, *_PRUNING),
    choose="pluriscope_methods.discovery.learned_gates:choose_edges",
)
NODE_PRUNING: Final = DiscoveryMethod(
    key="node-pruning",
    label="Node pruning",
    definition="The same with a gate on every node that can be left out, such as a hidden neuron or an attention head, "
    "acting on all edges out of it; every edge between kept nodes is kept.",
    source="Cao, Sanh and Rush, NAACL 2021 (arXiv:2104.03514): subnetwork probing, with one gate a node",
    needs=("gates", "neurons"),
    own=(ablation("zero"), *_PRUNING),
    models=(SPACE_ABLATION, LOSS, *_PRUNING),
    choose="pluriscope_methods.discovery.learned_gates:choose_nodes",
)
EVERY: Final = (ACDC, EAP, EAP_IG, MASK_IG, EDGE_PRUNING, NODE_PRUNING)
