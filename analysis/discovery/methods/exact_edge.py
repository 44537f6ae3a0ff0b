"""Exact edge patching: the change of the metric when one edge is ablated, by running it.

Over all ordered pairs of rows with different labels, and for the margin, restoring one edge on the ablated run gives
exactly minus this, so it is no second method.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from analysis.discovery.cuts import LOSS, MODEL_ABLATION, Cut, CutModel, CutNetwork
from analysis.discovery.masked_runs import metric_of, outputs_of_masks
from analysis.discovery.method import METRIC, Method, Scores, ablation, metric_setting
from analysis.discovery.methods.eap import model_scores
from analysis.method_settings import Settings
from analysis.networks.circuit import mask_array


def _scores(cut: CutNetwork, settings: Settings) -> Scores:
    outputs = outputs_of_masks(cut.question, mask_array(_without_one(cut), cut.question.layout), cut.rows)
    values = metric_of(outputs, cut.rows.labels, metric_setting(settings))
    return Scores(values[1:] - values[0])


def _model_scores(cut: CutModel, settings: Settings) -> Scores:
    whole, *without = cut.losses(_without_one(cut), str(settings["loss"]))
    return model_scores(whole - np.array(without))


def _without_one(cut: Cut) -> list[int]:
    """The whole mask, then it without each bit."""
    everything = (1 << cut.n_bits) - 1
    return [everything, *(everything & ~(1 << bit) for bit in range(cut.n_bits))]


EXACT_EDGE: Final = Method(
    key="exact-edge",
    label="Exact edge patching",
    definition="An edge's score is the change of the metric when it alone is ablated.",
    source="Activation patching of single edges; scores agree with EAP-IG 795f560, 'exact'",
    own=(ablation("pairs"), METRIC),
    score=_scores,
)
EFFECTS: Final = Method(
    key="effects",
    label="Largest effects",
    definition="An edge's score is the change of the loss when it alone is cut.",
    source="Activation patching of single edges; a baseline",
    own=(MODEL_ABLATION, LOSS),
    score=_model_scores,
)
