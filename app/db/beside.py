"""What stored reports say of each explanation, beside what they say in sum: a column that the list reads."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from analysis.stories.report import CODES, LETTERS
from app.db.tables import AnalysisReportRow

GROUND: Final = "common-ground"
STORIES: Final = "stories"
_AS_CODES: Final = bytes.maketrans(LETTERS, CODES)


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


def stored_relations(row: AnalysisReportRow | None) -> NDArray[np.uint8] | None:
    """How each circuit's story relates to the whole network's; None without a report, or where no circuit was asked."""
    if row is None or not row.found["algorithms"]:
        return None
    return np.frombuffer(row.beside.encode().translate(_AS_CODES), np.uint8)
