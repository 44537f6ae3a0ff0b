"""What circuits are judged on, and the outputs and margins of single ones."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from analysis.circuits.circuit import EdgeLayout
from analysis.data import DataRecord
from analysis.errors import InvalidData
from analysis.networks.mlp import ablation_values, batch_activations, keep_matrices
from analysis.networks.network import Network
from analysis.protocol import Protocol
from analysis.tasks import Task
from analysis.validity import margin_to_edge

_VALUES_AT_ONCE: Final = 1 << 21  # float64 values in one table (16 MiB)


def judged_rows(task: Task, data: DataRecord, output: int = 0) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The rows that circuits are judged on, ``[rows, n0]``, and the label of each, ``[rows]``.

    Raises:
        InvalidData: not one label for each row.
    """
    rows = data.representatives if data.validation_inputs is None else data.validation_inputs
    if data.validation_labels is None:
        labels = np.array(task.truth_table, dtype=np.float64)
    else:
        labels = np.asarray(data.validation_labels, dtype=np.float64)[:, output]
    if len(labels) != len(rows):
        raise InvalidData("validation rows", f"{len(rows)} rows but {len(labels)} labels", "give a label for each row")
    return np.asarray(rows, dtype=np.float64), labels


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


def evaluate_circuits(
    network: Network,
    masks: NDArray[np.uint64],
    protocol: Protocol,
    data: DataRecord,
    rows: NDArray[np.float64],
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Run circuits one after the other, in bounded batches.

    Args:
        network: the network cut to the analysed output.
        masks: ``[circuits]`` edge masks.
        protocol: ablation and decision rule.
        data: representatives, and what mean ablation takes its means of.
        rows: ``[rows, n0]`` judged, as :func:`judged_rows` gives them.

    Returns:
        Outputs on the representatives ``[circuits, 2^n]`` and margins on the rows judged ``[circuits]``.
    """
    layout = EdgeLayout(network.sizes)
    absent = ablation_values(network, protocol.ablation, mean_rows(data))
    inputs = data.representatives
    outputs, margins = np.empty((len(masks), len(inputs))), np.empty(len(masks))
    step = max(1, _VALUES_AT_ONCE // (4 * max(network.sizes) * max(len(rows), len(inputs))))
    for start in range(0, len(masks), step):
        part = slice(start, start + step)
        keep = keep_matrices(masks[part], layout)
        outputs[part] = batch_activations(network, keep, inputs, absent)[-1][:, 0]
        judged = outputs[part] if rows is inputs else batch_activations(network, keep, rows, absent)[-1][:, 0]
        margins[part] = margin_to_edge(judged, protocol.circuit_decision).min(axis=1)
    return outputs, margins


def mean_rows(data: DataRecord) -> NDArray[np.float64]:
    """The rows over which mean ablation takes its means: one per Boolean input, clean where the record says so."""
    return data.representatives if data.interchange_rows is None else data.interchange_rows
