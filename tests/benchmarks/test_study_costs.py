"""What studies are predicted to take, beside what those that come with Pluriscope took."""

from __future__ import annotations

import pytest

from analysis.studies.costs import cost_of
from benchmarks.findings.results import files, stored

WITHIN = 3.0  # a minute told from an hour, and an hour from a day


@pytest.mark.slow
@pytest.mark.parametrize("slug", sorted(files()))
def test_the_prediction_is_within_a_factor_of_what_a_study_took(slug):
    results = stored(slug)
    predicted, took = cost_of(results.design).seconds, sum(outcome.seconds for outcome in results.outcomes)
    assert predicted / WITHIN < took < predicted * WITHIN
