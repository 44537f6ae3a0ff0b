"""Exact edge patching: the change of the metric when one edge is ablated, by running it.

Over all ordered pairs of rows with different labels, and for the margin, restoring one edge on the ablated run gives
exactly minus this, so it is no second method.
"""

from __future__ import annotations

from typing import Final

from analysis.discovery.cuts import Cut
from analysis.discovery.method import LOSS, METRIC, MODEL_ABLATION, Method, ablation
from analysis.discovery.selection import Scores
from analysis.method_settings import Settings


def _scores(cut: Cut, settings: Settings) -> Scores:
    return cut.changes(settings)


EXACT_EDGE: Final = Method(
    key="exact-edge",
    label="Exact edge patching",
    definition="An edge's score is the change of the metric or loss when it alone is ablated.",
    source="Activation patching of single edges; scores of perceptrons agree with EAP-IG 795f560, 'exact'",
    own=(ablation("pairs"), METRIC),
    of_models=(MODEL_ABLATION, LOSS),
    score=_scores,
)
