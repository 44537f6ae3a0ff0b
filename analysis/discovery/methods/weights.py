"""Largest weights: a baseline that looks at no input."""

from __future__ import annotations

from typing import Final

import numpy as np

from analysis.discovery.masked_runs import Rows
from analysis.discovery.method import Method, Scores, ablation, as_scores
from analysis.method_settings import Settings
from analysis.question import Question


def _scores(question: Question, _rows: Rows, _settings: Settings) -> Scores:
    return as_scores(np.concatenate([np.abs(weights).reshape(-1) for weights in question.cut.weights]))


WEIGHTS: Final = Method(
    key="weights",
    label="Largest weights",
    definition="An edge's score is the size of its weight.",
    source="Magnitude pruning; a baseline",
    own=(ablation("zero"),),
    score=_scores,
)
