"""The studies of all functions: what was drawn computes its function, and the tables by another route."""

from __future__ import annotations

import math
import re

import numpy as np
import pytest

from analysis.networks.mlp import forward
from analysis.studies.cells import cells_of
from analysis.studies.outcome import network_of_outcome
from analysis.tasks import input_table
from benchmarks.findings.function_tables import CLASSES, OF_THREE, OF_TWO, rates_table, three_table, two_table
from benchmarks.findings.results import results_of


def by_cell(slug):
    results = results_of(slug)
    found = {cell.key: (cell, []) for cell in cells_of(results.design)}
    for outcome in results.outcomes:
        found[outcome.cell][1].append(outcome)
    return {(cell.labels["tasks"], cell.labels["prior"]): (cell, outcomes) for cell, outcomes in found.values()}


@pytest.mark.slow
@pytest.mark.parametrize("slug", [OF_TWO, OF_THREE])
def test_what_was_drawn_computes_its_function(slug):
    for (_, prior), (cell, outcomes) in by_cell(slug).items():
        for one in outcomes if prior != "trained" else ():
            if one.state == "none_accepted":
                assert "of 1,000,000 networks drawn computes" in one.message
                continue
            outputs = forward(network_of_outcome(cell, one), input_table(cell.design.n_inputs))[:, 0]
            labels = np.array([int(bit) for bit in one.tables[0]])
            assert float(((outputs - labels) ** 2).mean()) < 0.01
            assert np.array_equal(outputs.round(), labels)


def test_what_no_prior_reaches_is_told_with_the_rate_that_is_left():
    lines = [line.split(" | ") for line in rates_table(OF_THREE)]
    (parity,) = [cells for cells in lines if "01101001" in cells[0]]
    n_seeds = results_of(OF_THREE).design.seeds.count
    n_draws = n_seeds * 1_000_000
    for cell in parity[1:4]:
        words = re.fullmatch(rf"0 of {n_seeds}: at most one of ([\d,]+)", cell)
        assert math.isclose(float(words[1].replace(",", "")), -n_draws / math.log(0.05), rel_tol=1e-3)


@pytest.mark.slow
def test_medians_and_counts_are_those_of_the_outcomes():
    counts = {
        key: [o.values["complete"][0] for o in outcomes if o.converged]
        for key, (_, outcomes) in by_cell(OF_TWO).items()
    }
    (line,) = [line for line in two_table() if "XOR and XNOR, all" in line]
    for cell, prior in zip(line.split(" | ")[1:], ("trained", "normal 1", "normal 2", "fan-in 3"), strict=True):
        values = [one["circuits-valid"].value for task in CLASSES["XOR and XNOR"] for one in counts[task, prior]]
        assert f"({len(values)})" in cell
        assert math.isclose(float(re.search(r"[\d.]+", cell)[0]), np.median(values), rel_tol=0.01)
    (line,) = [line for line in three_table() if "00000001" in line]
    outcomes = [one for one in by_cell(OF_THREE)["00000001", "normal 2"][1] if one.converged]
    carried = [one.values["complete"][0]["irredundant-literals-algorithms"].value for one in outcomes]
    cell = line.split(" | ")[3]
    assert cell == f"{sum(n > 0 for n in carried)}, {sum(n == 1 for n in carried)}, {len(carried)}"
