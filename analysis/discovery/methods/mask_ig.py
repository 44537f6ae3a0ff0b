"""Mask gradient, integrated: the gradient by each edge while all edges together move towards their ablation.

As the program auto-circuit has it: points 0, 1/m, …, 1 are summed, both ends included, and not divided.
"""

from __future__ import annotations

from typing import Final, cast

import numpy as np

from analysis.discovery.cuts import CutNetwork
from analysis.discovery.masked_runs import Metric, edge_scores, edges_without_slope, metric_slope
from analysis.discovery.method import METRIC, Method, ablation
from analysis.discovery.selection import Scores
from analysis.method_settings import Setting, Settings
from analysis.networks.gradients import backward
from analysis.networks.mlp import activate


def _scores(cut: CutNetwork, settings: Settings) -> Scores:
    network, rows, samples = cut.question.cut, cut.rows, int(settings["samples"])
    total = np.zeros(cut.n_bits)
    silent: set[int] | None = None
    for step in range(samples + 1):
        moved = step / samples
        layers = [rows.inputs.T]
        for layer, (weights, biases) in enumerate(zip(network.weights, network.biases, strict=True), start=1):
            carried = layers[-1] + moved * (rows.absent[layer - 1] - layers[-1])
            sums = np.broadcast_to(biases[:, None], (len(biases), carried.shape[1]))
            for index in range(len(carried)):
                sums = sums + carried[index] * weights[:, index, None]
            layers.append(activate(sums, network.activation_of(layer), network.negative_slope))
        slope = metric_slope(layers[-1][0], rows.labels, cast(Metric, settings["metric"]))
        slopes = backward(network, layers, slope, carried=1.0 - moved)
        changes = [absent - layer for absent, layer in zip(rows.absent, layers, strict=False)]
        total = total + edge_scores(network, changes, slopes)
        here = set(edges_without_slope(network, slopes))
        silent = here if silent is None else silent & here
    return Scores(total, tuple(sorted(silent or ())))


MASK_IG: Final = Method(
    key="mask-ig",
    label="Mask gradient, integrated",
    definition="The gradient by each edge's ablation, summed while all edges move together from what they carry to "
    "what they carry when absent.",
    source="auto-circuit 98db58c, mask gradient with integrated gradients; scores agree with it",
    own=(ablation("pairs"), METRIC, Setting("samples", 20, "steps of the way", low=1, high=10_000)),
    score=_scores,
)
