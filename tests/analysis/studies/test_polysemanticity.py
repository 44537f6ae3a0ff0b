"""Functions per neuron as measures of studies."""

from __future__ import annotations

import pytest

from analysis.interpretations.given_functions import given_functions
from analysis.studies.measures import polysemanticity
from analysis.studies.measures.registry import measure_named
from analysis.studies.subject import Studied
from tests.factories import real_analysis


@pytest.mark.slow
def test_the_mean_and_the_most_are_those_of_all_valid_circuits() -> None:
    analysis = real_analysis()
    subject = Studied(analysis.question, analysis)
    numbers = given_functions(analysis.question, analysis.circuits.masks).numbers
    mean = measure_named("functions-per-neuron").function(subject)
    most = measure_named("functions-most").function(subject)
    assert (mean.value, mean.exact) == (pytest.approx(sum(numbers) / 6), True)
    assert (most.value, most.exact) == (max(numbers), True)


def test_of_draws_the_numbers_are_lower_bounds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(polysemanticity, "MAX_ASKED", 20)
    analysis = real_analysis()
    drawn = measure_named("functions-most").function(Studied(analysis.question, analysis))
    assert drawn.truncated_at == 20
    assert drawn.value <= 10
