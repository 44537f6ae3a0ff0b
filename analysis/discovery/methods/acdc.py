"""ACDC: edges are removed one after the other, from the output back, and stay out if little changes.

Conmy et al., "Towards Automated Circuit Discovery for Mechanistic Interpretability" (NeurIPS 2023), algorithm 1. The
authors' program skips a neuron that nothing reads any more; with a positive threshold that gives the same mask, since
removing its edges changes nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from analysis.discovery.masked_runs import Rows, outputs_of_masks
from analysis.discovery.method import Chosen, Method, Step, ablation
from analysis.method_settings import Setting, Settings
from analysis.networks.circuit import mask_array
from analysis.networks.network import Network
from analysis.question import Question
from analysis.validity import decide
from analysis.work import Work

FRAGILE: Final = 1e-9
TAU: Final = Setting("tau", 0.01, "how much the loss may rise for one edge", low=0.0, high=1e6, above=True)
SEED: Final = Setting("seed", 0, "of a shuffled order", low=0, high=2**31 - 1)


def _choose(question: Question, rows: Rows, settings: Settings, work: Work) -> Chosen:
    layout, loss = question.layout, str(settings["loss"])
    everything = mask_array([(1 << layout.n_edges) - 1], layout)
    whole = outputs_of_masks(question, everything, rows)[0]

    def loss_of(mask: int) -> float:
        return _loss(outputs_of_masks(question, mask_array([mask], layout), rows)[0], whole, rows, loss)

    order = edge_order(question.cut, str(settings["order"]), int(settings["seed"]))
    return removed_in_turn(order, loss_of, float(settings["tau"]), work)


def removed_in_turn(order: Sequence[int], loss_of: Callable[[int], float], tau: float, work: Work) -> Chosen:
    """What is left when each edge stays out whose removal raises the loss by less than tau.

    Args:
        order: every edge, as they are tried.
        loss_of: raw mask → its loss.
        tau: above 0.
        work: told how far it is; may cancel.
    """
    mask = (1 << len(order)) - 1
    current, narrowest = loss_of(mask), np.inf
    steps: list[Step] = []
    for done, edge in enumerate(order):
        if done % 64 == 0:
            work.tell("methods", done, len(order), "edges tried")
        without = mask & ~(1 << edge)
        new = loss_of(without)
        narrowest = min(narrowest, abs(new - current - tau))
        removed = new - current < tau
        steps.append(Step((edge,), not removed, current, new, without if removed else mask))
        if removed:
            mask, current = without, new
    return Chosen(mask, fragile=bool(narrowest < FRAGILE), steps=tuple(steps))


def _loss(outputs: NDArray[np.float64], whole: NDArray[np.float64], rows: Rows, loss: str) -> float:
    """How far the masked network is from the whole one, or from the labels where decisions are counted."""
    with np.errstate(over="ignore", invalid="ignore"):
        if loss == "decision":
            return float(np.count_nonzero(decide(outputs, "rounding") != rows.labels))
        each = (outputs - whole) ** 2 if loss == "mse" else _kl(whole, outputs)
        return float(np.add.accumulate(each)[-1] / len(each))


def _kl(p_logits: NDArray[np.float64], q_logits: NDArray[np.float64]) -> NDArray[np.float64]:
    """The divergence of Bernoulli variables with these logits, from differences of softplus."""
    share = 1.0 / (1.0 + np.exp(-p_logits))
    on = np.logaddexp(0.0, -q_logits) - np.logaddexp(0.0, -p_logits)
    off = np.logaddexp(0.0, q_logits) - np.logaddexp(0.0, p_logits)
    divergence: NDArray[np.float64] = share * on + (1.0 - share) * off
    return divergence


def edge_order(network: Network, order: str, seed: int = 0) -> list[int]:
    """Every edge in the order in which it is tried, from the last layer back.

    Args:
        network: cut to one output.
        order: "out-first": neurons and sources ascending; "reverse": descending edge index; "by-weight": neurons
            ascending, sources by ascending |weight|, ties by index; "shuffled": both drawn.
        seed: of the drawing.
    """
    random = np.random.default_rng(seed)
    offsets = np.cumsum([0, *(weights.size for weights in network.weights)])
    found: list[int] = []
    for layer in range(len(network.weights) - 1, -1, -1):
        weights = network.weights[layer]
        n_out, n_in = weights.shape
        outs = random.permutation(n_out).tolist() if order == "shuffled" else list(range(n_out))
        for out in outs:
            if order == "shuffled":
                sources = random.permutation(n_in).tolist()
            elif order == "by-weight":
                sources = sorted(range(n_in), key=lambda source: (abs(weights[out, source]), source))
            else:
                sources = list(range(n_in))
            found += [int(offsets[layer]) + out * n_in + source for source in sources]
    return sorted(found, reverse=True) if order == "reverse" else found


ACDC: Final = Method(
    key="acdc",
    label="ACDC",
    definition="Every edge is removed in turn, from the output back, and stays out if the loss rises by less than tau.",
    source="Conmy et al., NeurIPS 2023 (arXiv:2304.14997); masks agree with auto-circuit 98db58c and with "
    "ArthurConmy/ACDC bc99ace, the order fixed",
    own=(
        ablation("zero"),
        Setting("loss", "mse", "squared difference, divergence, or rows decided wrong", ("mse", "kl", "decision")),
        TAU,
        Setting("order", "out-first", "in which edges are tried", ("out-first", "reverse", "by-weight", "shuffled")),
        SEED,
    ),
    choose=_choose,
)
