"""The rows of a study: one for each network, protocol and output, as values by column.

What a network is and how it was trained repeats in each of its rows; a network without values has one row, without
protocol and output. Names and types of columns are those of DuckDB; any name may be a measure's.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np

from pluriscope.analysis.errors import InvalidNetwork, InvalidTask
from pluriscope.analysis.planted.record import planted_json, read_planted
from pluriscope.analysis.questions.data import data_file_json, parse_data_file
from pluriscope.analysis.questions.tasks import Task, named_task, task_from_table
from pluriscope.analysis.subjects.perceptron.network import Network
from pluriscope_studies.analysis.cells import Cell, cells_of
from pluriscope_studies.analysis.design import FACTORS, GRID_FACTORS, SHARED, Factor, StudyDesign
from pluriscope_studies.analysis.measures.measure import Kind, Measure, Measured, unknown_measure
from pluriscope_studies.analysis.measures.registry import measures_of
from pluriscope_studies.analysis.sources import RowNetwork

Row = dict[str, Any]
Values = Mapping[str, Sequence[Mapping[str, Measured]]]
"""What was measured of a network: by protocol, for each output, by measure."""

TYPES: Final[Mapping[Kind, str]] = {
    "count": "DECIMAL(38,0)",
    "number": "DOUBLE",
    "share": "DOUBLE",
    "yes-no": "BOOLEAN",
    "category": "VARCHAR",
    "set": "VARCHAR[]",
}
_LARGEST: Final = 10**38 - 1  # of the type of counts
_BEFORE: Final = {"cell": "VARCHAR", "seed": "BIGINT", "protocol": "VARCHAR", "output": "INTEGER", "state": "VARCHAR"}
_OF_TRAINING: Final = {"inexact": "VARCHAR", "message": "VARCHAR", "epochs": "INTEGER"} | dict.fromkeys(
    ("loss", "accuracy", "seconds"), "DOUBLE"
)
_ACTIVATIONS: Final = {"activation": "VARCHAR", "output_activation": "VARCHAR", "negative_slope": "DOUBLE"}
_OF_NETWORK: Final = _ACTIVATIONS | {
    "network": "VARCHAR",
    "sizes": "INTEGER[]",
    "tables": "VARCHAR[]",
    "weights": "DOUBLE[]",
    "data": "VARCHAR",
    "planted": "VARCHAR",
}
NAMES: Final = frozenset({*_BEFORE, *_OF_TRAINING, *_OF_NETWORK, *GRID_FACTORS})
"""Columns that are no measures."""
MEANINGS: Final[Mapping[str, str]] = {
    "cell": "The network's cell of the grid: its key.",
    "seed": "Seed of the network in its cell.",
    "protocol": "Rules under which it was analysed; none where the network has no values.",
    "output": "Which of its outputs, from 0.",
    "state": "How training ended: converged, or why there is nothing to analyse.",
    "inexact": "JSON: measure → low, high, truncated_at and note of a value that is not exact, value beyond 38 digits.",
    "message": "Why training ended, in words.",
    "epochs": "Epochs of training.",
    "loss": "Mean over the last epoch of training, exact where the network was drawn: not to be compared.",
    "accuracy": "Share of inputs that it decides right, 0 to 1.",
    "seconds": "Core seconds that it took.",
    **{factor: f"Level of the factor {label}." for factor, label in FACTORS.items() if factor not in SHARED},
    "activation": "Of its hidden neurons.",
    "output_activation": "Of its outputs.",
    "negative_slope": "Of its leaky ReLU.",
    "network": "SHA-256 of its weights.",
    "sizes": "Neurons of each layer, inputs first.",
    "tables": "Truth table of each output's task.",
    "weights": "All weights, layer after layer: by row, then biases.",
    "data": "JSON: the data file of other rows than the clean inputs.",
    "planted": "JSON: what was planted.",
}
"""What each of them holds."""


def columns_of(design: StudyDesign) -> dict[str, str]:
    """The columns of a study's table in order: name → type as DuckDB calls it."""
    found = {name: TYPES[one.kind] for name, one in measures_of(design.measures, design.methods).items()}
    factors = {str(factor): "VARCHAR" for factor in _labelled(design)}
    return {**_BEFORE, **found, **_OF_TRAINING, **factors, **_OF_NETWORK}


def measures_of_columns(design: StudyDesign, columns: Mapping[str, str]) -> dict[str, Measure]:
    """Every measure of a table by its column, known here or not; columns are names with types of DuckDB."""
    known = measures_of(design.measures, design.methods)
    kinds: dict[str, Kind] = {kind: name for name, kind in TYPES.items() if name != "share"}
    names = [name for name in columns if name not in NAMES]
    return {name: known.get(name) or unknown_measure(name, kinds.get(columns[name], "category")) for name in names}


def _labelled(design: StudyDesign) -> list[Factor]:
    """The factors whose levels stand in a row; activations of the network itself always do."""
    return [factor for factor in design.varying if factor not in _OF_NETWORK]


# --- a network and its rows


def rows_of(cell: Cell, facts: Mapping[str, Any], of: RowNetwork, values: Values) -> list[Row]:
    """The rows of one network.

    Args:
        facts: by column, from seed to seconds.
        values: what was measured; nothing where it failed.
    """
    network, levels = of.network, cell.levels
    row = {"cell": cell.key, **facts} | {factor: cell.labels[factor] for factor in _labelled(cell.design)}
    row["activation"] = levels["activation"]
    row["output_activation"] = levels["output_activation"] or levels["activation"]
    if network is not None:
        layers = zip(network.weights, network.biases, strict=True)
        row |= {name: getattr(network, name) for name in _ACTIVATIONS}
        row |= {
            "network": network.digest,
            "sizes": list(network.sizes),
            "tables": ["".join(map(str, task.truth_table)) for task in of.tasks],
            "weights": [value for layer in layers for part in layer for value in part.ravel().tolist()],
            "data": None if of.data is None else json.dumps(data_file_json(of.data)),
            "planted": None if of.planted is None else json.dumps(planted_json(of.planted)),
        }
    return [
        {**row, "protocol": protocol, "output": number, **_measured(output)}
        for protocol, outputs in values.items()
        for number, output in enumerate(outputs)
    ] or [row]


def _measured(output: Mapping[str, Measured]) -> Row:
    """The values of one output by column, and what is to be said of them."""
    row: Row = {}
    inexact: dict[str, dict[str, Any]] = {}
    for key, one in output.items():
        words = {"low": one.low, "high": one.high, "truncated_at": one.truncated_at, "note": one.note or None}
        value = list(one.value) if isinstance(one.value, tuple) else one.value
        if type(value) is int and abs(value) > _LARGEST:
            words, value = {"value": str(value), **words}, None
        row[key] = value
        if more := {name: word for name, word in words.items() if word is not None}:
            inexact[key] = more
    return row | {"inexact": json.dumps(inexact, ensure_ascii=False) if inexact else None}


def measured_of(value: Any, words: Mapping[str, Any] | None) -> Measured:
    """A value as it was measured, from its column and what the column ``inexact`` says of it."""
    words = words or {}
    value = int(words["value"]) if "value" in words else tuple(value) if isinstance(value, list) else value
    return Measured(value, words.get("low"), words.get("high"), words.get("truncated_at"), words.get("note", ""))


def network_of_row(design: StudyDesign, row: Mapping[str, Any]) -> RowNetwork:
    """The network of a row, with the names that the design gives its tasks where these fit.

    Raises:
        AnalysisError: the row holds another network than it says, or data that do not fit it.
    """
    if row["weights"] is None:
        return RowNetwork(None)
    sizes = tuple(row["sizes"])
    network = Network.from_flat(
        np.array(row["weights"], dtype=np.float64),
        sizes,
        activation=row["activation"],
        output_activation=row["output_activation"],
        negative_slope=row["negative_slope"],
    )
    if network.digest != row["network"]:
        cause = f"is {network.digest[:12]} by its weights"
        raise InvalidNetwork(f"network {str(row['network'])[:12]} of a study", cause, "take the row out")
    names = next((cell.tasks(row["seed"]) for cell in cells_of(design) if cell.key == row["cell"]), ())
    names = names if len(names) == len(row["tables"]) else ("",) * len(row["tables"])
    return RowNetwork(
        network,
        tuple(_task(table, name, sizes[0]) for table, name in zip(row["tables"], names, strict=True)),
        None if row["data"] is None else parse_data_file(row["data"].encode(), sizes[0], sizes[-1]),
        None if row["planted"] is None else read_planted(json.loads(row["planted"]), sizes),
    )


def _task(table: str, name: str, n_inputs: int) -> Task:
    task = task_from_table([int(bit) for bit in table], n_inputs)
    try:
        named = named_task(name, n_inputs)
    except InvalidTask:
        return Task(task.truth_table, name) if name else task
    return named if named.truth_table == task.truth_table else task
