"""Largest effects: what cutting each bit alone changes of the loss, by running it. A baseline without derivatives."""

from __future__ import annotations

from typing import Final

import numpy as np

from analysis.discovery.cut_model import LOSS, Array, CutModel, loss_of
from analysis.discovery.model_method import ABLATION, ModelMethod
from analysis.method_settings import Settings


def _scores(cut: CutModel, settings: Settings) -> Array:
    everything = (1 << cut.n_bits) - 1
    masks = [everything, *(everything & ~(1 << bit) for bit in range(cut.n_bits))]
    whole, *without = cut.losses(masks, loss_of(settings))
    return whole - np.array(without)


EFFECTS: Final = ModelMethod(
    key="effects",
    label="Largest effects",
    definition="An edge's score is the change of the loss when it alone is cut.",
    source="Activation patching of single edges; a baseline",
    own=(ABLATION, LOSS),
    score=_scores,
)
