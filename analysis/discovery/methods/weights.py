"""Largest weights: a baseline that looks at no input."""

from __future__ import annotations

from typing import Final

from analysis.discovery.cuts import Cut
from analysis.discovery.method import Method, ablation
from analysis.discovery.selection import Scores
from analysis.method_settings import Settings


def _scores(cut: Cut, _settings: Settings) -> Scores:
    return Scores(cut.weights)


WEIGHTS: Final = Method(
    key="weights",
    label="Largest weights",
    definition="An edge's score is the size of its weight.",
    source="Magnitude pruning; a baseline",
    own=(ablation("zero"),),
    score=_scores,
)
