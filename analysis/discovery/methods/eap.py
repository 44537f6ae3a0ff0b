"""Edge attribution patching: the change that an edge's ablation would make, to first order.

Syed, Rager and Conmy, "Attribution Patching Outperforms Automated Circuit Discovery" (2023). The divergence from a
whole model is least at the whole model, so its derivative there is 0 and with it every score: under this loss the
method says nothing of models, which is an outcome.
"""

from __future__ import annotations

from typing import Final

from analysis.discovery.cuts import Cut
from analysis.discovery.method import METRIC, MODEL_ABLATION, Method, ablation
from analysis.discovery.selection import Scores
from analysis.method_settings import Setting, Settings


def _scores(cut: Cut, settings: Settings) -> Scores:
    return cut.first_order(settings, [1.0])


EAP: Final = Method(
    key="eap",
    label="Edge attribution patching",
    definition="An edge's score is the change of what it carries times the gradient of the metric or loss at its "
    "target, the gradient taken on the unablated network; a node's is the sum over the edges out of it.",
    source="Syed, Rager and Conmy, 2023 (arXiv:2310.10348); scores of perceptrons agree with auto-circuit's mask "
    "gradient at 0 and with EAP-IG 795f560",
    own=(ablation("pairs"), METRIC),
    of_models=(
        MODEL_ABLATION,
        Setting(
            "loss", "cross-entropy", "divergence from the answers, or from the whole model", ("cross-entropy", "kl")
        ),
    ),
    score=_scores,
)
