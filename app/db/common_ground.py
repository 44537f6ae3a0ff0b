"""What is stored of the common ground: the report in sum, and what each alignment predicts."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from app.db.tables import AnalysisReportRow

GROUND: Final = "common-ground"


def stored_shares(row: AnalysisReportRow, n: int) -> dict[str, NDArray[np.float64]]:
    """Coverage and accuracy of each of n kept alignments.

    One that predicts nothing covers nothing, and has no accuracy (NaN); of those beyond the limit of the survey
    neither is known.
    """
    predicted, right = np.array(row.beside.split(), np.int64).reshape(2, -1)
    coverage, accuracy = np.full(n, np.nan), np.full(n, np.nan)
    coverage[: len(predicted)] = predicted / row.found["n_interventions"]
    speak = np.flatnonzero(predicted)
    accuracy[speak] = right[speak] / predicted[speak]
    return {"coverage": coverage, "accuracy": accuracy}
