"""What was counted under the options of the authors' program, and stored."""

from __future__ import annotations

import pytest

from analysis.studies.cells import cells_of
from benchmarks.findings.plotted import STUDY, stored
from benchmarks.findings.results import results_of


@pytest.mark.slow
def test_what_is_stored_has_the_counts_of_the_study():
    results = results_of(STUDY)
    cells = {cell.key: cell.labels["hidden"] for cell in cells_of(results.design)}
    told = {width: {one["seed"]: one["grounded"] for one in found} for width, found in stored().items()}
    for one in results.outcomes:
        if one.converged:
            n_circuits, first = told[cells[one.cell]].pop(one.seed)
            values = one.values["paper"][0]
            assert n_circuits == values["circuits-valid"].value
            if n_circuits == len(first):
                assert sum(first) == values["interpretations-total"].value
    assert not any(told.values())
