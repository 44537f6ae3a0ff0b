"""Edge attribution patching with integrated gradients: the gradient averaged along the way to the ablated input.

Hanna, Pezzelle and Belinkov, "Have Faith in Faithfulness" (COLM 2024). Which points of the way count is a setting,
since it changes the answer: the published program takes the left ends, and never the clean input. Along the way the
divergence from a whole model, too, has a gradient.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from analysis.discovery.cuts import LOSS, MODEL_ABLATION, CutModel, CutNetwork
from analysis.discovery.masked_runs import edge_scores, edges_without_slope, metric_slope
from analysis.discovery.method import METRIC, Method, Scores, ablation, metric_setting
from analysis.discovery.methods.eap import first_order, model_scores
from analysis.fixed_order import mean
from analysis.method_settings import Setting, Settings
from analysis.networks.gradients import backward
from analysis.networks.mlp import activations

PATHS: Final = ("left", "mid", "right", "ends")
PATH: Final = Setting("path", "left", "which points of the way count", PATHS)
STEPS: Final = Setting("steps", 5, "points on the way", low=1, high=10_000)


def _points(settings: Settings) -> list[float]:
    """How far along the way from the ablated input to the clean one the gradient is taken."""
    if settings["path"] == "ends":
        return [1.0, 0.0]
    shift, steps = {"left": 0.0, "mid": 0.5, "right": 1.0}[str(settings["path"])], int(settings["steps"])
    return [(step + shift) / steps for step in range(steps)]


def _scores(cut: CutNetwork, settings: Settings) -> Scores:
    network, rows = cut.question.cut, cut.rows
    clean = tuple(layer.T for layer in activations(network, rows.inputs))
    start = rows.absent[0].T
    points = _points(settings)
    total = [np.zeros(layer.shape) for layer in clean[1:]]
    for point in points:
        moved = tuple(layer.T for layer in activations(network, start + point * (rows.inputs - start)))
        slope = metric_slope(moved[-1][0], rows.labels, metric_setting(settings))
        total = [sum_ + here for sum_, here in zip(total, backward(network, moved, slope), strict=True)]
    slopes = [sum_ / len(points) for sum_ in total]
    changes = [absent - layer for absent, layer in zip(rows.absent, clean, strict=False)]
    return Scores(edge_scores(network, changes, slopes), edges_without_slope(network, slopes))


def _model_scores(cut: CutModel, settings: Settings) -> Scores:
    return model_scores(mean(np.array([first_order(cut, settings, at) for at in _points(settings)])))


EAP_IG: Final = Method(
    key="eap-ig",
    label="EAP with integrated gradients",
    definition="As edge attribution patching, with the gradient averaged over inputs on the way from the ablated one "
    "to the clean one.",
    source="Hanna, Pezzelle and Belinkov, COLM 2024 (arXiv:2403.17806); scores agree with EAP-IG 795f560 (left, ends)",
    own=(ablation("pairs"), METRIC, PATH, STEPS),
    score=_scores,
    gradient=True,
)
MODEL_EAP_IG: Final = Method(
    key=EAP_IG.key,
    label=EAP_IG.label,
    definition=EAP_IG.definition,
    source="Hanna, Pezzelle and Belinkov, COLM 2024 (arXiv:2403.17806)",
    own=(MODEL_ABLATION, LOSS, PATH, STEPS),
    score=_model_scores,
    gradient=True,
)
