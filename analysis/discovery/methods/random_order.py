"""Random order: a baseline that looks at nothing."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from analysis.discovery.masked_runs import Rows
from analysis.discovery.method import Method, Scores, ablation, as_scores
from analysis.method_settings import Setting, Settings
from analysis.question import Question


def _scores(question: Question, _rows: Rows, settings: Settings) -> Scores:
    return as_scores(drawn(question.layout.n_edges, int(settings["seed"])))


def drawn(n_edges: int, seed: int) -> NDArray[np.float64]:
    """``[edges]`` scores that fall along an order that is drawn."""
    order = np.random.default_rng(seed).permutation(n_edges)
    scores = np.empty(n_edges)
    scores[order] = n_edges - np.arange(n_edges)
    return scores


SEED: Final = Setting("seed", 0, "of the drawing", low=0, high=2**31 - 1)
RANDOM: Final = Method(
    key="random",
    label="Random order",
    definition="Edges are taken in an order that is drawn.",
    source="A baseline: what the same threshold gives without any method",
    own=(ablation("zero"), SEED),
    score=_scores,
)
