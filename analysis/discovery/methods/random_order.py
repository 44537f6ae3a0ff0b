"""Random order: a baseline that looks at nothing."""

from __future__ import annotations

from typing import Final

import numpy as np

from analysis.discovery.cuts import Cut
from analysis.discovery.method import LOSS, MODEL_ABLATION, Method, ablation
from analysis.discovery.selection import Scores
from analysis.method_settings import Setting, Settings


def _scores(cut: Cut, settings: Settings) -> Scores:
    """Scores that fall along an order that is drawn."""
    order = np.random.default_rng(int(settings["seed"])).permutation(cut.n_bits)
    scores = np.empty(cut.n_bits)
    scores[order] = cut.n_bits - np.arange(cut.n_bits)
    return Scores(scores)


SEED: Final = Setting("seed", 0, "of the drawing", low=0, high=2**31 - 1)
RANDOM: Final = Method(
    key="random",
    label="Random order",
    definition="Edges are taken in an order that is drawn.",
    source="A baseline: what the same threshold gives without any method",
    own=(ablation("zero"), SEED),
    of_models=(MODEL_ABLATION, LOSS, SEED),
    score=_scores,
)
