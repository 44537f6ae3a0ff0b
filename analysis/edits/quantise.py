"""Quantisation of weights."""

from __future__ import annotations

from typing import Final

import numpy as np

from analysis.edits.edit import Array, Change, Edit, Named
from analysis.method_settings import Setting, Settings
from analysis.question import Question

BITS: Final = Setting("bits", 4, "of each weight", low=2, high=16)


def _quantised(weights: Array, bits: int) -> Array:
    """The nearest multiples of s = max|w| / (2^(bits−1) − 1), halves to even: 2^bits − 1 levels, symmetric about 0."""
    largest, levels = float(np.abs(weights).max()), 2 ** (bits - 1) - 1
    return np.rint(weights / largest * levels) * (largest / levels) if largest else weights


def _apply(question: Question, settings: Settings, _named: Named) -> Change:
    weights = [_quantised(w, int(settings["bits"])) for w in question.subject.weights]
    return Change(weights, question.subject.biases)


QUANTISE: Final = Edit(
    key="quantise",
    label="Quantisation",
    says="Rounds each layer's weights to the nearest multiple of max|w| / (2^(bits−1) − 1); biases stay.",
    source="Nagel et al. 2021 (arXiv:2106.08295), §2.2: uniform, symmetric, one scale for each layer.",
    settings=(BITS,),
    apply=_apply,
)
