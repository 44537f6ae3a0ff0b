"""Data records: on which rows circuits are judged and neurons are read (spec §2)."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from analysis.digest import canonical_json, sha256_hex
from analysis.tasks import input_table


@dataclass(frozen=True, eq=False)
class DataRecord:
    """Rows that an analysis runs on.

    Args:
        representatives: ``[2^n, n]`` one real-valued row for each Boolean input, in binary order; interpretations read
            activations on these rows, and alignments interchange between them unless ``interchange_rows`` is given.
        validation_inputs: ``[rows, n]`` rows on which circuits must decide right, or None for the representatives.
        validation_labels: ``[rows, outputs]`` of 0/1 labels, one column per output, or None for the task's truth table.
        interchange_rows: ``[2^n, n]`` rows for interchange interventions (clean inputs in the authors' code), or None.
        description: one line for people; not part of the digest.
    """

    representatives: NDArray[np.float64]
    validation_inputs: NDArray[np.float64] | None = None
    validation_labels: NDArray[np.float64] | None = None
    interchange_rows: NDArray[np.float64] | None = None
    description: str = ""

    @property
    def n_inputs(self) -> int:
        return int(self.representatives.shape[1])

    @cached_property
    def is_clean(self) -> bool:
        """Whether this is the default: every Boolean input once."""
        return self.digest == clean_data(self.n_inputs).digest

    @cached_property
    def digest(self) -> str:
        """SHA-256 over a line of shapes and the arrays as little-endian float64."""
        arrays = {
            "interchange_rows": self.interchange_rows,
            "representatives": self.representatives,
            "validation_inputs": self.validation_inputs,
            "validation_labels": self.validation_labels,
        }
        shapes = {name: None if a is None else list(a.shape) for name, a in arrays.items()}
        blobs = [(a + 0.0).astype("<f8").tobytes() for a in arrays.values() if a is not None]
        return sha256_hex(canonical_json(shapes), b"\n", *blobs)


def clean_data(n_inputs: int) -> DataRecord:
    """The default record: the clean Boolean inputs, each once."""
    return DataRecord(input_table(n_inputs), description="every Boolean input, once")
