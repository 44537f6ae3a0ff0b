"""ACDC on models of any kind: bits are removed one after the other, from the outputs back.

Conmy et al., "Towards Automated Circuit Discovery for Mechanistic Interpretability" (NeurIPS 2023), algorithm 1, with
its divergence as the loss.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from analysis.discovery.cut_model import CutModel, loss_of
from analysis.discovery.method import Chosen
from analysis.discovery.methods.acdc import ACDC, SEED, TAU, removed_in_turn
from analysis.discovery.model_method import ABLATION, ModelMethod
from analysis.method_settings import Setting, Settings
from analysis.models.model import Graph
from analysis.work import Work


def _choose(cut: CutModel, settings: Settings, work: Work) -> Chosen:
    loss = loss_of(settings)
    order = bit_order(cut.space.graph, str(settings["order"]), int(settings["seed"]))
    return removed_in_turn(order, lambda mask: cut.losses([mask], loss)[0], float(settings["tau"]), work)


def bit_order(graph: Graph, order: str, seed: int = 0) -> list[int]:
    """Every bit in the order in which it is tried, from the last layer of readers back.

    Args:
        graph: of the model.
        order: "out-first": within a layer ascending; "reverse": descending bits; "shuffled": drawn within a layer.
        seed: of the drawing.
    """
    if graph.cut == "edges":
        layers = [graph.nodes[edge.target].layer for edge in graph.edges]
    else:
        layers = [graph.nodes[node].layer for node in graph.removable]
    if order == "reverse":
        return list(range(len(layers)))[::-1]
    random, found = np.random.default_rng(seed), list[int]()
    for layer in sorted(set(layers), reverse=True):
        some = [bit for bit, one in enumerate(layers) if one == layer]
        found += random.permutation(some).tolist() if order == "shuffled" else some
    return found


MODEL_ACDC: Final = ModelMethod(
    key=ACDC.key,
    label=ACDC.label,
    definition="Every edge (or node, where circuits are of nodes) is removed in turn, from the outputs back, and stays "
    "out if the loss rises by less than tau.",
    source="Conmy et al., NeurIPS 2023 (arXiv:2304.14997)",
    own=(
        ABLATION,
        Setting("loss", "kl", "divergence, cross-entropy, or rows decided wrong", ("kl", "cross-entropy", "decision")),
        TAU,
        Setting("order", "out-first", "in which edges are tried", ("out-first", "reverse", "shuffled")),
        SEED,
    ),
    choose=_choose,
)
