"""The golden results as values of the engine; `tests/golden/README.md` says what they are."""

from __future__ import annotations

import base64
import json
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from pluriscope.analysis.network_files.files import NetworkFile
from pluriscope.analysis.questions.data import DataRecord, clean_data
from pluriscope.analysis.questions.tasks import input_table, task_from_table
from pluriscope.analysis.subjects.perceptron.network import Network

FOLDER = Path(__file__).parent / "golden"
NAMES = tuple(sorted(path.stem for path in FOLDER.glob("*.json")))


@lru_cache
def golden(name: str) -> dict[str, Any]:
    return json.loads((FOLDER / f"{name}.json").read_text())


def golden_network(name: str) -> NetworkFile:
    stored = golden(name)["network"]
    network = Network.from_arrays(
        stored["weights"],
        stored["biases"],
        activation=stored["activation"],
        output_activation=stored["output_activation"],
        negative_slope=stored["negative_slope"],
    )
    targets = [[int(value) for value in output["target"]] for output in golden(name)["outputs"]]
    return NetworkFile(name, network, tuple(task_from_table(target, network.n_inputs) for target in targets))


def golden_data(name: str) -> DataRecord:
    """The rows that the authors' program ran on: the default record, or the noisy rows."""
    stored, n_inputs = golden(name)["data"], golden_network(name).network.n_inputs
    if stored["noise_std"] == 0:
        return clean_data(n_inputs)
    rows = sorted(stored["x_tt_effective_rows"])
    assert [row for row, _ in rows] == input_table(n_inputs).astype(int).tolist()
    inputs, labels = (
        np.frombuffer(base64.b64decode(stored[f"{key}_val_f32le_base64"]), "<f4").astype(np.float64) for key in "xy"
    )
    return DataRecord(
        np.array([row for _, row in rows]),
        inputs.reshape(-1, n_inputs),
        labels.reshape(stored["x_val_rows"], -1),
        input_table(n_inputs),
        f"noisy rows of {name}",
    )


def node_paths(tree: list[Any]) -> dict[int, str]:
    """Path of each node of a golden formula: positions of the gates' children from the root, NOT nodes transparent."""
    paths: dict[int, str] = {}

    def visit(node: list[Any], path: str) -> None:
        operator, number, *children = node
        paths[number] = path
        for position, child in enumerate(children):
            if isinstance(child, list):
                visit(child, path if operator == "¬" else f"{path}{position}")

    visit(tree, "")
    return paths
