"""How many valid circuits a network has for its size: bits per edge, estimated alike at every size."""

from __future__ import annotations

from math import log2
from typing import Final

from analysis.circuits.estimating import estimate_circuits
from analysis.studies.measures.measure import Measured, measure
from analysis.studies.subject import Studied

N_DRAWS: Final = 20_000
CONFIDENCE: Final = 0.95


@measure(
    "bits-per-edge",
    "valid circuits, bits per edge",
    "number",
    "bits",
    definition=f"Logarithm to base 2 of the number of valid circuits by the network's edges, from {N_DRAWS:,} circuits "
    "drawn uniformly from the protocol's space, with the 95% interval of Clopper and Pearson.",
)
def _bits_per_edge(studied: Studied) -> Measured:
    estimate = estimate_circuits(studied.question, n_samples=N_DRAWS, n_draws=0, confidence=CONFIDENCE)
    edges = estimate.layout.n_edges
    low, high = (log2(end) / edges if end else 0.0 for end in estimate.interval or (0, 0))
    if not estimate.distribution.of:
        return Measured(None, high=high, note=f"none of {N_DRAWS:,} circuits drawn is valid")
    return Measured(log2(estimate.count) / edges, low, high)
