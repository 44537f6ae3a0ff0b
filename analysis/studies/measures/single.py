"""Whether a network has exactly one explanation of a kind, and whether it does its task at all."""

from __future__ import annotations

from typing import Final

import numpy as np

from analysis.networks.mlp import forward
from analysis.studies.measures.measure import Measure, Measured
from analysis.studies.subject import Studied
from analysis.validity import decide


def _one_circuit(studied: Studied) -> Measured:
    search = studied.analysis.circuits
    if search.interval is not None:
        low, high = search.interval
        known = low > 1 or high < 1
        return Measured(False) if known else Measured(None, note="only estimated")
    return Measured(search.n_valid == 1, truncated_at=search.truncated_at if search.n_valid <= 1 else None)


def _one_interpretation(studied: Studied) -> Measured:
    found = studied.analysis.interpretations
    if found.total > 1:
        return Measured(False)  # more of them would not make it one
    if not found.complete or found.truncated_at is not None:
        return Measured(None, note="not all interpretations were counted")
    return Measured(found.total == 1)


def _decides_right(studied: Studied) -> Measured:
    rows, labels = studied.question.judged
    decided = decide(forward(studied.question.cut, rows)[:, 0], studied.question.protocol.circuit_decision)
    return Measured(bool(np.array_equal(decided, labels)))


MEASURES: Final = (
    Measure(
        "one-circuit",
        "exactly one valid circuit",
        "Whether exactly one circuit of the protocol's space is valid.",
        "yes-no",
        _one_circuit,
        needs=frozenset({"circuits"}),
    ),
    Measure(
        "one-interpretation",
        "exactly one interpretation",
        "Whether all valid circuits together have exactly one interpretation.",
        "yes-no",
        _one_interpretation,
        needs=frozenset({"circuits", "interpretations"}),
    ),
    Measure(
        "decides-right",
        "the whole network decides right",
        "Whether the unablated network decides every row right.",
        "yes-no",
        _decides_right,
    ),
)
