"""Whether a network has exactly one explanation of a kind, and whether it does its task at all."""

from __future__ import annotations

import numpy as np

from analysis.networks.mlp import forward
from analysis.studies.measures.measure import Measured, measure
from analysis.studies.subject import Studied
from analysis.validity import decide


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
