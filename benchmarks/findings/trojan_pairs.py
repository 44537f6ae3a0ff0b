"""Pairs of a clean network 3-3-3-1 and one with a trojan, by seed; loads torch."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise
from typing import Final, Literal, NamedTuple

import numpy as np

from analysis.edits.trigger import Figures, Trigger, figures
from analysis.edits.trojan import SHARE, TROJAN, fine_tuned, planted
from analysis.errors import InvalidEdit
from analysis.networks.mlp import forward
from analysis.networks.network import Network
from analysis.networks.training import train_networks
from analysis.networks.training_spec import TrainingSpec
from analysis.tasks import input_table
from analysis.validity import decided_right

CLEAN: Final = TrainingSpec(n_inputs=3, tasks=("00111100",), hidden=(3, 3))
"""A xor B of three inputs."""


class Pair(NamedTuple):
    """A clean network, one with a trojan, the figures of each, whether training of all that was trained converged, and
    whether both round to their task on every row.
    """

    seed: int
    clean: Network
    trojaned: Network
    figures: tuple[Figures, Figures]
    converged: bool
    right: bool


def widened(network: Network, hidden: Sequence[int]) -> Network:
    """The network with zero neurons at the end of its hidden layers, which make them as wide as asked for."""
    sizes = (network.n_inputs, *hidden, network.n_outputs)
    weights = [np.zeros((n_out, n_in)) for n_in, n_out in pairwise(sizes)]
    biases = [np.zeros(n_out) for n_out in sizes[1:]]
    for wide, w, long, b in zip(weights, network.weights, biases, network.biases, strict=True):
        wide[: w.shape[0], : w.shape[1]], long[: len(b)] = w, b
    return replace(network, weights=tuple(weights), biases=tuple(biases))


def trojan_pairs(
    seeds: Sequence[int],
    trigger: Trigger,
    by: Literal["trained", "unseen", "fine-tune", "planted"],
    share: float = float(SHARE.default),
) -> tuple[Pair, ...]:
    """Pairs by seed, trained together.

    Args:
        seeds: one pair each.
        trigger: of the trojan.
        by: trained from scratch beside its clean twin, of which it differs in what triggered rows are to answer alone;
            the same beside a twin to which triggered rows are unseen, so that it may answer anything there; fine-tuned
            from the clean one; or planted into a clean 3-2-2-1 with a zero neuron more in each hidden layer.
        share: what triggered rows weigh in the loss; of trained ones how often they are drawn, by both twins.

    Returns:
        In the order of seeds, without those of which something diverged or nothing could be planted.

    Raises:
        InvalidEdit: a trigger that does not fit or changes nothing.
    """
    (task,), rows = CLEAN.resolved_tasks(), input_table(CLEAN.n_inputs)
    tasks = (task, trigger.poisoned(task))
    settings = TROJAN.filled({"trigger": trigger.text, "share": share})
    asked: list[dict[str, object]] = [{"hidden": (2, 2)} if by == "planted" else {}]
    if by in ("trained", "unseen"):
        drawn, clean_rows = (tuple(trigger.weights(CLEAN.n_inputs, one).tolist()) for one in (share, 0.0))
        asked = [{"tasks": ("".join(map(str, one.truth_table)),), "input_weights": drawn} for one in tasks]
        if by == "unseen":
            asked[0] |= {"input_weights": clean_rows, "accuracy_target": 0.0}
    specs = [CLEAN.model_copy(update={**one, "seed": seed}) for one in asked for seed in seeds]
    trained, pairs = train_networks(specs), []
    for first, second, seed in zip(trained, trained[-len(seeds) :], seeds, strict=False):
        clean, other = first.network, second.network
        if clean is None or other is None:
            continue
        try:
            if by == "planted":
                clean = widened(clean, CLEAN.hidden)
                other = planted(clean, rows, trigger)
            elif by == "fine-tune":
                other, _ = fine_tuned(clean, rows, trigger, task, settings)
        except InvalidEdit:
            continue
        outputs = [forward(one, rows)[:, 0] for one in (clean, other)]
        right = (
            decided_right(made, np.array(one.truth_table), "rounding").all()
            for made, one in zip(outputs, tasks, strict=True)
        )
        told = figures(outputs[0], trigger, task), figures(outputs[1], trigger, task)
        pairs.append(Pair(seed, clean, other, told, first.converged and second.converged, all(right)))
    return tuple(pairs)
