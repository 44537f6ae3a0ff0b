"""The outputs and margins of single circuits, and the rows that a search tests first."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from analysis.networks.mlp import batch_activations, keep_matrices
from analysis.question import Question
from analysis.validity import margin_to_edge

_VALUES_AT_ONCE: Final = 1 << 21  # float64 values in one table (16 MiB)


def first_rows(n_rows: int, n_wrong: int) -> NDArray[np.int64]:
    """Rows to test every circuit on before the few that pass are tested on all.

    They are spread evenly over the record, and so many that a circuit wrong on one kind of input stands out.

    Args:
        n_rows: rows judged.
        n_wrong: rows that a valid circuit may have wrong.
    """
    n_first = min(n_rows, max(64, 6 * (n_wrong + 1)))
    if n_first == n_rows:
        return np.arange(n_first)
    return np.argsort(np.arange(n_rows) * 0.6180339887498949 % 1.0, kind="stable")[:n_first]


def evaluate_circuits(question: Question, masks: NDArray[Any]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Run circuits one after the other, in bounded batches.

    Args:
        masks: ``[circuits]`` edge masks.

    Returns:
        Outputs on the representatives ``[circuits, 2^n]`` and margins on the rows judged ``[circuits]``.
    """
    network, layout, absent = question.cut, question.layout, question.absent
    rows, inputs = question.judged[0], question.data.representatives
    outputs, margins = np.empty((len(masks), len(inputs))), np.empty(len(masks))
    step = max(1, _VALUES_AT_ONCE // (4 * max(network.sizes) * max(len(rows), len(inputs))))
    for start in range(0, len(masks), step):
        part = slice(start, start + step)
        keep = keep_matrices(masks[part], layout)
        outputs[part] = batch_activations(network, keep, inputs, absent)[-1][:, 0]
        judged = outputs[part] if rows is inputs else batch_activations(network, keep, rows, absent)[-1][:, 0]
        margins[part] = margin_to_edge(judged, question.protocol.circuit_decision).min(axis=1)
    return outputs, margins
