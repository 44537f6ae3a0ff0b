"""Tables of tests that pair networks by their seeds, against the stored values by another route."""

from __future__ import annotations

import numpy as np
import pytest
import scipy

from benchmarks.findings.paired_tables import ONE, Asked, paired_table, ratios_table, values_by_level
from benchmarks.findings.results import results_of, summary_of


@pytest.fixture(scope="module")
def ones():
    """Exactly one alignment or not, by width and seed, from the lines of the result file."""
    results = results_of("alice-or-bob")
    widths = {}
    for outcome in results.outcomes:
        if outcome.converged:
            value = outcome.values["complete"][0][ONE].value
            widths.setdefault(outcome.sizes[1], {})[outcome.seed] = value
    return widths


@pytest.mark.slow
def test_values_are_paired_by_seed(ones):
    told = values_by_level(summary_of("alice-or-bob"), ONE, "hidden", "complete", {})
    for width, label in ((2, "2-2"), (6, "6-6")):
        assert {seed: value for (_, seed), value in told[label].items()} == ones[width]


@pytest.mark.slow
def test_mcnemar_of_two_widths(ones):
    (_, _, line) = paired_table("alice-or-bob", "hidden", (Asked(ONE, "mcnemar", ("3-3", "6-6")),))
    seeds = set(ones[3]) & set(ones[6])
    table = np.zeros((2, 2), dtype=int)
    for seed in seeds:
        table[int(ones[3][seed]), int(ones[6][seed])] += 1
    share = (table[1, 0] - table[0, 1]) / len(seeds)
    assert f"| {len(seeds):,} | difference of shares {share:.2f} (" in line
    assert scipy.stats.binomtest(int(table[1, 0]), int(table[1, 0] + table[0, 1])).pvalue < 0.001
    assert line.endswith("| < 0.001 |")


@pytest.mark.slow
def test_categories_become_yes_and_no():
    told = values_by_level(summary_of("alice-or-bob"), "alice-or-bob=both", "hidden", "complete", {})
    counted = values_by_level(summary_of("alice-or-bob"), "alice-or-bob", "hidden", "complete", {})
    assert sum(told["4-4"].values()) == sum(value == "both" for value in counted["4-4"].values()) > 0


@pytest.mark.slow
def test_levels_that_too_few_networks_reach_have_no_ratio():
    lines = list(ratios_table("paper-noise", "noise_std", "0", ("circuits-valid",)))
    assert [line for line in lines if "| 0.2 |" in line or "| 0.3 |" in line]
    for line in lines[2:]:
        assert ("too few" in line) == ("| 0.2 |" in line or "| 0.3 |" in line)
