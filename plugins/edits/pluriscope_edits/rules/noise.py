"""Noise on weights."""

from __future__ import annotations

from math import sqrt
from typing import Final

import numpy as np

from pluriscope.analysis.edits.edit import Array, Change, Edit, Editable, Named, Way
from pluriscope.analysis.methods.settings import Setting, Settings
from pluriscope.analysis.numerics.fixed_order import total_of
from pluriscope_edits.rules.where import WHERE, changed_in

SIZE: Final = Setting("size", 0.1, "standard deviation as a share of the matrix's own", low=0.0, high=100.0, above=True)
SEED: Final = Setting("seed", 0, "of the draws", low=0, high=2**53)


def _deviation(weights: Array) -> float:
    values = weights.reshape(-1)
    off = values - total_of(values) / len(values)
    return sqrt(total_of(off * off) / len(values))


def _apply(one: Editable, settings: Settings, _named: Named) -> Change:
    """Draws are rounded to float32, so that the last digits of a C library's logarithm hardly ever matter."""
    random = np.random.Generator(np.random.PCG64(int(settings["seed"])))
    parameters, parts = changed_in(one.subject.parameters, str(settings["where"]))
    for weights in parts:
        drawn = random.standard_normal(weights.shape).astype(np.float32).astype(np.float64)
        weights += float(settings["size"]) * _deviation(weights) * drawn
    return Change(parameters)


NOISE: Final = Edit(
    key="noise",
    label="Weight noise",
    says="Adds to each weight normal noise, size times the standard deviation of its matrix's weights; biases stay.",
    source="Draws of NumPy's PCG64, matrix after matrix.",
    ways={"": Way((SIZE, SEED, WHERE), _apply)},
)
