"""Judge circuits: which are valid, their outputs and margins, and the rows that a search tests first."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from pluriscope.analysis.questions.decisions import decided_right, margin_to_edge, max_wrong
from pluriscope.analysis.subjects.perceptron.mlp import batch_activations, keep_matrices
from pluriscope.analysis.subjects.perceptron.question import Question

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


def enough_right(
    question: Question,
    keep: Sequence[NDArray[np.bool_]],
    judged: tuple[NDArray[np.float64], NDArray[np.float64]] | None = None,
    absent: Sequence[NDArray[np.float64]] | None = None,
) -> NDArray[np.bool_]:
    """Decide which circuits decide enough rows right, ``[circuits]``, with one row first, then as many again as have
    been run.

    Args:
        question: whose circuits; of the protocol's space or not.
        keep: ``[circuits, n_l, n_(l-1)]`` kept edges for layers 1 … L.
        judged: the rows and labels in another order than the question's.
        absent: what absent edges carry, if not what the protocol's ablation says.
    """
    rows, labels = judged or question.judged
    most_wrong = max_wrong(len(rows), question.share)
    by_edge = [np.ascontiguousarray(matrix.transpose(1, 2, 0)) for matrix in keep]  # loops run over the last axis
    wrong = np.zeros(len(keep[0]), dtype=np.int64)
    hopeful = np.arange(len(wrong))
    start = 0
    with np.errstate(over="ignore", invalid="ignore"):
        while start < len(rows) and len(hopeful):
            part = slice(start, max(1, 2 * start))
            some = [matrix[..., hopeful].transpose(2, 0, 1) for matrix in by_edge]
            outputs = batch_activations(question.network, some, rows[part], absent or question.absent)[-1][:, 0]
            right = decided_right(outputs, labels[part], question.protocol.circuit_decision)
            wrong[hopeful] += np.count_nonzero(~right, axis=1)
            hopeful = np.flatnonzero(wrong <= most_wrong)
            start = part.stop
    return wrong <= most_wrong


def evaluate_circuits(
    question: Question, masks: NDArray[Any], check: Callable[[], None] = lambda: None
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Run circuits one after the other, in bounded batches.

    Args:
        masks: ``[circuits]`` edge masks.
        check: called between batches; what it raises ends them.

    Returns:
        Outputs on the representatives ``[circuits, 2^n]`` and margins on the rows judged ``[circuits]``.
    """
    network, layout, absent = question.network, question.layout, question.absent
    rows, inputs = question.judged[0], question.data.representatives
    outputs, margins = np.empty((len(masks), len(inputs))), np.empty(len(masks))
    step = max(1, _VALUES_AT_ONCE // (4 * max(network.sizes) * max(len(rows), len(inputs))))
    for start in range(0, len(masks), step):
        check()
        part = slice(start, start + step)
        keep = keep_matrices(masks[part], layout)
        outputs[part] = batch_activations(network, keep, inputs, absent)[-1][:, 0]
        judged = outputs[part] if rows is inputs else batch_activations(network, keep, rows, absent)[-1][:, 0]
        margins[part] = margin_to_edge(judged, question.protocol.circuit_decision).min(axis=1)
    return outputs, margins
