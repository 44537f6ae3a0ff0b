"""Edge attribution patching: the change that an edge's ablation would make, to first order.

Syed, Rager and Conmy, "Attribution Patching Outperforms Automated Circuit Discovery" (2023).
"""

from __future__ import annotations

from typing import Final

from analysis.discovery.masked_runs import Rows, edge_scores, edges_without_slope, metric_slope
from analysis.discovery.method import METRIC, Method, Scores, ablation, metric_setting
from analysis.method_settings import Settings
from analysis.networks.gradients import backward
from analysis.networks.mlp import activations
from analysis.question import Question


def _scores(question: Question, rows: Rows, settings: Settings) -> Scores:
    network = question.cut
    layers = tuple(layer.T for layer in activations(network, rows.inputs))
    slope = metric_slope(layers[-1][0], rows.labels, metric_setting(settings))
    slopes = backward(network, layers, slope)
    changes = [absent - layer for absent, layer in zip(rows.absent, layers, strict=False)]
    return Scores(edge_scores(network, changes, slopes), edges_without_slope(network, slopes))


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
