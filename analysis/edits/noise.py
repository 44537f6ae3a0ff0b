"""Noise on all weights."""

from __future__ import annotations

from math import sqrt
from typing import Final

import numpy as np

from analysis.edits.edit import Array, Change, Edit, Named
from analysis.fixed_order import total_of
from analysis.method_settings import Setting, Settings
from analysis.question import Question

SIZE: Final = Setting("size", 0.1, "standard deviation as a share of the layer's own", low=0.0, high=100.0, above=True)
SEED: Final = Setting("seed", 0, "of the draws", low=0, high=2**53)


def _deviation(weights: Array) -> float:
    values = weights.reshape(-1)
    off = values - total_of(values) / len(values)
    return sqrt(total_of(off * off) / len(values))


def _apply(question: Question, settings: Settings, _named: Named) -> Change:
    """Draws are rounded to float32, so that the last digits of a C library's logarithm hardly ever matter."""
    network, random = question.subject, np.random.Generator(np.random.PCG64(int(settings["seed"])))
    size = float(settings["size"])
    drawn = [random.standard_normal(w.shape).astype(np.float32).astype(np.float64) for w in network.weights]
    noisy = [w + size * _deviation(w) * noise for w, noise in zip(network.weights, drawn, strict=True)]
    return Change(noisy, network.biases)


NOISE: Final = Edit(
    key="noise",
    label="Weight noise",
    says="Adds to each weight normal noise, size times the standard deviation of its layer's weights; biases stay.",
    source="Draws of NumPy's PCG64, layer after layer.",
    settings=(SIZE, SEED),
    apply=_apply,
)
