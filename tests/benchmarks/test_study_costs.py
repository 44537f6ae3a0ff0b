"""What studies are predicted to take, beside what those that come with Pluriscope took."""

from __future__ import annotations

from pathlib import Path

import pytest

from analysis.studies.costs import cost_of
from analysis.studies.result_file import read_results

ROOT = Path(__file__).parents[2]
RESULTS = sorted([*ROOT.glob("app/bundled/studies/*.jsonl.gz"), *ROOT.glob("benchmarks/findings/results/*.jsonl.gz")])
WITHIN = 3.0  # a minute told from an hour, and an hour from a day


@pytest.mark.slow
@pytest.mark.parametrize("path", RESULTS, ids=lambda path: path.name.partition(".")[0])
def test_the_prediction_is_within_a_factor_of_what_a_study_took(path):
    results = read_results(path.read_bytes())
    predicted, took = cost_of(results.design).seconds, sum(outcome.seconds for outcome in results.outcomes)
    assert predicted / WITHIN < took < predicted * WITHIN
