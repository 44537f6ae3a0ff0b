"""Edge attribution patching with integrated gradients: the gradient averaged along the way to the ablated input.

Hanna, Pezzelle and Belinkov, "Have Faith in Faithfulness" (COLM 2024). Which points of the way count is a setting,
since it changes the answer: the published program takes the left ends, and never the clean input. Along the way the
divergence from a whole model, too, has a gradient.
"""

from __future__ import annotations

from typing import Final

from analysis.discovery.cuts import Cut
from analysis.discovery.method import LOSS, METRIC, MODEL_ABLATION, Method, ablation
from analysis.discovery.selection import Scores
from analysis.method_settings import Setting, Settings

PATHS: Final = ("left", "mid", "right", "ends")
PATH: Final = Setting("path", "left", "which points of the way count", PATHS)
STEPS: Final = Setting("steps", 5, "points on the way", low=1, high=10_000)


def _points(settings: Settings) -> list[float]:
    """How far along the way from the ablated input to the clean one the gradient is taken."""
    if settings["path"] == "ends":
        return [1.0, 0.0]
    shift, steps = {"left": 0.0, "mid": 0.5, "right": 1.0}[str(settings["path"])], int(settings["steps"])
    return [(step + shift) / steps for step in range(steps)]


def _scores(cut: Cut, settings: Settings) -> Scores:
    return cut.first_order(settings, _points(settings))


EAP_IG: Final = Method(
    key="eap-ig",
    label="EAP with integrated gradients",
    definition="As edge attribution patching, with the gradient averaged over inputs on the way from the ablated one "
    "to the clean one.",
    source="Hanna, Pezzelle and Belinkov, COLM 2024 (arXiv:2403.17806); scores of perceptrons agree with EAP-IG "
    "795f560 (left, ends)",
    own=(ablation("pairs"), METRIC, PATH, STEPS),
    of_models=(MODEL_ABLATION, LOSS, PATH, STEPS),
    score=_scores,
)
