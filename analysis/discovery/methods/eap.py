"""Edge attribution patching: the change that an edge's ablation would make, to first order.

Syed, Rager and Conmy, "Attribution Patching Outperforms Automated Circuit Discovery" (2023). The divergence from a
whole model is least at the whole model, so its derivative there is 0 and with it every score: under this loss the
method says nothing of models, which is an outcome.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from analysis.discovery.cuts import MODEL_ABLATION, CutModel, CutNetwork
from analysis.discovery.masked_runs import edge_scores, edges_without_slope, metric_slope
from analysis.discovery.method import METRIC, Method, Scores, ablation, metric_setting
from analysis.discovery.selection import UNDEFINED
from analysis.method_settings import Setting, Settings
from analysis.networks.gradients import backward
from analysis.networks.mlp import activations


def _scores(cut: CutNetwork, settings: Settings) -> Scores:
    network, rows = cut.question.cut, cut.rows
    layers = tuple(layer.T for layer in activations(network, rows.inputs))
    slope = metric_slope(layers[-1][0], rows.labels, metric_setting(settings))
    slopes = backward(network, layers, slope)
    changes = [absent - layer for absent, layer in zip(rows.absent, layers, strict=False)]
    return Scores(edge_scores(network, changes, slopes), edges_without_slope(network, slopes))


def first_order(cut: CutModel, settings: Settings, at: float) -> NDArray[np.float64]:
    """``[bits]`` from derivatives of a model: minus the change of the loss, so that bits that help are negative."""
    effects: Any = cut.effects(str(settings["loss"]), at)  # methods of derivatives are not asked where there are none
    return -np.asarray(effects)


def model_scores(values: NDArray[np.float64]) -> Scores:
    """Scores of a model's bits, which say nothing where all are 0 but for rounding."""
    return Scores(values, says_nothing=bool(np.abs(values).max(initial=0.0) < UNDEFINED))


def _model_scores(cut: CutModel, settings: Settings) -> Scores:
    return model_scores(first_order(cut, settings, 1.0))


EAP: Final = Method(
    key="eap",
    label="Edge attribution patching",
    definition="An edge's score is the change of what it carries times the metric's gradient at its target, the "
    "gradient taken on the unablated network.",
    source="Syed, Rager and Conmy, 2023 (arXiv:2310.10348); scores agree with auto-circuit's mask gradient at 0 and "
    "with EAP-IG 795f560",
    own=(ablation("pairs"), METRIC),
    score=_scores,
    gradient=True,
)
MODEL_EAP: Final = Method(
    key=EAP.key,
    label=EAP.label,
    definition="An edge's score is the change of what it carries times the loss's gradient at its reader, the gradient "
    "taken in the whole model, where that of the divergence is 0; a node's is the sum over the edges out of it.",
    source="Syed, Rager and Conmy, 2023 (arXiv:2310.10348)",
    own=(
        MODEL_ABLATION,
        Setting(
            "loss", "cross-entropy", "divergence from the answers, or from the whole model", ("cross-entropy", "kl")
        ),
    ),
    score=_model_scores,
    gradient=True,
)
