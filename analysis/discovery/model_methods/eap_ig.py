"""Edge attribution patching with integrated gradients on models of any kind.

Hanna, Pezzelle and Belinkov, "Have Faith in Faithfulness" (COLM 2024): the gradient is averaged while what the model is
given moves to what it carries when cut, so that the divergence, too, has one.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from analysis.discovery.cut_model import LOSS, Array, CutModel
from analysis.discovery.methods.eap_ig import EAP_IG, PATH, STEPS, points_of
from analysis.discovery.model_method import ABLATION, ModelMethod, first_order
from analysis.fixed_order import mean
from analysis.method_settings import Settings


def _scores(cut: CutModel, settings: Settings) -> Array:
    return mean(np.array([first_order(cut, settings, at) for at in points_of(settings)]))


MODEL_EAP_IG: Final = ModelMethod(
    key=EAP_IG.key,
    label=EAP_IG.label,
    definition="As edge attribution patching, with the gradient averaged over inputs on the way from the ablated one "
    "to the clean one.",
    source="Hanna, Pezzelle and Belinkov, COLM 2024 (arXiv:2403.17806)",
    own=(ABLATION, LOSS, PATH, STEPS),
    score=_scores,
    gradient=True,
)
