"""A study run by the engine, small but real."""

import pytest

from analysis.criteria.interpretation_tallies import COSTLY
from analysis.criteria.registry import CRITERIA as CRITERIA_OF_ALL
from analysis.pipeline import analyse_output
from analysis.question import ask
from analysis.studies.cells import cells_of
from analysis.studies.measures.criteria import passing
from analysis.studies.outcome import network_of_outcome
from analysis.studies.running import run_cell
from analysis.studies.subject import Studied
from tests.study_factories import design

pytestmark = pytest.mark.slow

CRITERIA = [c.key for c in CRITERIA_OF_ALL if c.kinds and c.cost == "quick" and c.key not in COSTLY]


@pytest.fixture(scope="module")
def study():
    return design(criteria=CRITERIA, protocols=["complete"], comparisons=[], references=[])


@pytest.fixture(scope="module")
def outcomes(study):
    return tuple(run_cell(cells_of(study)[1], range(12)))


def test_every_seed_has_an_outcome_and_failed_ones_say_why(outcomes):
    assert [outcome.seed for outcome in outcomes] == list(range(12))
    failed = [outcome for outcome in outcomes if not outcome.converged]
    assert 0 < len(failed) < 12
    assert all(outcome.message and outcome.values == {} and outcome.network for outcome in failed)


def test_values_are_those_of_each_network_alone(study, outcomes):
    cell = cells_of(study)[1]
    for outcome in [o for o in outcomes if o.converged][:2]:
        network = network_of_outcome(cell, outcome)
        task = cell.spec(0).resolved_tasks()[0]
        alone = analyse_output(ask(network, task=task))
        values = outcome.values["complete"][0]
        assert values["circuits-valid"].value == alone.circuits.n_valid
        assert values["interpretations-total"].value == alone.interpretations.total
        assert 0 < values["passes:circuit:mean-ablation"].value <= alone.circuits.n_valid
        judged = passing(Studied(alone.question, alone), CRITERIA)
        assert {key: values[key] for key in judged} == judged
        assert {key.split(":")[1] for key in judged} == {"circuit", "interpretation", "algorithm", "alignment"}


def test_without_measures_of_circuits_none_are_searched():
    study = design(measures=["alignments-minimal"], comparisons=[], ladders=[], references=[], hidden=[[6, 6]])
    found = [o for o in run_cell(cells_of(study)[0], range(4)) if o.converged]
    assert found  # 46.9 trillion circuits would not have been searched in this time
    assert all(o.values["complete"][0]["alignments-minimal"].exact for o in found)
