"""Quantisation of weights."""

from __future__ import annotations

from typing import Final

import numpy as np

from pluriscope.analysis.edits.edit import Change, Edit, Editable, Named, Way
from pluriscope.analysis.methods.settings import Setting, Settings
from pluriscope_edits.rules.where import WHERE, changed_in

BITS: Final = Setting("bits", 4, "of each weight", low=2, high=16)


def _apply(one: Editable, settings: Settings, _named: Named) -> Change:
    """The nearest multiples of s = max|w| / (2^(bits−1) − 1), halves to even: 2^bits − 1 levels, symmetric about 0."""
    parameters, parts = changed_in(one.subject.parameters, str(settings["where"]))
    levels = 2 ** (int(settings["bits"]) - 1) - 1
    for weights in parts:
        largest = float(np.abs(weights).max())
        if largest:
            weights[...] = np.rint(weights / largest * levels) * (largest / levels)
    return Change(parameters)


QUANTISE: Final = Edit(
    key="quantise",
    label="Quantisation",
    says="Rounds each matrix's weights to the nearest multiple of max|w| / (2^(bits−1) − 1); biases stay.",
    source="Nagel et al. 2021 (arXiv:2106.08295), §2.2: uniform, symmetric, one scale for each matrix.",
    ways={"": Way((BITS, WHERE), _apply)},
)
