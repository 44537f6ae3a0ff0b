"""Largest weights: a baseline that looks at no input."""

from __future__ import annotations

from typing import Final

import numpy as np

from analysis.discovery.cuts import CutNetwork
from analysis.discovery.method import Method, Scores, ablation
from analysis.method_settings import Settings


def _scores(cut: CutNetwork, _settings: Settings) -> Scores:
    return Scores(np.concatenate([np.abs(weights).reshape(-1) for weights in cut.question.cut.weights]))


WEIGHTS: Final = Method(
    key="weights",
    label="Largest weights",
    definition="An edge's score is the size of its weight.",
    source="Magnitude pruning; a baseline",
    own=(ablation("zero"),),
    score=_scores,
)
