"""Training of lottery tickets: many masked networks at once, from the weights with which the whole one began."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from typing import Any, Final

import numpy as np
import torch
from numpy.typing import NDArray

from pluriscope.analysis.circuits.search import decide_right
from pluriscope.analysis.methods.settings import Settings
from pluriscope.analysis.running.work import Work
from pluriscope.analysis.subjects.perceptron.activations import activation_of
from pluriscope.analysis.subjects.perceptron.batched_mlp import torch_module
from pluriscope.analysis.subjects.perceptron.circuit import masks_of
from pluriscope.analysis.subjects.perceptron.initial import initial_parameters
from pluriscope.analysis.subjects.perceptron.network import Network
from pluriscope.analysis.subjects.perceptron.question import Question
from pluriscope.analysis.subjects.perceptron.threads import one_thread
from pluriscope_methods.lenses.lens import Table
from pluriscope_methods.lenses.lottery_ticket import RANDOM, SHARES

Bits = NDArray[np.bool_]
STEPS: Final = 1_500
RATE: Final = 0.01
LOSS: Final = 0.01


def _split(values: Any, sizes: tuple[int, ...]) -> list[tuple[Any, Any]]:
    """Weights and biases of each layer, of parameters W1, b1, W2, … in the last axis."""
    found, start = [], 0
    for n, m in pairwise(sizes):
        end = start + n * m
        found.append((values[..., start:end].reshape(*values.shape[:-1], m, n), values[..., end : end + m]))
        start = end + m
    return found


def trained(question: Question, starts: NDArray[np.float64], kept: Bits, work: Work) -> tuple[NDArray[Any], Bits]:
    """Train networks on the task of a question by Adam on all rows.

    Args:
        starts: ``[networks, parameters]``.
        kept: likewise, false where a weight stays 0.

    Returns:
        Parameters, and which networks came below the loss and decide every row right.
    """
    network, (rows, labels) = question.network, question.method_rows
    given, right, mask = torch.tensor(rows), torch.tensor(labels), torch.tensor(kept)
    parameters = (torch.tensor(starts) * mask).requires_grad_()
    names = [network.activation] * network.n_hidden_layers + [network.output_activation]
    acts = [torch_module(activation_of(name, network.negative_slope or 0.0)) for name in names]

    def outputs() -> Any:
        values = given.T[None].expand(len(starts), -1, -1)
        for (weight, bias), act in zip(_split(parameters * mask, network.sizes), acts, strict=True):
            values = act(weight @ values + bias[..., None])
        return values[:, 0]

    with one_thread():
        adam = torch.optim.Adam([parameters], lr=RATE)
        for step in range(STEPS):
            if step % 100 == 0:
                work.report_step("lenses", step, STEPS, "steps of lottery tickets")
            losses = ((outputs() - right) ** 2).mean(dim=1)
            going = losses >= LOSS
            if not going.any():
                break
            adam.zero_grad()
            (losses * going).sum().backward()
            before = parameters.detach().clone()
            adam.step()
            with torch.no_grad():  # what has learned stays
                parameters.copy_(torch.where(going[:, None], parameters, before))
        with torch.no_grad():
            found = outputs()
            learned = (((found - right) ** 2).mean(dim=1) < LOSS) & ((found > 0.5) == (right > 0.5)).all(dim=1)
    return (parameters.detach() * mask).numpy(), learned.numpy()


def ticket_of(weights: NDArray[np.float64], share: float) -> Bits:
    """Which weights are left when the smallest are pruned."""
    left = np.ones(len(weights), dtype=np.bool_)
    left[np.abs(weights).argsort(kind="stable")[: round(share * len(weights))]] = False
    return left


def _with_random(ticket: Bits, layers: NDArray[np.int64], random: np.random.Generator) -> Bits:
    """A ticket, then random masks with as many edges in each layer, ``[1 + RANDOM, edges]``."""
    parts = [ticket[layers == layer] for layer in np.unique(layers)]
    return np.stack([ticket, *(np.concatenate([random.permutation(part) for part in parts]) for _ in range(RANDOM))])


def look(question: Question, settings: Settings, work: Work) -> Table:
    """Train, prune, rewind and train again; see :data:`pluriscope_methods.lenses.lottery_ticket.LOTTERY_TICKET`."""
    network, sizes, n_edges = question.network, question.network.sizes, question.layout.n_edges
    are_weights = np.concatenate([[True] * n * m + [False] * m for n, m in pairwise(sizes)])
    streams = (np.random.default_rng(seed) for seed in range(int(settings["seeds"])))
    starts = np.array([initial_parameters(one, sizes).astype(np.float64) for one in streams])
    ends, learned = trained(question, starts, np.ones(starts.shape, dtype=np.bool_), work)
    starts, ends = starts[learned], ends[learned]
    if not len(starts):
        return Table((), (f"None of {len(learned)} networks learned the task.",))
    layers = np.repeat(range(len(sizes) - 1), [n * m for n, m in pairwise(sizes)])
    random = np.random.default_rng(0)
    edges = np.array(
        [_with_random(ticket_of(end[are_weights], share), layers, random) for share in SHARES for end in ends]
    )
    shape = len(SHARES), len(starts), 1 + RANDOM
    kept = np.ones((*edges.shape[:2], starts.shape[1]), dtype=np.bool_)
    kept[..., are_weights] = edges
    again = np.repeat(np.tile(starts, (len(SHARES), 1)), 1 + RANDOM, axis=0)
    learns = trained(question, again, kept.reshape(again.shape), work)[1].reshape(shape)
    numbers = masks_of(edges.reshape(-1, n_edges), question.layout).reshape(shape)
    options = {"activation": network.activation, "output_activation": network.output_activation}
    valid = np.empty(shape, dtype=np.bool_)
    for at, end in enumerate(ends):
        own = Network.from_flat(end, sizes, **options, negative_slope=network.negative_slope)
        judged = decide_right(replace(question, subject=own, output=0), numbers[:, at].ravel())
        valid[:, at] = judged.reshape(shape[0], -1)
    rows = [
        {
            "pruned": share,
            "edges": n_edges - round(share * n_edges),
            "networks": len(starts),
            "learn": int(learns[at, :, 0].sum()),
            "valid": int(valid[at, :, 0].sum()),
            "both": int((learns & valid)[at, :, 0].sum()),
            "random_learn": float(learns[at, :, 1:].mean()),
            "random_valid": float(valid[at, :, 1:].mean()),
        }
        for at, share in enumerate(SHARES)
    ]
    left = len(learned) - len(starts)
    return Table(
        tuple(rows), (f"{left} of {len(learned)} networks did not learn the task and are left out.",) * (left > 0)
    )
