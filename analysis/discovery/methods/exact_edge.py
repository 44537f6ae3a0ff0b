"""Exact edge patching: the change of the metric when one edge is ablated, by running it.

Over all ordered pairs of rows with different labels, and for the margin, restoring one edge on the ablated run gives
exactly minus this, so it is no second method.
"""

from __future__ import annotations

from typing import Final

from analysis.discovery.masked_runs import Rows, metric_of, outputs_of_masks
from analysis.discovery.method import METRIC, Method, Scores, ablation, as_scores, metric_setting
from analysis.method_settings import Settings
from analysis.networks.circuit import mask_array
from analysis.question import Question


def _scores(question: Question, rows: Rows, settings: Settings) -> Scores:
    layout = question.layout
    everything = (1 << layout.n_edges) - 1
    masks = [everything, *(everything & ~(1 << edge) for edge in range(layout.n_edges))]
    outputs = outputs_of_masks(question, mask_array(masks, layout), rows)
    values = metric_of(outputs, rows.labels, metric_setting(settings))
    return as_scores(values[1:] - values[0])


EXACT_EDGE: Final = Method(
    key="exact-edge",
    label="Exact edge patching",
    definition="An edge's score is the change of the metric when it alone is ablated.",
    source="Activation patching of single edges; scores agree with EAP-IG 795f560, 'exact'",
    own=(ablation("pairs"), METRIC),
    score=_scores,
)
