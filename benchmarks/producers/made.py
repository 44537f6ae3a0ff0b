"""Run in other packages' environments: the networks that each of them is given, and how its answers are kept."""

import json
import sys
import traceback
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path
from typing import NamedTuple

import numpy as np

INPUTS = np.array([[0, 0], [0, 1], [1, 0], [1, 1]], "float32")
_FIRST = np.array([[1.5, -0.75], [-1.25, 0.5], [0.625, 1.125]], "float32")
_LAST = np.array([[1.25, -0.875, 0.5], [-0.75, 1.5, -1.125]], "float32")
_BIASES = np.array([[0.25, -0.5, 0.125], [-0.375, 0.625, 0]], "float32")
NETWORKS = {  # weights [n_out, n_in] and biases of two layers: asymmetric, exact in 16 bits
    f"2-{n}-{m}": (_FIRST[:n], _BIASES[0, :n], _LAST[:m, :n], _BIASES[1, :m]) for n, m in ((3, 2), (2, 1), (2, 2))
}
LOGIT = {"output_is": "logit"}
LOGITS = {"activation": "tanh", "output_activation": "linear"} | LOGIT


class Row(NamedTuple):
    """A way to save.

    Args:
        package: whose version is told.
        how: for people.
        file: what it is called.
        make: writes it, given path, weights and biases, and returns the package's answers on :data:`INPUTS`.
        given: what the file does not say.
        asked: what is said only when asked.
        named: what a refusal has to name; "" where the file should be read.
        networks: how many of the networks are saved so.
    """

    package: str
    how: str
    file: str
    make: object
    given: Mapping[str, str] = {}
    asked: Mapping[str, str] = {}
    named: str = ""
    networks: int = 2


def produce(rows, version=version):
    """Write the files of rows that are named, and one that says what they are and what the package answers."""
    folder, kept = Path(sys.argv[1]), []
    for key in sys.argv[2:] or rows:
        row = rows[key]
        for sizes, made in list(NETWORKS.items())[: row.networks]:
            path = folder / key / sizes / row.file
            path.parent.mkdir(parents=True, exist_ok=True)
            told = row._asdict() | {"key": key, "sizes": sizes, "file": str(path), "version": version(row.package)}
            try:
                told["answers"] = np.asarray(told.pop("make")(path, made), "float64").tolist()
            except Exception:
                told["failed"] = traceback.format_exc()
            kept.append(told)
    (folder / "rows.json").write_text(json.dumps(kept))
