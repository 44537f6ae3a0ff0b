"""Edge attribution patching on models of any kind: what cutting each edge changes of the loss, to first order.

Syed, Rager and Conmy, "Attribution Patching Outperforms Automated Circuit Discovery" (2023). The divergence from the
whole model is least at the whole model, so its derivative there is 0 and with it every score: under this loss the
method says nothing, which is an outcome.
"""

from __future__ import annotations

from typing import Final

from analysis.discovery.cut_model import Array, CutModel
from analysis.discovery.methods.eap import EAP
from analysis.discovery.model_method import ABLATION, ModelMethod, first_order
from analysis.method_settings import Setting, Settings


def _scores(cut: CutModel, settings: Settings) -> Array:
    return first_order(cut, settings, 1.0)


MODEL_EAP: Final = ModelMethod(
    key=EAP.key,
    label=EAP.label,
    definition="An edge's score is the change of what it carries times the loss's gradient at its reader, the gradient "
    "taken in the whole model, where that of the divergence is 0; a node's is the sum over the edges out of it.",
    source="Syed, Rager and Conmy, 2023 (arXiv:2310.10348)",
    own=(
        ABLATION,
        Setting(
            "loss", "cross-entropy", "divergence from the answers, or from the whole model", ("cross-entropy", "kl")
        ),
    ),
    score=_scores,
    gradient=True,
)
