"""Random order: a baseline that looks at nothing."""

from __future__ import annotations

from typing import Final

import numpy as np

from analysis.discovery.masked_runs import Rows
from analysis.discovery.method import Method, Scores, ablation, as_scores
from analysis.method_settings import Setting, Settings
from analysis.question import Question


def _scores(question: Question, _rows: Rows, settings: Settings) -> Scores:
    n_edges = question.layout.n_edges
    order = np.random.default_rng(int(settings["seed"])).permutation(n_edges)
    scores = np.empty(n_edges)
    scores[order] = n_edges - np.arange(n_edges)
    return as_scores(scores)


RANDOM: Final = Method(
    key="random",
    label="Random order",
    definition="Edges are taken in an order that is drawn.",
    source="A baseline: what the same threshold gives without any method",
    own=(ablation("zero"), Setting("seed", 0, "of the drawing", low=0, high=2**31 - 1)),
    score=_scores,
)
