"""Of one network: whether it has exactly one explanation of a kind, does its task at all, and how it was found."""

from __future__ import annotations

from math import log2
from typing import Final

import numpy as np

from analysis.circuits.estimating import estimate_circuits
from analysis.networks.mlp import forward
from analysis.studies.measures.measure import Measured, measure
from analysis.studies.subject import Studied
from analysis.validity import decide

N_DRAWS: Final = 20_000
CONFIDENCE: Final = 0.95


@measure("one-circuit", "exactly one valid circuit", "yes-no", needs=("circuits",))
def _one_circuit(studied: Studied) -> Measured:
    """Whether exactly one circuit of the protocol's space is valid."""
    search = studied.analysis.circuits
    if search.interval is not None:
        low, high = search.interval
        known = low > 1 or high < 1
        return Measured(False) if known else Measured(None, note="only estimated")
    return Measured(search.n_valid == 1, truncated_at=search.truncated_at if search.n_valid <= 1 else None)


@measure("one-interpretation", "exactly one interpretation", "yes-no", needs=("circuits", "interpretations"))
def _one_interpretation(studied: Studied) -> Measured:
    """Whether all valid circuits together have exactly one interpretation."""
    found = studied.analysis.interpretations
    if found.total > 1:
        return Measured(False)  # more of them would not make it one
    if not found.complete or found.truncated_at is not None:
        return Measured(None, note="not all interpretations were counted")
    return Measured(found.total == 1)


@measure("decides-right", "the whole network decides right", "yes-no")
def _decides_right(studied: Studied) -> bool:
    """Whether the unablated network decides every row right."""
    rows, labels = studied.question.judged
    decided = decide(forward(studied.question.cut, rows)[:, 0], studied.question.protocol.circuit_decision)
    return bool(np.array_equal(decided, labels))


@measure("draws", "networks drawn", "count", "draws", log=True)
def _draws(studied: Studied) -> Measured:
    """How many networks were drawn from the prior until this one computed the tasks; the acceptance rate is one by the
    mean.
    """
    return Measured(studied.draws, note="" if studied.draws is not None else "trained, not drawn")


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
